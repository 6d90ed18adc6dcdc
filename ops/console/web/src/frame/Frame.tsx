import { AppShell, Badge, Burger, Group, NavLink, ScrollArea, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect, useRef } from 'react';
import { Link, Navigate, Route, Routes, useLocation, useNavigationType } from 'react-router';

import { listCauses } from '../api';
import { answer, asProblem, RHYTHMS, useLive, useSessionQuery } from '../data';
import { Acts } from '../parts/Act';
import { Nothing, Trouble } from '../parts/basics';
import { AuditLog } from '../pages/AuditLog';
import { Causes } from '../pages/Causes';
import { Customer } from '../pages/Customer';
import { Customers } from '../pages/Customers';
import { DeadLetters } from '../pages/DeadLetters';
import { Drift } from '../pages/Drift';
import { Dunning } from '../pages/Dunning';
import { ExecutionPage } from '../pages/Execution';
import { Executions } from '../pages/Executions';
import { HealthPage } from '../pages/Health';
import { Replays } from '../pages/Replays';
import { Colours } from './Colours';
import { Search } from './Search';

const PAGES = [
  { path: '/executions', title: 'Executions' },
  { path: '/causes', title: 'Causes' },
  { path: '/customers', title: 'Customers' },
  { path: '/dunning', title: 'Dunning' },
  { path: '/dead-letters', title: 'Dead letters' },
  { path: '/replays', title: 'Replay' },
  { path: '/drift', title: 'Drift' },
  { path: '/health', title: 'Health' },
  { path: '/audit', title: 'Audit log' },
];

export function Frame() {
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const came = useNavigationType();
  const { data: session, error } = useSessionQuery();
  const page = PAGES.find(({ path }) => pathname.startsWith(path));
  const main = useRef<HTMLElement>(null);

  useEffect(() => {
    document.title = `${page?.title ?? 'Operations'} · SCAI Billing`;
    close();
    if (came !== 'PUSH') return;
    main.current?.focus({ preventScroll: true }); // a link was followed: go on reading at its page
    window.scrollTo(0, 0);
  }, [pathname, came, page?.title, close]);

  return (
    <AppShell
      header={{ height: { base: 92, sm: 52 } }}
      navbar={{ width: 184, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
      transitionDuration={0}
    >
      <a className="skip" href="#main">Skip to the content</a>
      <AppShell.Header className="surface" px="md">
        <Group h={52} justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Menu" aria-expanded={opened} />
            <Link to="/executions" className="brand">SCAI Billing</Link>
            <Text c="dimmed" visibleFrom="md" truncate>{session ? `${session.stack_name} · ${session.local ? 'this machine' : session.region}` : ''}</Text>
          </Group>
          <Group gap="sm" wrap="nowrap" style={{ flex: 1 }} justify="flex-end">
            <Search visibleFrom="sm" />
            {session && !session.leave.allowed && (
              <Tooltip label={session.leave.why_not}>
                <Badge color="gray" variant="outline" tabIndex={0} radius="sm">Read-only</Badge>
              </Tooltip>
            )}
            <Colours />
          </Group>
        </Group>
        <Search hiddenFrom="sm" />
      </AppShell.Header>
      <AppShell.Navbar className="surface" p="xs" aria-label="Pages">
        <ScrollArea>
          {PAGES.map(({ path, title }) => (
            <NavLink key={path} component={Link} to={path} label={title} active={pathname.startsWith(path)}
              aria-current={pathname.startsWith(path) ? 'page' : undefined} py={6}
              rightSection={path === '/causes' ? <OpenFailures /> : undefined} style={{ borderRadius: 4 }} />
          ))}
        </ScrollArea>
        {session && <Text c="dimmed" fz="xs" mt="auto" p="xs" className="wrap">{session.operator}</Text>}
      </AppShell.Navbar>
      <AppShell.Main id="main" ref={main} tabIndex={-1} className="frame-main">
        {error && !session ? <Trouble problem={asProblem(error)} /> : (
          <Acts>
            <Routes>
              <Route path="/" element={<Navigate to="/executions" replace />} />
              <Route path="/executions" element={<Executions />} />
              <Route path="/executions/:arn" element={<ExecutionPage />} />
              <Route path="/causes" element={<Causes />} />
              <Route path="/customers" element={<Customers />} />
              <Route path="/customers/:userId" element={<Customer />} />
              <Route path="/dunning" element={<Dunning />} />
              <Route path="/dead-letters" element={<DeadLetters />} />
              <Route path="/replays" element={<Replays />} />
              <Route path="/drift" element={<Drift />} />
              <Route path="/health" element={<HealthPage />} />
              <Route path="/audit" element={<AuditLog />} />
              <Route path="*" element={<Nothing title="There is no such page">Choose one from the menu, or search.</Nothing>} />
            </Routes>
          </Acts>
        )}
      </AppShell.Main>
    </AppShell>
  );
}

/** How many failures are open, where there are any. */
function OpenFailures() {
  const causes = useLive(['causes'], () => answer(listCauses()), RHYTHMS.aside).data ?? [];
  const count = causes.reduce((sum, cause) => sum + cause.count, 0);
  if (!count) return null;
  return <Badge color="red" variant="filled" size="sm" radius="sm" aria-label={`${count} open failures`}>{count}</Badge>;
}

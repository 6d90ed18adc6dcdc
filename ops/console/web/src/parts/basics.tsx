import { ActionIcon, Alert, Button, CopyButton, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useSyncExternalStore, type ReactNode } from 'react';
import { Link } from 'react-router';

import type { Problem } from '../api';
import { asProblem } from '../data';
import { customerPath, executionPath, relative, toneOf, utc, words, type Tone } from '../words';

export function Status({ of, tone, children }: { of: string; tone?: Tone; children?: ReactNode }) {
  return <span className="status" data-tone={tone ?? toneOf(of)}>{children ?? words(of)}</span>;
}

/** A moment as its distance from now; the exact time is in its title. */
export function When({ at }: { at: string | null | undefined }) {
  const text = useSyncExternalStore(everySecond, () => (at ? relative(at) : '–'));
  return at ? <time className="num" dateTime={at} title={utc(at)}>{text}</time> : <>{text}</>;
}

const waiting = new Set<() => void>();
let clock: ReturnType<typeof setInterval> | undefined;

/** Time passes though nothing is read anew: by one clock for all moments of a page. */
function everySecond(passed: () => void): () => void {
  clock ??= setInterval(() => waiting.forEach((tell) => tell()), 1_000);
  waiting.add(passed);
  return () => {
    waiting.delete(passed);
    if (waiting.size) return;
    clearInterval(clock);
    clock = undefined;
  };
}

export function Copyable({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <Group gap={4} wrap="nowrap" align="center" miw={0}>
      <span className="mono wrap">{children ?? text}</span>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <ActionIcon variant="subtle" color="gray" size="sm" onClick={copy} aria-label={`Copy ${text}`} title="Copy">
            <svg viewBox="0 0 16 16" width="12" height="12" fill="none" stroke="currentColor" strokeWidth="1.6" aria-hidden>
              {copied ? <path d="m3 8.5 3.2 3.2L13 4.8" /> : <path d="M5.5 5.5h8v8h-8zM10.500 5.500v-3h-8v8h3" />}
            </svg>
          </ActionIcon>
        )}
      </CopyButton>
    </Group>
  );
}

export function CustomerLink({ userId, children }: { userId: string; children?: ReactNode }) {
  return <Link className="link wrap" to={customerPath(userId)}>{children ?? userId}</Link>;
}

export function ExecutionLink({ arn, children }: { arn: string; children: ReactNode }) {
  return <Link className="link wrap" to={executionPath(arn)}>{children}</Link>;
}

/** A link to Stripe's dashboard or AWS's console: the server made it, of ids alone. */
export function Outside({ to, children }: { to: string; children: ReactNode }) {
  if (!to.startsWith('https://')) return null;
  return <a className="link" href={to} target="_blank" rel="noreferrer">{children} ↗</a>;
}

export function Json({ of, label }: { of: unknown; label: string }) {
  if (of === null || of === undefined) return <Text c="dimmed">Nothing.</Text>;
  const text = typeof of === 'string' ? of : JSON.stringify(of, null, 2);
  return <pre className="json" tabIndex={0} role="region" aria-label={label}>{text}</pre>;
}

/** Names and values, without those that there are none of; `wide`: side by side. */
export function Facts({ of, wide }: { of: readonly (readonly [string, ReactNode])[]; wide?: boolean }) {
  const known = of.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== false);
  return (
    <dl className="facts" data-wide={wide}>
      {known.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

export function PageHead({ title, says, children }: { title: ReactNode; says?: ReactNode; children?: ReactNode }) {
  return (
    <Group justify="space-between" align="flex-start" mb="md" gap="sm">
      <div className="wrap">
        <Title order={1}>{title}</Title>
        {says && <Text c="dimmed" mt={2}>{says}</Text>}
      </div>
      <Group gap="xs">{children}</Group>
    </Group>
  );
}

export function Trouble({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <Alert color="red" variant="light" title={problem.message} role="alert">
      <Stack gap="xs" align="flex-start">
        {problem.what_to_do && <Text c="inherit">{problem.what_to_do}</Text>}
        {again && <Button variant="default" onClick={again}>Try again</Button>}
      </Stack>
    </Alert>
  );
}

export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Stack className="table-box" p="xl" gap={4} align="center">
      <Text fw={600}>{title}</Text>
      <Text c="dimmed" ta="center">{children}</Text>
    </Stack>
  );
}

/** Data once it is there; before that its place, and whatever goes wrong. */
export function Loaded<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && (
          <Alert color="yellow" variant="light" mb="sm" role="status" title="This is not up to date">
            {asProblem(query.error).message} It is tried again by itself.
          </Alert>
        )}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <Trouble problem={asProblem(query.error)} again={() => void query.refetch()} />;
  return (
    <Stack gap="xs" role="status" aria-label="Loading">
      {[0, 1, 2, 3, 4].map((row) => <Skeleton key={row} height={28} />)}
    </Stack>
  );
}

/** A table that becomes cards on a phone: each of a row's cells is named by its column. */
export function Rows({ label, columns, children }: { label: string; columns: readonly string[]; children: ReactNode }) {
  return (
    <div className="table-box cards">
      <Table aria-label={label}>
        <Table.Thead>
          <Table.Tr>{columns.map((name) => <Table.Th key={name} scope="col">{name}</Table.Th>)}</Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </div>
  );
}

export function Cell({ of, children }: { of: string; children?: ReactNode }) {
  return <Table.Td data-label={of}><div className="wrap">{children}</div></Table.Td>;
}

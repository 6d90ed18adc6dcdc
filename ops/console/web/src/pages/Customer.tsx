import { Button, Checkbox, Group, NativeSelect, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';

import { getCustomer, getTimeline, type CustomerView, type Person } from '../api';
import { reconciled, replayed } from '../acts';
import { answer, asProblem, RHYTHMS, useInterval, useLive } from '../data';
import { Act } from '../parts/Act';
import { Cell, Copyable, Facts, Loaded, Nothing, Outside, PageHead, Rows, Status, Trouble, When } from '../parts/basics';
import { Chapters } from '../timeline/Chapters';
import { utc, words } from '../words';
import { AGAIN } from './Replays';

export function Customer() {
  const userId = useParams()['userId']!;
  const query = useLive(['customer', userId], () => answer(getCustomer({ path: { user_id: userId } })), RHYTHMS.costly);
  return (
    <Loaded query={query}>
      {(view) => (
        <>
          <Head of={view.person} />
          <Concerns of={view} />
          <div className="glance"><Access of={view} /><Subscription of={view} /><Money of={view} /></div>
          <Stack gap="lg" mt="lg">
            <OpenInvoices of={view} />
            <Purchases of={view} />
            <Timeline of={view.person} />
          </Stack>
        </>
      )}
    </Loaded>
  );
}

function Head({ of }: { of: Person }) {
  return (
    <PageHead title={of.email ?? of.user_id}
      says={(
        <Group gap="md" component="span">
          {of.name && <span>{of.name}</span>}
          <Copyable text={of.user_id} />
          {of.customer_id && <Copyable text={of.customer_id} />}
          {of.stripe_url && <Outside to={of.stripe_url}>Stripe</Outside>}
        </Group>
      )}>
      <Act quiet label="Reconcile" title="Compare this customer with Stripe?"
        explains={<Text>Everything that Stripe has of them is listed; what differs in our record is healed, and told.</Text>}
        leave="Stop following" act={(asked) => reconciled(of.user_id, asked)} />
      {of.customer_id && <ReplayAll customer={of.customer_id} />}
    </PageHead>
  );
}

function ReplayAll({ customer }: { customer: string }) {
  return (
    <Act quiet label="Replay events" title="Replay this customer's events?" leave="Stop"
      explains={(
        <Stack gap="sm">
          <Text>Stripe's events of this customer are put on our bus again, by the front door. What is done is skipped.</Text>
          <NativeSelect label="Of the last" name="days" defaultValue="1"
            data={[{ value: '1', label: '24 hours' }, { value: '7', label: '7 days' }, { value: '30', label: '30 days' }]} />
          <Checkbox size="xs" name="again" label={AGAIN} />
        </Stack>
      )}
      act={(asked) => {
        const until = Math.floor(Date.now() / 1_000);
        const since = until - Number(asked.fields.get('days')) * 86_400;
        return replayed({ customer_id: customer, since, until }, asked.fields.has('again'), asked);
      }} />
  );
}

function Concerns({ of }: { of: CustomerView }) {
  if (!of.concerns.length) return null;
  return (
    <Stack gap="xs" mb="md">
      {of.concerns.map((concern) => (
        <div className="alarm" data-tone="warn" key={concern.what}>
          <Text fw={600} className="wrap">{concern.what}</Text>
          <Text className="wrap">{concern.do}</Text>
        </div>
      ))}
    </Stack>
  );
}

function Access({ of: { access, dunning, version, updated_at } }: { of: CustomerView }) {
  return (
    <section aria-labelledby="access">
      <Title order={2} id="access" mb="xs">Access</Title>
      <Facts
        of={[
          ['Now', <Status of={access.level} key="level" />],
          ['Why', access.why],
          ['Until', access.until && <><When at={access.until} /> <Text span c="dimmed">{utc(access.until)}</Text></>],
          ['Announced', access.announced !== access.level && <Status of={access.announced} key="told" />],
          ['Dunning', dunning && <>since <When at={dunning.since} />, until <When at={dunning.until} /></>],
          ['Record', <>version {version}{updated_at && <>, <When at={updated_at} /></>}</>],
        ]}
      />
    </section>
  );
}

function Subscription({ of: { subscription, other_subscriptions: others, planned_change: planned } }: { of: CustomerView }) {
  return (
    <section aria-labelledby="subscription">
      <Title order={2} id="subscription" mb="xs">Subscription</Title>
      {subscription ? (
        <Facts
          of={[
            ['Plan', <>{subscription.plan.name ?? subscription.plan.lookup_key ?? subscription.plan.price_id}{(subscription.quantity ?? 1) > 1 && ` × ${subscription.quantity}`}</>],
            ['Price', subscription.plan.price && `${subscription.plan.price.text}${subscription.plan.interval ? ` / ${subscription.plan.interval}` : ''}`],
            ['Status', <Status of={subscription.status} key="status" />],
            ['Period ends', <When at={subscription.period_end} key="period" />],
            ['Ends', subscription.ends_at && <When at={subscription.ends_at} />],
            ['Ended', subscription.ended_at && <When at={subscription.ended_at} />],
            ['Trial ends', subscription.trial_end && <When at={subscription.trial_end} />],
            ['Collection', subscription.pause_collection && `paused: ${words(subscription.pause_collection)}`],
            ['Becomes', planned && <>{planned.plan.name ?? planned.plan.lookup_key ?? planned.plan.price_id} <When at={planned.at} /></>],
            ['Others', others.length ? others.map(({ id }) => id).join(', ') : null],
            ['Id', <Group gap="xs" key="id"><Copyable text={subscription.id} />{subscription.stripe_url && <Outside to={subscription.stripe_url}>Stripe</Outside>}</Group>],
          ]}
        />
      ) : <Text c="dimmed">None.</Text>}
    </section>
  );
}

function Money({ of: { owed, payment_methods: methods, mode } }: { of: CustomerView }) {
  return (
    <section aria-labelledby="money">
      <Title order={2} id="money" mb="xs">Money</Title>
      <Facts
        of={[
          ['Owed', owed.length ? owed.map(({ text }) => text).join(', ') : 'Nothing'],
          ['Pays by', methods.length ? (
            <Stack gap={2} key="methods">
              {methods.map((method) => (
                <span key={method.id}>
                  {words(method.brand ?? method.type)} {method.last4 && `•••• ${method.last4}`}
                  {method.exp_month && method.exp_year && <Text span c="dimmed"> {String(method.exp_month).padStart(2, '0')}/{method.exp_year}</Text>}
                  {method.is_default && <Text span c="dimmed"> · charged</Text>}
                </span>
              ))}
            </Stack>
          ) : 'Nothing saved'],
          ['Stripe', words(mode)],
        ]}
      />
    </section>
  );
}

function OpenInvoices({ of: { open_invoices: invoices } }: { of: CustomerView }) {
  if (!invoices.length) return null;
  return (
    <section>
      <Title order={2} mb="xs">Unpaid invoices</Title>
      <Rows label="Unpaid invoices" columns={['Invoice', 'Owed', 'Status', 'Made', 'Attempts', 'Next', 'Error']}>
        {invoices.map((invoice) => (
          <Table.Tr key={invoice.id}>
            <Cell of="Invoice"><span><span className="mono">{invoice.id}</span> {invoice.stripe_url && <Outside to={invoice.stripe_url}>Stripe</Outside>}</span></Cell>
            <Cell of="Owed"><span className="num">{invoice.owed.text}</span></Cell>
            <Cell of="Status"><Status of={invoice.status} /></Cell>
            <Cell of="Made"><When at={invoice.created_at} /></Cell>
            <Cell of="Attempts">{invoice.failed_attempts}</Cell>
            <Cell of="Next"><When at={invoice.next_attempt_at} /></Cell>
            <Cell of="Error"><span className="wrap">{invoice.error ?? '–'}</span></Cell>
          </Table.Tr>
        ))}
      </Rows>
    </section>
  );
}

function Purchases({ of: { purchases } }: { of: CustomerView }) {
  if (!purchases.length) return null;
  return (
    <section>
      <Title order={2} mb="xs">Purchases</Title>
      <Rows label="Purchases" columns={['What', 'Paid', 'Status', 'Refunded', 'Stands', 'When']}>
        {purchases.map((purchase) => (
          <Table.Tr key={purchase.id}>
            <Cell of="What"><span>{purchase.what ?? <span className="mono">{purchase.id}</span>} {purchase.stripe_url && <Outside to={purchase.stripe_url}>Stripe</Outside>}</span></Cell>
            <Cell of="Paid"><span className="num">{purchase.paid.text}</span></Cell>
            <Cell of="Status"><Status of={purchase.status} /></Cell>
            <Cell of="Refunded">{purchase.refunded?.text ?? '–'}{purchase.dispute && <Text c="dimmed">dispute {words(purchase.dispute).toLowerCase()}</Text>}</Cell>
            <Cell of="Stands">{purchase.stands ? 'Yes' : 'No'}</Cell>
            <Cell of="When"><When at={purchase.at} /></Cell>
          </Table.Tr>
        ))}
      </Rows>
    </section>
  );
}

function Timeline({ of }: { of: Person }) {
  const interval = useInterval(RHYTHMS.costly);
  const query = useInfiniteQuery({
    queryKey: ['timeline', of.user_id],
    queryFn: ({ pageParam }) => answer(getTimeline({ path: { user_id: of.user_id }, query: { cursor: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) > 1 ? false : interval),
  });
  const chapters = query.data?.pages.flatMap((page) => page.chapters) ?? [];
  return (
    <section aria-labelledby="timeline">
      <Title order={2} id="timeline" mb="sm">Timeline</Title>
      {query.isError && <Trouble problem={asProblem(query.error)} again={() => void query.refetch()} />}
      {query.isSuccess && !chapters.length && <Nothing title="Nothing has happened yet">What Stripe tells of them stands here.</Nothing>}
      <Chapters of={chapters} />
      {query.hasNextPage && (
        <Group justify="center"><Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>Older</Button></Group>
      )}
    </section>
  );
}

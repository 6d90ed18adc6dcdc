import { Button, Group, NativeSelect, Skeleton, Switch, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useSearchParams } from 'react-router';

import { findPerson, listExecutions, type Execution, type ListExecutionsData } from '../api';
import { answer, asProblem, RHYTHMS, useInterval, useSession } from '../data';
import { Cell, CustomerLink, ExecutionLink, Nothing, PageHead, Rows, Status, Trouble, When } from '../parts/basics';
import { duration, words } from '../words';

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'];
const TIMES = { '': 'At any time', '15': 'Last 15 minutes', '60': 'Last hour', '1440': 'Last day', '10080': 'Last 7 days' };
const COLUMNS = ['Status', 'Machine', 'Event', 'Customer', 'Outcome', 'Began', 'Took'];

type Wanted = NonNullable<ListExecutionsData['query']>;

export function Executions() {
  const [chosen, setChosen] = useSearchParams();
  const interval = useInterval(chosen.has('open') ? RHYTHMS.costly : RHYTHMS.list);
  const list = useInfiniteQuery({
    queryKey: ['executions', chosen.toString()],
    queryFn: ({ pageParam }) => answer(listExecutions({ query: { ...wantedBy(chosen), cursor: pageParam } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.cursor ?? undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) > 1 ? false : interval),
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const older = (list.data?.pages.length ?? 1) > 1;

  function choose(name: string, value: string) {
    const next = new URLSearchParams(window.location.search); // what was chosen since the last drawing, too
    if (value) next.set(name, value);
    else next.delete(name);
    setChosen(next, { replace: true });
  }

  return (
    <>
      <PageHead title="Executions" says={older ? 'Older pages are shown: the list stands still.' : 'The newest of all machines, live.'}>
        {older && <Button variant="default" onClick={() => void list.refetch()}>Read again</Button>}
      </PageHead>
      <Filters chosen={chosen} choose={choose} />
      {list.isError && <Trouble problem={asProblem(list.error)} again={() => void list.refetch()} />}
      {list.isPending && <Skeleton height={240} />}
      {list.isSuccess && !items.length && (
        <Nothing title="No execution is like this">
          {chosen.size ? 'Widen the filters, or clear them.' : 'As soon as Stripe tells of something, it stands here.'}
        </Nothing>
      )}
      {items.length > 0 && (
        <Rows label="Executions" columns={COLUMNS}>
          {items.map((item) => <Row key={item.arn} of={item} />)}
        </Rows>
      )}
      {list.hasNextPage && (
        <Group justify="center" mt="sm">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {items.length ? 'Older' : 'Look further back'}
          </Button>
        </Group>
      )}
    </>
  );
}

function Row({ of }: { of: Execution }) {
  const took = of.stopped_at ? duration(Date.parse(of.stopped_at) - Date.parse(of.started_at)) : '';
  return (
    <Table.Tr>
      <Cell of="Status">
        <Status of={of.status} tone={of.settled ? 'quiet' : undefined}>
          {of.settled ? `${words(of.status)}, settled` : words(of.status)}
        </Status>
        {of.error && <Text fz="xs" c="dimmed" className="why wrap" lineClamp={2}>{of.error}{of.cause && `: ${of.cause}`}</Text>}
      </Cell>
      <Cell of="Machine">
        <ExecutionLink arn={of.arn}>{of.machine} <span className="mono clip">{of.name}</span></ExecutionLink>
      </Cell>
      <Cell of="Event">
        {of.event_type ?? '–'}
        {of.event_id && <span className="mono clip">{of.event_id}</span>}
      </Cell>
      <Cell of="Customer">
        {of.user_id ? <CustomerLink userId={of.user_id} /> : <span className="mono">{of.customer_id ?? '–'}</span>}
      </Cell>
      <Cell of="Outcome">{of.outcome ? <Status of={of.outcome} /> : '–'}</Cell>
      <Cell of="Began"><When at={of.started_at} /></Cell>
      <Cell of="Took"><span className="num">{took || '–'}</span></Cell>
    </Table.Tr>
  );
}

function Filters({ chosen, choose }: { chosen: URLSearchParams; choose: (name: string, value: string) => void }) {
  const machines = useSession()?.machines ?? [];
  const [, setAll] = useSearchParams();
  return (
    <Group className="filters" gap="xs" mb="sm" align="flex-end" role="group" aria-label="Filters">
      <NativeSelect label="Machine" value={chosen.get('machine') ?? ''} onChange={(e) => choose('machine', e.currentTarget.value)}
        data={[{ value: '', label: 'All' }, ...machines]} />
      <NativeSelect label="Status" value={chosen.get('status') ?? ''} onChange={(e) => choose('status', e.currentTarget.value)}
        data={[{ value: '', label: 'Any' }, ...STATUSES.map((value) => ({ value, label: words(value) }))]} />
      <Whose chosen={chosen} choose={choose} />
      <Typed label="Event type" name="event_type" chosen={chosen} choose={choose} placeholder="invoice.paid" />
      <Typed label="Error" name="error" chosen={chosen} choose={choose} placeholder="StripeUnavailable" />
      <NativeSelect label="Ended" value={chosen.get('minutes') ?? ''} onChange={(e) => choose('minutes', e.currentTarget.value)}
        data={Object.entries(TIMES).map(([value, label]) => ({ value, label }))} />
      <Switch label="Only open failures" checked={chosen.get('open') === 'true'} mb={6}
        onChange={(e) => choose('open', e.currentTarget.checked ? 'true' : '')} />
      {chosen.size > 0 && <Button variant="subtle" onClick={() => setAll({})}>Clear</Button>}
    </Group>
  );
}

/** Of one user, found by whatever names them, once Enter is pressed or the box is left. */
function Whose({ chosen, choose }: { chosen: URLSearchParams; choose: (name: string, value: string) => void }) {
  const set = chosen.get('user_id') ?? '';
  const [text, setText] = useState(set);
  const [problem, setProblem] = useState<string>();
  useEffect(() => { setText(set); setProblem(undefined); }, [set]);

  async function find(event?: FormEvent) {
    event?.preventDefault();
    if (text.trim() === set) return;
    try {
      const user = text.trim() && (await answer(findPerson({ query: { text } }))).user_id;
      setText(user);
      choose('user_id', user);
    } catch (error) {
      setProblem(asProblem(error).message);
    }
  }

  return (
    <form onSubmit={(event) => void find(event)}>
      <TextInput label="Customer" placeholder="User, e-mail or Stripe id" value={text} spellCheck={false} maxLength={300} w={{ xs: 220 }}
        error={problem} onChange={(event) => { setText(event.currentTarget.value); setProblem(undefined); }} onBlur={() => void find()} />
    </form>
  );
}

/** A text filter: it takes effect when the typing pauses. */
function Typed({ label, name, chosen, choose, placeholder }: {
  label: string; name: string; placeholder: string; chosen: URLSearchParams; choose: (name: string, value: string) => void;
}) {
  const set = chosen.get(name) ?? '';
  const box = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(set);
  const chooseSoon = useDebouncedCallback((value: string) => choose(name, value.trim()), 350);
  useEffect(() => {
    if (document.activeElement !== box.current) setText(set); // nobody is writing in it
  }, [set]);
  return (
    <TextInput ref={box} label={label} placeholder={placeholder} value={text} spellCheck={false} w={{ xs: 190 }}
      onChange={({ currentTarget: { value } }) => { setText(value); chooseSoon(value); }} />
  );
}

/** The filters as an address has them: all but the time, which goes on meanwhile. */
const NAMES = ['machine', 'status', 'user_id', 'customer_id', 'event_type', 'error', 'since', 'until'];

function wantedBy(chosen: URLSearchParams): Wanted {
  const minutes = Number(chosen.get('minutes'));
  return {
    ...(Object.fromEntries([...chosen].filter(([name]) => NAMES.includes(name))) as Wanted),
    ...(chosen.has('open') && { open: true }),
    ...(minutes > 0 && { since: new Date(Date.now() - minutes * 60_000).toISOString() }),
  };
}

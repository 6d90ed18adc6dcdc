import { Button, Checkbox, Group, Paper, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useSearchParams } from 'react-router';

import { listArchives, planReplay, type Archive, type Query, type Replayed, type ReplayPlan } from '../api';
import { replayed, replayedFrom } from '../acts';
import { answer } from '../data';
import { Act } from '../parts/Act';
import { Cell, Facts, Loaded, Nothing, PageHead, Rows, Status, When } from '../parts/basics';
import { words } from '../words';

export const AGAIN = 'Also those that are done (they end as duplicates)';

const BUSES: Record<Archive['bus'], string> = { billing: 'Our bus: what came by either door', partner: "The partner's bus" };
const COLUMNS = ['Event', 'Happened', 'Customer', 'Stands', 'Would be'];
const LISTED = 200;
const HOUR = 3_600_000;

export function Replays() {
  return (
    <>
      <PageHead title="Replay" says="Events once more, by the front door: what is done is not done twice." />
      <Stack gap="lg">
        <FromStripe />
        <FromArchives />
      </Stack>
    </>
  );
}

/** What is wanted stands in the address; nothing is put before it was looked at. */
function FromStripe() {
  const [chosen, choose] = useSearchParams();
  function look(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = [...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value).trim()] as [string, string]);
    choose(new URLSearchParams(fields.filter(([, value]) => value)));
  }
  return (
    <section aria-labelledby="from-stripe">
      <Title order={2} mb="xs" id="from-stripe">From Stripe, which keeps events for 30 days</Title>
      <Paper className="surface" mb="sm">
        <form onSubmit={look} key={chosen.toString()}>
          <Stack gap="sm">
            <Text c="dimmed">By their ids, or all that a rule wants of a type, a customer or a time: the last 24 hours unless you say otherwise.</Text>
            <TextInput label="Events, by id" name="ids" placeholder="evt_… evt_…" defaultValue={chosen.get('ids') ?? ''} spellCheck={false} />
            <Group gap="sm" align="flex-end" className="filters">
              <TextInput label="Or: types" name="types" placeholder="invoice.*" defaultValue={chosen.get('types') ?? ''} spellCheck={false} />
              <TextInput label="Customer" name="customer_id" placeholder="cus_…" defaultValue={chosen.get('customer_id') ?? ''} spellCheck={false} />
              <Moments since={chosen.get('since')} until={chosen.get('until')} />
            </Group>
            <Group justify="space-between">
              <Checkbox size="xs" name="again" value="true" label={AGAIN} defaultChecked={chosen.has('again')} />
              <Button type="submit" variant="default">Look</Button>
            </Group>
          </Stack>
        </form>
      </Paper>
      {chosen.size > 0 && <Plan key={chosen.toString()} chosen={chosen} />}
    </section>
  );
}

function Plan({ chosen }: { chosen: URLSearchParams }) {
  const [query] = useState(() => queryOf(chosen)); // of the time when somebody looked
  const again = chosen.has('again');
  const plan = useQuery({
    queryKey: ['replay', query, again],
    queryFn: () => answer(planReplay({ query: { ...query, again } })),
    refetchOnWindowFocus: false, // many questions to Stripe
    retry: false,
  });
  return <Loaded query={plan}>{(found) => <Planned of={found} query={query} again={again} />}</Loaded>;
}

function Planned({ of: { events, complete }, query, again }: { of: ReplayPlan; query: Query; again: boolean }) {
  const count = events.filter(({ put }) => put).length;
  if (!events.length) return <Nothing title="Stripe has no such events">Widen the time, or look for others.</Nothing>;
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Text>
          {complete ? `${count} of ${events.length}` : `${count} of the first ${events.length} that were looked at`} would be put on our bus
          {complete ? '.' : '; there are more.'}
          {events.length > LISTED && ` The first ${LISTED} are listed.`}
        </Text>
        {(count > 0 || !complete) && (
          <Act label={complete ? `Replay ${count}` : 'Replay all'} title="Replay these events?" leave="Stop" {...(complete && { count: events.length })}
            explains={<Text>They are put on our bus, at most ten a second. What is done by now is skipped{again && ', unless it is wanted again'}.</Text>}
            act={(asked) => replayed(query, again, asked)} />
        )}
      </Group>
      <Rows label="Events" columns={COLUMNS}>{events.slice(0, LISTED).map((event) => <OneEvent key={event.event_id} of={event} />)}</Rows>
    </>
  );
}

function OneEvent({ of }: { of: Replayed }) {
  return (
    <Table.Tr>
      <Cell of="Event">{of.type ?? '–'}<span className="mono clip">{of.event_id}</span></Cell>
      <Cell of="Happened"><When at={of.created_at} /></Cell>
      <Cell of="Customer"><span className="mono">{of.customer_id ?? '–'}</span></Cell>
      <Cell of="Stands">{words(of.standing)}</Cell>
      <Cell of="Would be"><Status of="" tone={of.error ? 'bad' : of.put ? 'good' : 'quiet'}>{of.error ?? (of.put ? 'Put on the bus' : 'Skipped')}</Status></Cell>
    </Table.Tr>
  );
}

function FromArchives() {
  const query = useQuery({ queryKey: ['archives'], queryFn: () => answer(listArchives()) });
  return (
    <section aria-labelledby="from-archives">
      <Title order={2} mb="xs" id="from-archives">From EventBridge's archives</Title>
      <Loaded query={query}>
        {(archives) => archives.length
          ? <div className="glance">{archives.map((archive) => <OneArchive key={archive.bus} of={archive} />)}</div>
          : <Nothing title="The stack has no archives">Deploy it anew: its template makes them.</Nothing>}
      </Loaded>
    </section>
  );
}

function OneArchive({ of }: { of: Archive }) {
  return (
    <section aria-label={BUSES[of.bus]}>
      <Group justify="space-between" align="flex-start" mb="xs" wrap="nowrap">
        <Title order={3}>{BUSES[of.bus]}</Title>
        <Act quiet label="Replay a window" title={`Replay a window of ${of.name}?`} leave="Stop following"
          explains={(
            <Stack gap="sm">
              <Text>
                EventBridge puts everything of that time on the bus again, and goes on by itself. What is done ends as a duplicate.
                What came in the last ten minutes may not be in the archive yet.
              </Text>
              <Group gap="sm"><Moments since={minuteOf(Date.now() - HOUR)} until={minuteOf(Date.now())} required /></Group>
            </Stack>
          )}
          act={(asked) => replayedFrom(of.bus, secondsOf(asked.fields.get('since')), secondsOf(asked.fields.get('until')), asked)} />
      </Group>
      <Facts
        of={[
          ['Archive', <span className="mono" key="name">{of.name}</span>],
          ['Keeps', `${of.days} days`],
          ['Holds', `about ${of.events} events`],
          ['Made', <When at={of.created_at} key="made" />],
        ]}
      />
    </section>
  );
}

/** From when until when; in UTC, as everything here. */
function Moments({ since, until, required }: { since: string | null; until: string | null; required?: boolean }) {
  return (
    <>
      <TextInput type="datetime-local" label="Since (UTC)" name="since" defaultValue={since ?? ''} {...(required && { required })} />
      <TextInput type="datetime-local" label="Until (UTC)" name="until" defaultValue={until ?? ''} {...(required && { required })} />
    </>
  );
}

function queryOf(chosen: URLSearchParams): Query {
  const [ids, types] = ['ids', 'types'].map((name) => (chosen.get(name) ?? '').split(/[\s,]+/).filter(Boolean));
  if (ids!.length) return { ids };
  return {
    ...(types!.length && { types }),
    ...(chosen.has('customer_id') && { customer_id: chosen.get('customer_id') }),
    since: secondsOf(chosen.get('since') ?? minuteOf(Date.now() - 24 * HOUR)),
    until: secondsOf(chosen.get('until') ?? minuteOf(Date.now() + 60_000)),
  };
}

/** As a field for times has it. */
function minuteOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 16);
}

function secondsOf(field: FormDataEntryValue | null): number {
  return Math.floor(Date.parse(`${String(field)}Z`) / 1_000);
}

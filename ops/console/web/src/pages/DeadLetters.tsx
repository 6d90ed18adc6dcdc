import { Button, Checkbox, Drawer, Group, Stack, Table, Text, Title, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { listDeadLetters, type DeadLetter, type QueueLook } from '../api';
import { letters } from '../acts';
import { answer } from '../data';
import { Act } from '../parts/Act';
import { Cell, CustomerLink, Facts, Json, Loaded, PageHead, Rows, Nothing, When } from '../parts/basics';
import { utc, words } from '../words';

const COLUMNS = ['Chosen', 'What', 'Did not reach', 'Why', 'Customer', 'Since'];
const QUEUES: Record<string, string> = {
  events: 'Events that started no machine',
  facts: 'Facts that were not published',
  failures: 'Failures that were not noted',
  mails: 'Facts that became no mail',
};
const REMEDIES: Record<DeadLetter['remedy'], string> = {
  put_on_bus: 'The event is put on our bus again, by the front door.',
  start_reconcile: 'Reconciliation is started.',
  note_failure: 'The failure is noted on its event.',
  publish_facts: 'The facts that wait are published.',
  queue_mail: 'The fact is put into the queue of mails again.',
  none: 'Nothing is known that would help: it stays.',
};

export function DeadLetters() {
  // Not by itself: whoever looks has the messages in hand for that while, and nobody else can deal with them.
  const query = useQuery({ queryKey: ['dead-letters'], queryFn: () => answer(listDeadLetters()), refetchOnWindowFocus: false });
  return (
    <>
      <PageHead title="Dead letters" says="What reached nobody, however often it was tried. Looking takes nothing away.">
        <Button variant="default" loading={query.isFetching} onClick={() => void query.refetch()}>Look again</Button>
      </PageHead>
      <Loaded query={query}>
        {(looks) => looks.some(({ letters: found, missing }) => found.length || missing)
          ? <Stack gap="lg">{looks.map((look) => <Queue key={look.queue} of={look} />)}</Stack>
          : <Nothing title="There are no dead letters">Everything reached whom it was meant for.</Nothing>}
      </Loaded>
    </>
  );
}

function Queue({ of }: { of: QueueLook }) {
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [shown, show] = useState<DeadLetter>();
  const ids = of.letters.map(({ id }) => id).filter((id) => chosen.has(id));
  if (!of.letters.length && !of.missing) return null;
  const title = QUEUES[of.queue] ?? of.queue;
  const everything = ids.length === of.letters.length && ids.length > 0;
  return (
    <section aria-label={title}>
      <Group justify="space-between" mb="xs">
        <div>
          <Title order={2}>{title} <Text span c="dimmed">{of.letters.length}</Text></Title>
          {of.missing > 0 && <Text c="dimmed">About {of.missing} more, beyond this list or in somebody else's hands.</Text>}
        </div>
        <Group gap="xs">
          <Checkbox size="xs" label="All" checked={everything} indeterminate={ids.length > 0 && !everything}
            onChange={() => choose(new Set(everything ? [] : of.letters.map(({ id }) => id)))} />
          <Chosen queue={of.queue} ids={ids} of={of.letters.filter(({ id }) => chosen.has(id))} />
        </Group>
      </Group>
      <Rows label={title} columns={COLUMNS}>
        {of.letters.map((letter) => (
          <Table.Tr key={letter.id}>
            <Cell of="Chosen">
              <Checkbox size="xs" aria-label={`Choose ${letter.what} ${letter.event_id ?? letter.id}`} checked={chosen.has(letter.id)}
                onChange={(event) => {
                  const next = new Set(chosen);
                  if (event.currentTarget.checked) next.add(letter.id);
                  else next.delete(letter.id);
                  choose(next);
                }} />
            </Cell>
            <Cell of="What">
              <span>
                <UnstyledButton className="link" fz="sm" onClick={() => show(letter)} aria-haspopup="dialog">{letter.what}</UnstyledButton>
                {letter.event_id && <span className="mono clip">{letter.event_id}</span>}
              </span>
            </Cell>
            <Cell of="Did not reach">{letter.target ?? '–'}</Cell>
            <Cell of="Why">
              <span>
                {letter.error ?? letter.condition ?? '–'}
                {letter.message && <Text c="dimmed" fz="xs" className="clip">{letter.message}</Text>}
              </span>
            </Cell>
            <Cell of="Customer">{letter.user_id ? <CustomerLink userId={letter.user_id} /> : <span className="mono">{letter.customer_id ?? '–'}</span>}</Cell>
            <Cell of="Since"><When at={letter.sent_at} /></Cell>
          </Table.Tr>
        ))}
      </Rows>
      <Drawer opened={shown !== undefined} onClose={() => show(undefined)} position="right" size="lg" title={shown?.what}
        closeButtonProps={{ 'aria-label': 'Close' }} transitionProps={{ duration: 0 }}>
        {shown && <Letter of={shown} />}
      </Drawer>
    </section>
  );
}

function Chosen({ queue, ids, of }: { queue: string; ids: readonly string[]; of: readonly DeadLetter[] }) {
  if (!ids.length) return null;
  const remedies = [...new Set(of.map(({ remedy }) => remedy))];
  return (
    <>
      <Act label={`Redrive ${ids.length}`} title={`Bring ${ids.length} to what missed them?`} count={ids.length}
        explains={(
          <Stack gap={4}>
            {remedies.map((remedy) => <Text key={remedy}>{REMEDIES[remedy]}</Text>)}
            <Text c="dimmed">Only what arrived leaves the queue. Nothing is done twice.</Text>
          </Stack>
        )}
        leave="Stop" act={(asked) => letters('redrive', queue, ids, asked)} />
      <Act danger label={`Drop ${ids.length}`} title={`Throw away ${ids.length} for good?`} count={ids.length}
        explains={<Text>They are deleted, and nobody can bring them back. What an event said may be found by reconciling its customer.</Text>}
        leave="Stop" act={(asked) => letters('drop', queue, ids, asked)} />
    </>
  );
}

function Letter({ of }: { of: DeadLetter }) {
  return (
    <Stack gap="sm">
      <Facts
        of={[
          ['Event', of.event_id],
          ['Did not reach', of.target],
          ['Error', of.error],
          ['Message', of.message],
          ['Gave up by', of.condition && words(of.condition)],
          ['Tries', of.tries],
          ['Since', utc(of.sent_at)],
          ['Redrive', REMEDIES[of.remedy]],
          ['Message id', <span className="mono" key="id">{of.id}</span>],
        ]}
      />
      <Json of={pretty(of.body)} label="The message" />
    </Stack>
  );
}

function pretty(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

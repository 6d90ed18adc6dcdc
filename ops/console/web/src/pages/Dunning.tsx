import { Button, Group, Table, Text } from '@mantine/core';
import { useState } from 'react';

import { getDunning, type DunningCase } from '../api';
import { answer, RHYTHMS, useLive } from '../data';
import { Cell, CustomerLink, ExecutionLink, Loaded, Nothing, Outside, PageHead, Rows, Status, When } from '../parts/basics';
import { words } from '../words';

const COLUMNS = ['Customer', 'Owes', 'Access', 'Since', 'Grace ends', 'Attempts', 'Waits', 'Invoice'];

export function Dunning() {
  const [cursors, setCursors] = useState<string[]>([]);
  const cursor = cursors.at(-1);
  const query = useLive(['dunning', cursor], () => answer(getDunning({ query: { cursor } })), RHYTHMS.costly);
  return (
    <>
      <PageHead title="Dunning" says="Who owes something, those first who have owed it the longest." />
      <Loaded query={query}>
        {({ cases, cursor: next }) => (
          <>
            {cases.length ? (
              <Rows label="Dunning" columns={COLUMNS}>{cases.map((each) => <Case key={each.user_id} of={each} />)}</Rows>
            ) : <Nothing title="Nobody owes anything">Whose payment fails stands here until it is paid.</Nothing>}
            {(next || cursors.length > 0) && (
              <Group justify="center" mt="sm">
                <Button variant="default" disabled={!cursors.length} onClick={() => setCursors(cursors.slice(0, -1))}>Back</Button>
                <Button variant="default" disabled={!next} onClick={() => setCursors([...cursors, next!])}>Next</Button>
              </Group>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

function Case({ of }: { of: DunningCase }) {
  return (
    <Table.Tr>
      <Cell of="Customer"><CustomerLink userId={of.user_id}>{of.email ?? of.user_id}</CustomerLink></Cell>
      <Cell of="Owes"><span className="num">{of.owed?.text ?? '–'}</span></Cell>
      <Cell of="Access"><Status of={of.access} /></Cell>
      <Cell of="Since"><When at={of.since} /></Cell>
      <Cell of="Grace ends"><When at={of.until} /></Cell>
      <Cell of="Attempts">
        <span>
          {of.failed_attempts}{of.next_attempt_at && <Text span c="dimmed"> next <When at={of.next_attempt_at} /></Text>}
          {of.error && <Text c="dimmed" fz="xs" className="clip">{of.error}</Text>}
        </span>
      </Cell>
      <Cell of="Waits">
        {of.waiter ? <ExecutionLink arn={of.waiter.arn}><Status of={of.waiter.state} /></ExecutionLink> : <Text c="dimmed">Nobody yet</Text>}
      </Cell>
      <Cell of="Invoice">
        <span><span className="mono">{of.invoice_id}</span> {of.stripe_url && <Outside to={of.stripe_url}>Stripe</Outside>}</span>
        {of.status && <Text c="dimmed" fz="xs">{words(of.status)}</Text>}
      </Cell>
    </Table.Tr>
  );
}

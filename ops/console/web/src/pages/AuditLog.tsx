import { Table } from '@mantine/core';

import { listAuditEntries } from '../api';
import { answer, RHYTHMS, useLive } from '../data';
import { Cell, CustomerLink, ExecutionLink, Loaded, Nothing, PageHead, Rows, Status, When } from '../parts/basics';
import { nameOf, words, type Tone } from '../words';

const COLUMNS = ['When', 'Who', 'What', 'On', 'Why', 'Result'];
const MOST = 200;

export function AuditLog() {
  const query = useLive(['audit'], () => answer(listAuditEntries({ query: { days: 400, limit: MOST } })), RHYTHMS.list);
  return (
    <>
      <PageHead title="Audit log" says={`What operators have changed by hand, by this console or scai-ops: the newest ${MOST}.`} />
      <Loaded query={query}>
        {(changes) => changes.length ? (
          <Rows label="Audit log" columns={COLUMNS}>
            {changes.map((change) => (
              <Table.Tr key={change.id}>
                <Cell of="When"><When at={change.at} /></Cell>
                <Cell of="Who"><span className="wrap">{change.operator}</span></Cell>
                <Cell of="What">{words(change.action)}</Cell>
                <Cell of="On">
                  <span className="mono wrap">
                    {change.subject.includes(':execution:')
                      ? <ExecutionLink arn={change.subject}>{nameOf(change.subject)}</ExecutionLink>
                      : change.subject}
                  </span>
                  {change.user_id && <div><CustomerLink userId={change.user_id} /></div>}
                </Cell>
                <Cell of="Why"><span className="wrap">{change.reason}</span></Cell>
                <Cell of="Result"><Status of="" tone={toneOfResult(change.result)}>{change.result ?? 'Cut off'}</Status></Cell>
              </Table.Tr>
            ))}
          </Rows>
        ) : <Nothing title="Nobody has changed anything yet">Every retry, replay, redrive, drop and reconciliation stands here.</Nothing>}
      </Loaded>
    </>
  );
}

function toneOfResult(result: string | null): Tone {
  if (result === null) return 'warn';
  return result.startsWith('failed') ? 'bad' : 'good';
}

import { Paper, Stack, Table, Text, Title } from '@mantine/core';

import { getDrift, type Finding, type Report } from '../api';
import { reconciled } from '../acts';
import { answer, RHYTHMS, useLive } from '../data';
import { Act } from '../parts/Act';
import { Cell, Copyable, CustomerLink, Facts, Loaded, Nothing, PageHead, Rows, Status, When } from '../parts/basics';
import { counted, words, type Tone } from '../words';

const COLUMNS = ['Kind', 'Found', 'Healed', 'Left', 'Such as', 'What to do'];

export function Drift() {
  const query = useLive(['drift'], () => answer(getDrift()), RHYTHMS.list);
  return (
    <>
      <PageHead title="Drift" says="What we hold, compared with what Stripe holds.">
        <Act label="Reconcile all" title="Compare everything with Stripe now?"
          explains={<Text>All subscriptions, events and debts are compared, as every night, and what differs is healed. You can close the page: it goes on.</Text>}
          leave="Stop following" act={(asked) => reconciled(null, asked)} />
      </PageHead>
      <Loaded query={query}>
        {({ last, covered_until, open_runs, records }) => (
          <Stack gap="lg">
            {last ? <OneReport of={last} covered={covered_until} /> : (
              <Nothing title="Nothing was compared yet">It runs every night; “Reconcile all” does it now.</Nothing>
            )}
            {open_runs.length > 0 && (
              <section>
                <Title order={2} mb="xs">Customers whose drift is not healed</Title>
                <Stack gap="sm">{open_runs.map((run) => <OneReport key={run.run_id} of={run} />)}</Stack>
              </section>
            )}
            {records.length > 0 && (
              <section>
                <Title order={2} mb="xs">Records to look at</Title>
                <Rows label="Records to look at" columns={['Customer', 'Why', 'Since']}>
                  {records.map((record) => (
                    <Table.Tr key={record.user_id}>
                      <Cell of="Customer"><CustomerLink userId={record.user_id} /></Cell>
                      <Cell of="Why">{record.what}</Cell>
                      <Cell of="Since"><When at={record.since} /></Cell>
                    </Table.Tr>
                  ))}
                </Rows>
              </section>
            )}
          </Stack>
        )}
      </Loaded>
    </>
  );
}

function OneReport({ of, covered }: { of: Report; covered?: string | null }) {
  return (
    <section aria-label={`Run ${of.run_id}`}>
      <Paper className="surface" mb="sm">
        <Facts
          of={[
            ['State', <Status of="" key="state" tone={toneOf(of)}>{stateOf(of)}</Status>],
            ['Scope', of.user_id ? <CustomerLink userId={of.user_id} key="who" /> : words(of.scope)],
            ['Began', <When at={of.started_at} key="began" />],
            ['Looked at', counted(of.looked_at)],
            ['All known until', covered && <When at={covered} key="covered" />],
            ['Run', <Copyable text={of.run_id} key="run" />],
          ]}
        />
      </Paper>
      {of.findings.length ? (
        <Rows label="What was found" columns={COLUMNS}>{of.findings.map((finding) => <OneFinding key={finding.kind} of={finding} />)}</Rows>
      ) : <Nothing title="No drift">Everything that was compared is as Stripe has it.</Nothing>}
    </section>
  );
}

function OneFinding({ of }: { of: Finding }) {
  return (
    <Table.Tr>
      <Cell of="Kind"><span><Text fw={600}>{words(of.kind)}</Text><Text c="dimmed">{of.meaning}</Text></span></Cell>
      <Cell of="Found"><span className="num">{of.found}</span></Cell>
      <Cell of="Healed"><span className="num">{of.healed}</span></Cell>
      <Cell of="Left"><Status of="" tone={of.left ? 'warn' : 'good'}>{of.left}</Status></Cell>
      <Cell of="Such as"><span className="mono wrap">{of.examples.slice(0, 5).join(', ')}</span></Cell>
      <Cell of="What to do">{of.do}</Cell>
    </Table.Tr>
  );
}

function stateOf(report: Report): string {
  if (report.complete) return 'Complete';
  return report.running ? `Under way, ${report.phase}, page ${report.page}` : 'Broke off: start it again';
}

function toneOf(report: Report): Tone {
  if (report.running) return 'busy';
  return report.complete ? 'good' : 'warn';
}

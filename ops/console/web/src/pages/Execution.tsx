import { Checkbox, Group, Paper, Stack, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useParams } from 'react-router';

import { getExecution, type ExecutionDetail, type Step } from '../api';
import { retryOne } from '../acts';
import { answer, RHYTHMS, useInterval } from '../data';
import { Machine } from '../graph/Machine';
import { Act } from '../parts/Act';
import { Copyable, CustomerLink, Facts, Json, Loaded, Outside, PageHead, Status, When } from '../parts/basics';
import { duration, isOpen, readCause, stepTook, utc } from '../words';

export function ExecutionPage() {
  const arn = useParams()['arn']!;
  const [going, ended] = [useInterval(RHYTHMS.list), useInterval(RHYTHMS.aside)];
  const query = useQuery({
    queryKey: ['execution', arn],
    queryFn: () => answer(getExecution({ path: { name_or_arn: arn } })),
    refetchInterval: ({ state }) => (state.data?.execution.stopped_at ? ended : going), // what ended may be redriven
  });
  return <Loaded query={query}>{(detail) => <Whole key={detail.execution.arn} of={detail} />}</Loaded>;
}

function Whole({ of }: { of: ExecutionDetail }) {
  const { execution, steps } = of;
  const [selected, select] = useState(() => worthLooking(steps));
  const step = steps[selected];

  // A running execution goes on: whoever looks at its last state stays with it.
  const [known, know] = useState(steps.length);
  useEffect(() => {
    if (steps.length !== known && selected === known - 1) select(steps.length - 1);
    know(steps.length);
  }, [steps.length, known, selected]);

  const visits = useMemo(() => visitsOf(steps), [steps]);
  function selectState(state: string) {
    const at = steps.findLastIndex((each) => each.state === state);
    if (at >= 0) select(at);
  }

  return (
    <>
      <PageHead title={execution.machine} says={<Copyable text={execution.arn}>{execution.name}</Copyable>}>
        {of.aws_console_url && <Outside to={of.aws_console_url}>AWS console</Outside>}
        {isOpen(execution) && <RetryButton of={of} />}
      </PageHead>
      <Paper className="surface" mb="md"><Glance of={of} /></Paper>
      <div className="execution">
        <section aria-labelledby="graph-title">
          <Title order={2} mb="xs" id="graph-title">The machine, and the path taken</Title>
          <Machine graph={of.graph} steps={steps} selected={step?.state} select={selectState} />
        </section>
        <Stack gap="md" component="section" aria-labelledby="path-title">
          <div>
            <Title order={2} mb="xs" id="path-title">Path, state by state</Title>
            <Paper className="surface steps" p={0}>
              <ol>
                {steps.map((each, at) => (
                  <li key={at}>
                    <button type="button" aria-pressed={at === selected} onClick={() => select(at)}>
                      <span className="num" aria-hidden>{at + 1}</span>
                      <span className="wrap">{each.state}{visits[at]! > 1 && <Text span c="dimmed"> (time {visits[at]})</Text>}</span>
                      <Status of={each.status} />
                      <span className="num">{each.retries > 0 && `${each.retries} retries · `}{stepTook(each)}</span>
                    </button>
                  </li>
                ))}
              </ol>
              {!steps.length && <Text c="dimmed" p="sm">It hasn't entered a state yet.</Text>}
            </Paper>
          </div>
          {step && <StepPanel of={step} />}
          <Paper className="surface whole" component="details">
            <summary>Input and output of the whole execution</summary>
            <InAndOut input={of.input} output={of.output} name={execution.name} />
          </Paper>
        </Stack>
      </div>
    </>
  );
}

function Glance({ of }: { of: ExecutionDetail }) {
  const { execution } = of;
  return (
    <Stack gap="sm">
      {execution.error && !execution.settled && (
        <div className="alarm">
          <Text fw={600} className="wrap">{execution.error}</Text>
          {execution.cause && <Text className="wrap">{execution.cause}</Text>}
        </div>
      )}
      <Facts wide
        of={[
          ['Status', <Status of={execution.status} tone={execution.settled ? 'quiet' : undefined} />],
          ['Settled', execution.settled && 'Its event was done since, by another execution: nothing is owed.'],
          ['Customer', execution.user_id ? <CustomerLink userId={execution.user_id} /> : execution.customer_id],
          ['Event', execution.event_id && <>{execution.event_type} <Copyable text={execution.event_id} /></>],
          ['Outcome', execution.outcome && <Status of={execution.outcome} />],
          ['Began', <><When at={execution.started_at} /> <Text span c="dimmed">{utc(execution.started_at)}</Text></>],
          ['Took', execution.stopped_at && duration(Date.parse(execution.stopped_at) - Date.parse(execution.started_at))],
          ['Redriven', execution.redrive_count ? `${execution.redrive_count} times` : null],
          ['Redrive', isOpen(execution) && !of.redrivable ? `Not possible: ${of.redrive_reason}` : null],
        ]}
      />
    </Stack>
  );
}

function RetryButton({ of }: { of: ExecutionDetail }) {
  const { execution } = of;
  return (
    <Act label="Retry" title="Retry this execution?"
      explains={(
        <Stack gap="sm">
          <Text>
            {of.redrivable
              ? 'It is redriven: it goes on at the state that failed, with the function as it is now.'
              : `It can't be redriven (${of.redrive_reason}): another execution is started with the same input.`}
            {' '}What was done already is not done twice.
          </Text>
          {of.redrivable && <Checkbox size="xs" name="fresh" label="Start anew by today's definition, even if it can be redriven" />}
        </Stack>
      )}
      act={(asked) => retryOne(execution.arn, asked)} />
  );
}

function StepPanel({ of }: { of: Step }) {
  return (
    <Paper className="surface" component="section" aria-label={`State ${of.state}`} aria-live="polite">
      <Group justify="space-between" mb="xs">
        <Title order={2}>{of.state}</Title>
        <Status of={of.status} />
      </Group>
      <Stack gap="sm">
        {of.error && (
          <div className="alarm" data-tone={of.status === 'failed' || of.status === 'timed_out' ? 'bad' : 'warn'}>
            <Text fw={600} className="wrap">{of.error}</Text>
            {of.cause && <CauseOfStep of={of.cause} />}
          </div>
        )}
        <Facts
          of={[
            ['Type', of.type],
            ['Duration', stepTook(of)],
            ['Tries', of.tries ? `${of.tries}${of.retries ? `, of which ${of.retries} retries` : ''}` : null],
            ['Run', of.redrive ? `Redrive ${of.redrive}` : null],
            ['Entered', utc(of.entered_at)],
          ]}
        />
        <InAndOut input={of.input} output={of.output} name={of.state} />
      </Stack>
    </Paper>
  );
}

/** Lambda tells a failure as JSON, with its traceback; others tell a sentence. */
function CauseOfStep({ of }: { of: string }) {
  const { message, trace } = readCause(of);
  return (
    <>
      <Text className="wrap">{message}</Text>
      {trace && (
        <details className="trace">
          <summary>Traceback</summary>
          <Json of={trace} label="Traceback" />
        </details>
      )}
    </>
  );
}

function InAndOut({ input, output, name }: { input: unknown; output: unknown; name: string }) {
  return (
    <Tabs defaultValue="input" keepMounted={false}>
      <Tabs.List mb="xs">
        <Tabs.Tab value="input">Input</Tabs.Tab>
        <Tabs.Tab value="output">Output</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="input"><Json of={input} label={`Input of ${name}`} /></Tabs.Panel>
      <Tabs.Panel value="output"><Json of={output} label={`Output of ${name}`} /></Tabs.Panel>
    </Tabs>
  );
}

/** What one wants to see first: the state that failed, else the last one that did something. */
function worthLooking(steps: readonly Step[]): number {
  const failed = steps.findLastIndex(({ status }) => status === 'failed' || status === 'timed_out');
  return failed >= 0 ? failed : steps.length - 1;
}

/** For each step, the how manieth visit of its state it is. */
function visitsOf(steps: readonly Step[]): number[] {
  const seen = new Map<string, number>();
  return steps.map(({ state }) => {
    const visit = (seen.get(state) ?? 0) + 1;
    seen.set(state, visit);
    return visit;
  });
}


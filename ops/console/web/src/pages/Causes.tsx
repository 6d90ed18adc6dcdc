import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { Link } from 'react-router';

import { listCauses, type Cause } from '../api';
import { retryAll } from '../acts';
import { answer, RHYTHMS, useLive } from '../data';
import { Act } from '../parts/Act';
import { Copyable, ExecutionLink, Loaded, Nothing, PageHead, Status, When } from '../parts/basics';
import { nameOf } from '../words';

export function Causes() {
  const query = useLive(['causes'], () => answer(listCauses()), RHYTHMS.costly);
  return (
    <>
      <PageHead title="Causes" says="What failed and is still owed, put together by why.">
        {query.data && <RetryAll of={query.data} />}
      </PageHead>
      <Loaded query={query}>
        {(causes) => causes.length
          ? <Stack gap="sm">{causes.map((cause) => <OneCause key={cause.id} of={cause} />)}</Stack>
          : <Nothing title="Nothing is failed">Whatever failed was retried, or done by another execution.</Nothing>}
      </Loaded>
    </>
  );
}

function OneCause({ of }: { of: Cause }) {
  return (
    <Paper className="surface" component="section" aria-label={of.error}>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="md">
        <div className="wrap">
          <Group gap="xs">
            <Title order={2} className="wrap">{of.error}</Title>
            {of.stopped && <Status of="ABORTED">Stopped by somebody</Status>}
          </Group>
          <Text className="wrap" lineClamp={4}>{of.message}</Text>
          <Text c="dimmed" mt={6}>
            {of.machines.join(', ')}{of.state && <>, in “{of.state}”</>} · last <When at={of.last_at} /> · first <When at={of.first_at} />
          </Text>
          <Text c="dimmed" className="wrap">
            Such as {of.examples.slice(0, 3).map((arn, at) => (
              <span key={arn}>{at > 0 && ', '}<ExecutionLink arn={arn}>{nameOf(arn)}</ExecutionLink></span>
            ))}
            {' · '}<Link className="link" to={`/executions?${new URLSearchParams({ open: 'true', error: of.error, ...(of.stopped && { status: 'ABORTED' }) })}`}>all of this error</Link>
          </Text>
          <Group gap={4} mt={2}><Text c="dimmed">Cause</Text><Copyable text={of.id} /></Group>
        </div>
        <Stack gap={6} align="flex-end">
          <Text fz="xl" fw={650} className="num" aria-label={`${of.count} executions`}>{of.count}</Text>
          <Act label={of.count === 1 ? 'Retry it' : `Retry all ${of.count}`} title={`Retry ${of.count} with this cause?`} count={of.count}
            explains={<Text>Each is redriven from the state that failed, or, where that can't be, started anew with the same input. Mend the cause first: what fails again stands here again.</Text>}
            leave="Stop" act={(asked) => retryAll(of.id, asked)} />
        </Stack>
      </Group>
    </Paper>
  );
}

/** Of all causes but those that somebody stopped: these are retried one by one, or not at all. */
function RetryAll({ of }: { of: readonly Cause[] }) {
  const failed = of.filter(({ stopped }) => !stopped);
  if (failed.length < 2) return null; // its own button does it
  const count = failed.reduce((sum, cause) => sum + cause.count, 0);
  return (
    <Act quiet label={`Retry all ${count}`} title={`Retry all ${count}, of ${failed.length} causes?`} count={count}
      explains={<Text>Everything that is failed and owed is retried, whatever its cause. What somebody stopped is left: retry its own cause.</Text>}
      leave="Stop" act={(asked) => retryAll(null, asked)} />
  );
}

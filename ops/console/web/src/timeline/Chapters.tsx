import { Group, Paper, Stack, Text } from '@mantine/core';

import type { Change, Chapter, Mail, Reconciled, ToldFact } from '../api';
import { replayed, retryOne } from '../acts';
import { Act } from '../parts/Act';
import { Copyable, ExecutionLink, Outside, Status, When } from '../parts/basics';
import { asText, counted, toneOf, utc, words, type Tone } from '../words';

const KINDS: Record<Chapter['kind'], string> = {
  event: 'Stripe',
  reconciliation: 'Reconciliation',
  operation: 'Our API',
  return: 'Return from Checkout',
  link: 'First contact',
  deadline: 'Deadline',
  operator: 'Operator',
};

/** A customer's story, the newest first: what was told, who handled it, what it changed and caused. */
export function Chapters({ of }: { of: readonly Chapter[] }) {
  return (
    <ol className="story">
      {of.map((chapter) => (
        <li className="chapter" key={chapter.id} data-tone={toneOfChapter(chapter)}>
          <Paper className="surface" p="sm" component="article" aria-label={chapter.title}><OneChapter of={chapter} /></Paper>
        </li>
      ))}
    </ol>
  );
}

function OneChapter({ of }: { of: Chapter }) {
  return (
    <Stack gap={6}>
      <Group justify="space-between" gap="xs" align="flex-start">
        <Group gap="md" className="wrap">
          <Text fw={600} className="wrap">{of.title}</Text>
          {of.execution && <ExecutionLink arn={of.execution.arn}>{of.execution.machine}</ExecutionLink>}
          {of.execution?.status && of.execution.status !== 'SUCCEEDED' && of.outcome !== 'failed' && <Status of={of.execution.status} />}
          {of.outcome && <Status of={of.outcome} />}
          {of.reason && <Text c="dimmed">{words(of.reason)}</Text>}
        </Group>
        <Buttons of={of} />
      </Group>
      <Group gap="sm" fz="xs" c="dimmed">
        <span>{KINDS[of.kind]}</span>
        <span><When at={of.at} />, {utc(of.at)}</span>
        {of.event && <Copyable text={of.event.id} />}
        {of.event && of.event.deliveries > 1 && <span>{of.event.deliveries} deliveries</span>}
        {of.event?.door && <span>by the {of.event.door}</span>}
        {of.event?.stripe_url && <Outside to={of.event.stripe_url}>Stripe</Outside>}
      </Group>
      {of.failure?.open && (
        <div className="alarm">
          <Text fw={600} className="wrap">{of.failure.error}</Text>
          <Text className="wrap">{of.failure.cause}</Text>
        </div>
      )}
      {of.attention && !of.failure?.open && <Text className="wrap">Needs a look: {words(of.attention)}</Text>}
      {of.operator && <Text className="wrap">{of.operator.operator}: “{of.operator.reason}” → {of.operator.result ?? 'cut off'}</Text>}
      {of.reconciled && <Counts of={of.reconciled} />}
      {of.changes.length > 0 && (
        <dl className="changes" aria-label="What changed">{of.changes.map((change) => <OneChange key={change.field} of={change} />)}</dl>
      )}
      {of.facts.map((fact) => <OneFact key={fact.key} of={fact} />)}
    </Stack>
  );
}

function Buttons({ of }: { of: Chapter }) {
  const { failure, execution, event } = of;
  return (
    <Group gap="xs">
      {failure?.open && execution && (
        <Act label="Retry" title="Retry this execution?"
          explains={<Text>It goes on at the state that failed, or is started anew where it can't. What was done already is not done twice.</Text>}
          act={(asked) => retryOne(execution.arn, asked)} />
      )}
      {event && !of.outcome && (
        <Act quiet label="Replay" title="Replay this event?"
          explains={<Text>Stripe's event {event.id} is put on our bus again, by the front door. If it is done by now it is skipped.</Text>}
          act={(asked) => replayed({ ids: [event.id] }, false, asked)} />
      )}
    </Group>
  );
}

function OneChange({ of }: { of: Change }) {
  return (
    <>
      <dt>{words(of.field)}</dt>
      <dd>
        {of.before != null && <><del>{asText(of.before)}</del> <span aria-hidden>→</span> </>}
        <ins>{asText(of.after)}</ins>
      </dd>
    </>
  );
}

function OneFact({ of }: { of: ToldFact }) {
  return (
    <div className="chain">
      <Group gap="xs">
        <Text fw={600}>{of.type}</Text>
        <Text className="wrap">{of.summary}</Text>
        {of.published_at ? <Text c="dimmed" fz="xs">told <When at={of.published_at} /></Text> : <Status of="" tone="warn">Not published yet</Status>}
      </Group>
      {of.mails.map((mail) => <OneMail key={mail.id} of={mail} />)}
    </div>
  );
}

function OneMail({ of }: { of: Mail }) {
  return (
    <div className="chain">
      <Group gap="xs">
        <Text>Mail: {words(of.mail)}</Text>
        <Status of={of.outcome ?? 'unknown'} />
        {of.error && <Text c="dimmed" className="wrap">{of.error}</Text>}
      </Group>
    </div>
  );
}

function Counts({ of }: { of: Reconciled }) {
  const [looked, found, healed] = [of.looked_at, of.found, of.healed].map((counts) => counted(counts) || 'nothing');
  return <Text className="wrap">Looked at {looked}; found {found}; healed {healed}</Text>;
}

function toneOfChapter(chapter: Chapter): Tone {
  if (chapter.failure?.open) return 'bad';
  if (chapter.attention) return 'warn';
  return chapter.outcome ? toneOf(chapter.outcome) : 'quiet';
}

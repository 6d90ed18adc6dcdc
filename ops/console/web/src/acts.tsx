/** What the buttons do: each calls one route, and tells of each thing as it is done. */
import {
  getArchiveReplay, getReconciliation, replayArchive, retry, startReconciliation,
  type Archive, type ArchiveReplay, type Handled, type Progress, type Query, type Replayed, type Retried,
} from './api';
import { answer, streamed } from './data';
import type { Asked, Done } from './parts/Act';
import { ExecutionLink } from './parts/basics';
import { counted, nameOf, toneOf, utc, words, type Tone } from './words';

/** In milliseconds: on AWS each look is a call, of rates that all operators share. */
const LOOK_AGAIN = 2_000;

export async function* retryOne(arn: string, { reason, fields }: Asked): AsyncGenerator<Done> {
  yield retried(await answer(retry({ body: { arn, reason, fresh: fields.has('fresh') } })));
}

export async function* retryAll(cause_id: string | null, { reason, stop }: Asked): AsyncGenerator<Done> {
  for await (const each of streamed<Retried>('/api/retries/all', { cause_id, reason }, stop)) yield retried(each);
}

export async function* letters(
  what: 'redrive' | 'drop', queue: string, ids: readonly string[], { reason, stop }: Asked,
): AsyncGenerator<Done> {
  for await (const each of streamed<Handled>(`/api/dead-letters/${what}`, { queue, ids, reason }, stop)) {
    yield {
      key: each.id,
      what: <>{each.what} <span className="mono">{each.event_id ?? each.id}</span></>,
      result: each.result,
      tone: each.done ? 'good' : 'bad',
    };
  }
}

export async function* replayed(query: Query, again: boolean, { reason, stop }: Asked): AsyncGenerator<Done> {
  for await (const each of streamed<Replayed>('/api/replays', { query, again, reason }, stop)) {
    yield {
      key: each.event_id,
      what: <>{each.type} <span className="mono">{each.event_id}</span></>,
      result: each.error ?? (each.put ? 'Put on the bus' : `Skipped: ${words(each.standing).toLowerCase()}`),
      tone: each.error ? 'bad' : each.put ? 'good' : 'quiet',
    };
  }
}

/** Has EventBridge replay a window of an archive, and follows it to its end. */
export async function* replayedFrom(bus: Archive['bus'], since: number, until: number, { reason, stop }: Asked): AsyncGenerator<Done> {
  let replay = await answer(replayArchive({ body: { bus, since, until, reason } }));
  yield toldOfArchive(replay);
  while (!replay.ended && (await pause(stop))) {
    replay = await answer(getArchiveReplay({ path: { name: replay.name } }));
    yield toldOfArchive(replay);
  }
}

/** Starts a run and follows it to its end. */
export async function* reconciled(user_id: string | null, { reason, stop }: Asked): AsyncGenerator<Done> {
  const started = await answer(startReconciliation({ body: { user_id, reason } }));
  do {
    const progress = await answer(getReconciliation({ query: { ...started } }));
    yield told(progress, started.run_id);
    if (progress.state !== 'running') return;
  } while (await pause(stop));
}

/** Waits before the next look; whether there is to be one. */
async function pause(stop: AbortSignal): Promise<boolean> {
  if (!stop.aborted) {
    await new Promise<void>((go) => {
      const timer = setTimeout(goOn, LOOK_AGAIN);
      function goOn() {
        clearTimeout(timer);
        stop.removeEventListener('abort', goOn);
        go();
      }
      stop.addEventListener('abort', goOn);
    });
  }
  return !stop.aborted;
}

function told(progress: Progress, key: string): Done {
  const found = counted(progress.found);
  const tones: Record<Progress['state'], Tone> = { running: 'busy', done: 'good', left: 'quiet', failed: 'bad' };
  const results: Record<Progress['state'], string> = {
    running: `Page ${progress.page}`,
    done: found ? `Found ${found}; healed ${counted(progress.healed) || 'none'}` : 'No drift',
    left: 'Another run has the same scope, and goes on',
    failed: progress.error ?? 'It failed',
  };
  return {
    key,
    what: (
      <>
        <ExecutionLink arn={progress.execution}>{nameOf(progress.execution)}</ExecutionLink>{' '}
        {counted(progress.looked_at) && `looked at ${counted(progress.looked_at)}`}
      </>
    ),
    result: results[progress.state],
    tone: tones[progress.state],
  };
}

function toldOfArchive(replay: ArchiveReplay): Done {
  const badly = replay.ended && replay.state !== 'COMPLETED';
  return {
    key: replay.name,
    what: <>{utc(replay.since)} to {utc(replay.until)} <span className="mono">{replay.name}</span></>,
    result: [words(replay.state), replay.reached && `up to ${utc(replay.reached)}`, badly && replay.reason].filter(Boolean).join(', '),
    tone: badly ? 'bad' : replay.ended ? 'good' : 'busy',
  };
}

function retried(each: Retried): Done {
  return {
    key: each.arn,
    what: <ExecutionLink arn={each.new_arn ?? each.arn}>{nameOf(each.new_arn ?? each.arn)}</ExecutionLink>,
    result: each.why ? `${words(each.how)}: ${each.why}` : words(each.how),
    tone: each.how === 'failed' ? 'bad' : toneOf(each.how),
  };
}

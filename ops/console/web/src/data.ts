import { QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';

import { getSession, type Problem, type Session } from './api';
import { client } from './api/client.gen';
import { keepKey, OURS } from './key';

client.setConfig({ baseUrl: '', headers: OURS });

export const queries = new QueryClient({
  defaultOptions: { queries: { retry: 1, refetchOnWindowFocus: true, staleTime: 1_000 } },
});

/** What a call answers; what it throws is a Problem. */
export async function answer<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await call;
  if (data === undefined) throw asProblem(error);
  return data;
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'what_to_do' in value;
}

export function asProblem(error: unknown): Problem {
  if (isProblem(error)) return error;
  return {
    code: 'no_answer',
    message: 'The console does not answer.',
    what_to_do: 'Start it again (make up, or scai-ops console); this page goes on by itself.',
  };
}

/** How often something is read again, in seconds: here, and on AWS, whose rates all operators share. */
export interface Rhythm {
  here: number;
  onAws: number;
}
export const RHYTHMS = {
  /** Asks each machine for its newest, or reads some items. */
  list: { here: 3, onAws: 10 },
  /** Looks through all failures, at Stripe, or at an execution for each line. */
  costly: { here: 3, onAws: 30 },
  /** Stands beside every page, or changes only when somebody does something about it. */
  aside: { here: 30, onAws: 100 },
} satisfies Record<string, Rhythm>;

export function useSessionQuery(): UseQueryResult<Session> {
  return useQuery({
    queryKey: ['session'],
    queryFn: readSession,
    refetchInterval: ({ state }) => (state.data ? 60_000 : 3_000), // it may be started again, otherwise
  });
}

async function readSession(): Promise<Session> {
  const session = await answer(getSession());
  keepKey();
  return session;
}

export function useSession(): Session | undefined {
  return useSessionQuery().data;
}

/** When to read again, in milliseconds; not while the page is hidden. */
export function useInterval({ here, onAws }: Rhythm): number {
  return 1_000 * (useSession()?.local ? here : onAws);
}

/** Data that stays up to date. */
export function useLive<T>(key: readonly unknown[], read: () => Promise<T>, rhythm: Rhythm): UseQueryResult<T> {
  const refetchInterval = useInterval(rhythm);
  return useQuery({ queryKey: key, queryFn: read, refetchInterval });
}

/** Each item of a streamed answer, as it comes; a problem ends it. `stop` ends what is done, too. */
export async function* streamed<T>(path: string, body: unknown, stop: AbortSignal): AsyncGenerator<T> {
  const answered = await fetch(path, {
    method: 'POST',
    headers: { ...OURS, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: stop,
  });
  if (!answered.ok) throw asProblem(await answered.json());
  const lines = answered.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await lines.read();
    const whole = (rest + (value ?? '')).split('\n');
    rest = done ? '' : whole.pop()!;
    for (const line of whole.filter(Boolean)) {
      const item: unknown = JSON.parse(line);
      if (isProblem(item)) throw item;
      yield item as T;
    }
    if (done) return;
  }
}

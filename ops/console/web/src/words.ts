import type { Execution, Step } from './api';

export type Tone = 'good' | 'busy' | 'bad' | 'warn' | 'quiet';

const TONES: Record<string, Tone> = {
  RUNNING: 'busy', SUCCEEDED: 'good', FAILED: 'bad', TIMED_OUT: 'bad', ABORTED: 'warn',
  running: 'busy', succeeded: 'good', caught: 'warn', failed: 'bad', timed_out: 'bad', aborted: 'warn',
  applied: 'good', stale: 'quiet', ignored: 'quiet',
  ok: 'good', warn: 'warn', bad: 'bad',
  full: 'good', grace: 'warn', restricted: 'bad', none: 'bad',
  sent: 'good', refused: 'bad', deferred: 'warn', unknown: 'warn', no_address: 'warn',
  active: 'good', trialing: 'good', past_due: 'warn', unpaid: 'bad', canceled: 'quiet', paused: 'warn',
  incomplete: 'warn', incomplete_expired: 'quiet', paid: 'good', pending: 'busy',
  open: 'warn', uncollectible: 'bad', void: 'quiet',
  waiting: 'busy', ended: 'quiet', lost: 'bad',
  redriven: 'good', started_anew: 'good', reconciled: 'good', nothing_to_do: 'quiet', done: 'good', left: 'quiet',
};

export function toneOf(word: string | null | undefined): Tone {
  return TONES[word ?? ''] ?? 'quiet';
}

/** `TIMED_OUT` and `payment_failure` as people write them. */
export function words(name: string): string {
  const spaced = name.replaceAll('_', ' ').toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function isOpen(execution: Execution): boolean {
  return ['FAILED', 'TIMED_OUT', 'ABORTED'].includes(execution.status) && !execution.settled;
}

export function duration(milliseconds: number | null | undefined): string {
  if (milliseconds === null || milliseconds === undefined) return '';
  if (milliseconds < 1_000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return span(seconds);
}

/** A length of time in its two largest units. */
export function span(seconds: number): string {
  const units: [string, number][] = [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]];
  const at = units.findIndex(([, size]) => seconds >= size);
  if (at < 0) return '0 s';
  const [name, size] = units[at]!;
  const whole = Math.floor(seconds / size);
  const next = units[at + 1];
  const rest = next ? Math.floor((seconds - whole * size) / next[1]) : 0;
  return rest ? `${whole} ${name} ${rest} ${next![0]}` : `${whole} ${name}`;
}

export function relative(moment: string, now = Date.now()): string {
  const seconds = (now - Date.parse(moment)) / 1_000;
  if (Math.abs(seconds) < 5) return 'now';
  return seconds < 0 ? `in ${span(-seconds)}` : `${span(seconds)} ago`;
}

export function utc(moment: string): string {
  return `${new Date(moment).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function stepTook(step: Step): string {
  return step.duration_ms == null ? 'under way' : duration(step.duration_ms);
}

/** How many of each kind, without those that there are none of. */
export function counted(counts: Record<string, number>): string {
  return Object.entries(counts).filter(([, count]) => count).map(([kind, count]) => `${count} ${words(kind).toLowerCase()}`).join(', ');
}

export function customerPath(userId: string): string {
  return `/customers/${encodeURIComponent(userId)}`;
}

export function executionPath(arn: string): string {
  return `/executions/${encodeURIComponent(arn)}`;
}

/** The last part of an ARN: what people call an execution. */
export function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

export function asText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:]+(Z|\+00:00)$/.test(value)) return utc(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What a failed Task says, apart from where in the code it was. */
export function readCause(cause: string): { message: string; trace: string | null } {
  try {
    const told: unknown = JSON.parse(cause);
    if (typeof told === 'object' && told !== null && 'errorMessage' in told) {
      const trace = 'stackTrace' in told && Array.isArray(told.stackTrace) ? told.stackTrace.join('') : '';
      return { message: String(told.errorMessage), trace: trace || null };
    }
  } catch {
    // a sentence
  }
  return { message: cause, trace: null };
}

import { Button, Group, Modal, Progress, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useCallback, useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useLocation } from 'react-router';

import type { Problem } from '../api';
import { asProblem, useSession } from '../data';
import type { Tone } from '../words';
import { Status, Trouble } from './basics';

/** What was done about one thing. */
export interface Done {
  key: string;
  what: ReactNode;
  result: ReactNode;
  tone: Tone;
}

/** How somebody wants it done: why, what the dialog's other fields say, and until when. */
export interface Asked {
  reason: string;
  fields: FormData;
  stop: AbortSignal;
}

interface Acting {
  /** On the button, and on the dialog's. */
  label: string;
  title: string;
  /** What will happen, before it does; and fields by name, where there is something to choose. */
  explains: ReactNode;
  /** Roughly how many things it is about, for the progress. */
  count?: number;
  danger?: boolean;
  quiet?: boolean;
  /** What the button says by which one leaves it while it goes on, where one can. */
  leave?: string;
  /** Does it, telling of each thing as it is done. */
  act: (asked: Asked) => AsyncIterable<Done>;
}

/** The newest of so many are listed: all of them are in the audit log. */
const LISTED = 200;

const Ask = createContext<(acting: Acting, button: HTMLElement) => void>(() => {});

/** A button that changes something: it asks first, wants a reason, and shows what was done. */
export function Act(acting: Acting) {
  const leave = useSession()?.leave;
  const ask = use(Ask);
  const button = {
    variant: acting.quiet ? 'default' : 'filled',
    ...(acting.danger && { color: 'red', variant: 'light' }),
  };
  if (!leave?.allowed) {
    return (
      <Tooltip label={leave?.why_not ?? 'One moment.'}>
        <Button {...button} data-disabled aria-disabled onClick={(event) => event.preventDefault()}>{acting.label}</Button>
      </Tooltip>
    );
  }
  return <Button {...button} onClick={(event) => ask(acting, event.currentTarget)} aria-haspopup="dialog">{acting.label}</Button>;
}

/** Where the dialogs of all buttons are: what was done stays to be read, though its button be gone by then. */
export function Acts({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<{ acting: Acting; button: HTMLElement }>();
  const ask = useCallback((acting: Acting, button: HTMLElement) => setAsked({ acting, button }), []);
  function close() {
    setAsked(undefined);
    setTimeout(() => focusAgain(asked?.button));
  }
  return (
    <Ask value={ask}>
      {children}
      {asked && <Dialog {...asked.acting} close={close} />}
    </Ask>
  );
}

/** Whoever uses the keyboard goes on where they were, or at the page where the button is gone by now. */
function focusAgain(button?: HTMLElement): void {
  if (document.activeElement !== document.body) return;
  (button?.isConnected ? button : document.getElementById('main'))?.focus({ preventScroll: true });
}

type State = 'asking' | 'working' | 'done';

function Dialog({ close, ...acting }: Acting & { close: () => void }) {
  const queries = useQueryClient();
  const [missing, setMissing] = useState(false);
  const [state, setState] = useState<State>('asking');
  const [done, setDone] = useState<ReadonlyMap<string, Done>>(new Map());
  const [problem, setProblem] = useState<Problem>();
  const [stop] = useState(() => new AbortController());
  useElsewhere(() => state !== 'working' && close());

  async function go(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    const reason = String(fields.get('reason')).trim();
    if (!reason) return setMissing(true);
    setState('working');
    try {
      for await (const item of acting.act({ reason, fields, stop: stop.signal })) {
        setDone((before) => new Map([...before].filter(([key]) => key !== item.key)).set(item.key, item));
      }
    } catch (error) {
      if (!stop.signal.aborted) setProblem(asProblem(error));
    }
    setState('done');
    await queries.invalidateQueries();
  }

  return (
    <Modal opened onClose={close} title={acting.title} size="lg" closeOnClickOutside={state === 'asking'}
      closeOnEscape={state !== 'working'} withCloseButton={state !== 'working'}
      closeButtonProps={{ 'aria-label': 'Close' }} transitionProps={{ duration: 0 }}>
      {state === 'asking' ? (
        <form onSubmit={(event) => void go(event)}>
          <Stack gap="sm">
            <div>{acting.explains}</div>
            <Textarea label="Why" name="reason" description="It is kept in the audit log, with your name." data-autofocus required
              size="xs" maxLength={500} onChange={() => setMissing(false)} error={missing && 'Say why.'} />
            <Group justify="flex-end" gap="xs">
              <Button variant="default" onClick={close}>Cancel</Button>
              <Button type="submit" {...(acting.danger && { color: 'red' })}>{acting.label}</Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack gap="sm">
          <div role="status">
            <Text fw={600}>{summary(state, [...done.values()], stop.signal.aborted, acting.count)}</Text>
          </div>
          {state === 'working' && (
            <Progress animated aria-label="Progress" value={acting.count ? Math.min(100, (100 * done.size) / acting.count) : 100} />
          )}
          {problem && <Trouble problem={problem} />}
          <Results done={[...done.values()]} />
          <Group justify="flex-end">
            {state === 'done' ? <Button onClick={close} autoFocus>Close</Button>
              : acting.leave && <Button variant="default" onClick={() => stop.abort()}>{acting.leave}</Button>}
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function summary(state: State, done: readonly Done[], left: boolean, count?: number): string {
  if (state === 'working') return count && count > 1 ? `${done.length} of ${count} done …` : 'Working …';
  const bad = done.filter(({ tone }) => tone === 'bad').length;
  const told = bad ? `${done.length - bad} done, ${bad} failed.` : `Done: ${done.length}.`;
  return `${left ? 'Left before its end. ' : ''}${done.length ? told : 'Nothing was done.'}`;
}

function Results({ done }: { done: readonly Done[] }) {
  const listed = done.slice(-LISTED);
  return (
    <Stack gap={4} mah={320} style={{ overflowY: 'auto' }} tabIndex={listed.length > 8 ? 0 : undefined} aria-label="What was done">
      {listed.length < done.length && <Text c="dimmed">The last {LISTED}; all of them are in the audit log.</Text>}
      {listed.map(({ key, what, result, tone }) => (
        <Group key={key} gap="sm" wrap="nowrap" align="flex-start" justify="space-between">
          <span className="wrap">{what}</span>
          <span className="wrap"><Status of="" tone={tone}>{result}</Status></span>
        </Group>
      ))}
    </Stack>
  );
}

/** Calls back when another page is gone to. */
function useElsewhere(gone: () => void): void {
  const { pathname } = useLocation();
  const at = useRef(pathname);
  useEffect(() => {
    if (at.current === pathname) return;
    at.current = pathname;
    gone();
  });
}

import { Popover, TextInput, type MantineBreakpoint } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useRef, useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';

import { search, type Problem } from '../api';
import { answer, asProblem } from '../data';
import { Trouble } from '../parts/basics';
import { customerPath, executionPath } from '../words';

/** One box for everything that names an execution or a customer. */
export function Search(shown: { visibleFrom?: MantineBreakpoint; hiddenFrom?: MantineBreakpoint }) {
  const go = useNavigate();
  const box = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  useHotkeys([['/', () => box.current?.offsetParent && box.current.focus()]]);

  async function find(event: FormEvent) {
    event.preventDefault();
    if (busy || !text.trim()) return;
    setBusy(true);
    try {
      const found = await answer(search({ query: { text: text.trim() } }));
      setText('');
      setProblem(undefined);
      await go(found.execution_arn ? executionPath(found.execution_arn) : customerPath(found.user_id!));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Popover opened={problem !== undefined} onChange={() => setProblem(undefined)} width="target" position="bottom" trapFocus={false}>
      <Popover.Target>
        <form role="search" onSubmit={(event) => void find(event)} style={{ flex: 1, maxWidth: 520 }} data-search>
          <TextInput ref={box} {...shown} aria-label="Search" placeholder="User, e-mail, Stripe id or execution  ( / )" value={text}
            onChange={(event) => { setText(event.currentTarget.value); setProblem(undefined); }} readOnly={busy} aria-busy={busy}
            maxLength={300} spellCheck={false} autoComplete="off" />
        </form>
      </Popover.Target>
      <Popover.Dropdown p={0}>{problem && <Trouble problem={problem} />}</Popover.Dropdown>
    </Popover>
  );
}

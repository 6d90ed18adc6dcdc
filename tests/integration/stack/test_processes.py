"""Children end together, with everything that they started, however the stack ends."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.stack.errors import StackError, Stopped
from local.stack.processes import Children, StopSignal

Eventually = Callable[[Callable[[], bool]], None]

FOREVER = "import time; time.sleep(600)"  # longer than any wait here
START_SECONDS = 120


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def stop() -> Iterator[StopSignal]:
    signal_to_stop = StopSignal()
    yield signal_to_stop
    signal_to_stop.close()


@pytest.fixture
def children(tmp_path: Path, stop: StopSignal) -> Iterator[Children]:
    started = Children(tmp_path / "logs", tmp_path / "pids", tmp_path, stop)
    yield started
    started.end()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_condition_is_waited_for(children: Children, tmp_path: Path) -> None:
    children.start_server("a server", python(f"open('up', 'w'); {FOREVER}"), {})

    children.wait_until((tmp_path / "up").exists, "it never came up", timeout=START_SECONDS)


def test_a_condition_that_never_holds_is_complained_of(children: Children) -> None:
    with pytest.raises(StackError, match="nobody came"):
        children.wait_until(lambda: False, "nobody came", timeout=0.1)


def test_a_server_that_ends_cuts_every_wait_short_with_its_last_line(children: Children) -> None:
    fails = python("import sys; sys.exit('starting\\nversion 2 found\\n')")
    children.start_server("a server", fails, {})

    with pytest.raises(
        StackError, match=r"a server has ended with exit code 1: version 2 found \[.*a-server\.log"
    ):
        children.wait_until(lambda: False, "nobody noticed", timeout=START_SECONDS)


def test_a_server_that_was_killed_is_told_with_the_signal(children: Children) -> None:
    killed = python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    children.start_server("a server", killed, {})

    with pytest.raises(StackError, match="a server has ended with SIGKILL: it said nothing"):
        children.wait_until(lambda: False, "nobody noticed", timeout=START_SECONDS)


def test_a_tool_that_fails_is_told_with_its_last_lines(children: Children) -> None:
    with pytest.raises(
        StackError, match=r"a tool failed with exit code 1, see .*a-tool\.log:\nwhat\nwhy$"
    ):
        children.wait_for_end(
            children.start_tool("a tool", python("import sys; sys.exit('what\\nwhy')"), {})
        )


def test_a_tool_that_succeeds_is_waited_for(children: Children, tmp_path: Path) -> None:
    children.wait_for_end(children.start_tool("a tool", python("open('done', 'w')"), {}))

    assert (tmp_path / "done").exists()


def test_a_signal_cuts_a_tool_short(children: Children, stop: StopSignal) -> None:
    tool = children.start_tool("a tool", python(FOREVER), {})
    stop.set()

    with pytest.raises(Stopped):
        children.wait_for_end(tool)


def test_a_signal_sets_the_stop_signal(stop: StopSignal) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGHUP] = signal.getsignal(signal.SIGHUP)
    try:
        stop.listen()
        assert not stop.wait(0)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(5)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_the_descendants_of_a_child_end_with_it(
    children: Children, tmp_path: Path, eventually: Eventually
) -> None:
    grandchild = tmp_path / "grandchild"
    children.start_server(
        "a server",
        python(
            "import pathlib, subprocess;"
            "worker = subprocess.Popen(['sleep', '600']);"
            f"pathlib.Path({str(grandchild)!r}).write_text(str(worker.pid)); {FOREVER}"
        ),
        {"PATH": os.environ["PATH"]},
    )
    eventually(lambda: grandchild.exists() and grandchild.read_text() != "")

    children.end()

    eventually(lambda: not alive(int(grandchild.read_text())))


def test_what_a_killed_supervisor_left_is_ended_by_the_next(
    tmp_path: Path, stop: StopSignal, eventually: Eventually
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listen = f"import socket; s = socket.create_server(('127.0.0.1', {port})); {FOREVER}"
    folders = (tmp_path / "logs", tmp_path / "pids", tmp_path)

    def listens() -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", port)) == 0

    forgotten = Children(*folders, stop)
    forgotten.start_server("a server", python(listen), {})
    eventually(listens)

    Children(*folders, stop).end_leftovers()

    eventually(lambda: not listens())
    forgotten.end()

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

FOREVER = "import time; time.sleep(60)"


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


def test_a_server_is_there_once_it_is_ready(children: Children, tmp_path: Path) -> None:
    children.serve(
        "a server",
        python(f"open('up', 'w'); {FOREVER}"),
        {},
        ready=(tmp_path / "up").exists,
        timeout=10,
    )

    children.pause(0)


def test_a_server_that_never_answers_is_named_with_its_log(children: Children) -> None:
    with pytest.raises(StackError, match=r"a server did not answer in 0 s, see .*a-server\.log"):
        children.serve("a server", python(FOREVER), {}, ready=lambda: False, timeout=0.1)


def test_a_server_that_ends_while_it_starts_is_told_with_its_last_line(children: Children) -> None:
    with pytest.raises(StackError, match="a server has ended: version 2 found"):
        children.serve(
            "a server",
            python("import sys; sys.exit('starting\\nversion 2 found\\n')"),
            {},
            ready=lambda: False,
            timeout=10,
        )


def test_a_server_that_crashes_later_cuts_every_wait_short(
    children: Children, tmp_path: Path
) -> None:
    children.serve(
        "a server",
        python(
            "import os, sys, time; open('up', 'w')\n"
            "while not os.path.exists('crash'): time.sleep(0.01)\n"
            "sys.exit('out of memory')"
        ),
        {},
        ready=(tmp_path / "up").exists,
        timeout=10,
    )
    (tmp_path / "crash").touch()

    with pytest.raises(StackError, match="a server has ended: out of memory"):
        children.wait_until(lambda: False, "nobody noticed", timeout=10)


def test_a_tool_that_fails_is_told_with_its_last_lines(children: Children) -> None:
    with pytest.raises(StackError, match=r"a tool failed, see .*a-tool\.log:\nwhat\nwhy$"):
        children.run("a tool", python("import sys; sys.exit('what\\nwhy')"), {})


def test_a_tool_that_succeeds_is_waited_for(children: Children, tmp_path: Path) -> None:
    children.run("a tool", python("open('done', 'w')"), {})

    assert (tmp_path / "done").exists()


def test_a_signal_cuts_a_tool_short(children: Children, stop: StopSignal) -> None:
    stop.set()

    with pytest.raises(Stopped):
        children.run("a tool", python(FOREVER), {})


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
    children.serve(
        "a server",
        python(
            "import pathlib, subprocess, time;"
            "worker = subprocess.Popen(['sleep', '60']);"
            f"pathlib.Path({str(grandchild)!r}).write_text(str(worker.pid)); time.sleep(60)"
        ),
        {"PATH": os.environ["PATH"]},
        ready=lambda: grandchild.exists() and grandchild.read_text() != "",
        timeout=10,
    )

    children.end()

    eventually(lambda: not alive(int(grandchild.read_text())))


def test_what_a_killed_supervisor_left_is_ended_by_the_next(
    tmp_path: Path, stop: StopSignal, eventually: Eventually
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listen = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
    folders = (tmp_path / "logs", tmp_path / "pids", tmp_path)

    def listens() -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", port)) == 0

    forgotten = Children(*folders, stop)
    forgotten.serve("a server", python(listen), {}, ready=listens, timeout=10)

    Children(*folders, stop).end_leftovers()

    eventually(lambda: not listens())
    forgotten.end()

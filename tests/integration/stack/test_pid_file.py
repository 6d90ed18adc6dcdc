"""A pid file counts only while its process lives."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.stack.pid_file import HeldError, PidFile


@pytest.fixture
def pid_file(tmp_path: Path) -> PidFile:
    return PidFile(tmp_path / "folder" / "server.pid")


def test_the_holder_is_known_while_it_holds_the_lock(pid_file: PidFile) -> None:
    assert pid_file.holder() is None

    with pid_file.locked() as lock:
        pid_file.write(lock, 12345)
        assert pid_file.holder() == 12345

    assert pid_file.holder() is None


def test_a_stale_file_with_the_pid_of_a_living_process_names_nobody(pid_file: PidFile) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            with pid_file.locked() as lock:
                pid_file.write(lock, stranger.pid)

            assert pid_file.holder() is None
            pid_file.end(group=False, patience=1)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_only_one_can_hold_it(pid_file: PidFile) -> None:
    with pid_file.locked(), pytest.raises(HeldError), pid_file.locked():
        pass


def test_a_child_goes_on_holding_the_lock_it_inherited(pid_file: PidFile) -> None:
    with pid_file.locked() as lock:
        child = subprocess.Popen(["sleep", "60"], pass_fds=(lock,))
        pid_file.write(lock, child.pid)
    try:
        assert pid_file.holder() == child.pid
    finally:
        child.kill()
        child.wait()
    assert pid_file.holder() is None


@pytest.mark.parametrize("script", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN);"])
def test_a_holder_is_ended_even_if_it_does_not_listen(
    pid_file: PidFile, script: str, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    ready = pid_file.path.with_name("ready")
    code = f"import signal, time; {script} open({str(ready)!r}, 'w'); time.sleep(60)"
    with pid_file.locked() as lock:
        child = subprocess.Popen([sys.executable, "-c", code], pass_fds=(lock,))
        pid_file.write(lock, child.pid)
    eventually(ready.exists)

    pid_file.end(group=False, patience=0.5)

    eventually(lambda: pid_file.holder() is None)
    assert child.wait() < 0

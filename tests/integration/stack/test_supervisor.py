"""The supervisor's promises on the command line: one clear line, and nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import SecretStr

from local.stack.environment import isolated
from local.stack.errors import StackError
from local.stack.pid_file import PidFile
from local.stack.settings import HOST, PROJECT_ROOT, Settings
from local.stack.supervisor import require_free_ports
from tests.support.stack import command, fresh_settings, nothing_is_left

Eventually = Callable[[Callable[[], bool]], None]

#: How long an end may take on a busy machine, in seconds.
PATIENCE = 120


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return fresh_settings(tmp_path)


@pytest.fixture
def starting(settings: Settings, eventually: Eventually) -> Iterator["subprocess.Popen[bytes]"]:
    """`make run` as a terminal starts it, in the middle of the build, its servers up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.stack", "run"],
        cwd=PROJECT_ROOT,
        env=isolated() | settings.to_environment(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        eventually(lambda: listens(settings.aws_port) and listens(settings.stripe_port))
        yield process
    finally:
        process.kill()
        process.wait()
        command("down", settings)


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((HOST, port)) == 0


def has_supervisor(settings: Settings) -> bool:
    """Whether a supervisor of this stack lives, even one that holds no lock yet."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or somebody else's
            environment = (process / "environ").read_bytes().split(b"\0")
            ours = f"SCAI_STATE_DIR={settings.state_dir}".encode() in environment
            if ours and (process / "cmdline").read_bytes().endswith(b"\0run\0"):
                return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_the_start_even_twice_leaves_nothing(
    starting: "subprocess.Popen[bytes]",
    settings: Settings,
    eventually: Eventually,
    number: signal.Signals,
) -> None:
    assert (settings.pids / "sam-build.pid").exists()

    os.killpg(starting.pid, number)
    os.killpg(starting.pid, number)

    assert starting.wait(PATIENCE) == 0
    eventually(lambda: nothing_is_left(settings))


def test_what_a_killed_supervisor_left_is_removed_by_down(
    starting: "subprocess.Popen[bytes]", settings: Settings, eventually: Eventually
) -> None:
    starting.kill()
    starting.wait()
    assert not nothing_is_left(settings)

    stopped = command("down", settings)

    assert stopped.returncode == 0
    eventually(lambda: nothing_is_left(settings))


def test_down_stops_a_stack_that_is_still_starting(
    starting: "subprocess.Popen[bytes]", settings: Settings, eventually: Eventually
) -> None:
    stopped = command("down", settings)

    assert stopped.stdout.startswith("Stopped")
    assert starting.wait(PATIENCE) == 0
    eventually(lambda: nothing_is_left(settings))


def test_a_second_run_beside_the_first_is_refused(
    starting: "subprocess.Popen[bytes]", settings: Settings
) -> None:
    second = command("run", settings)

    assert second.returncode == 1
    assert second.stderr == "error: a stack is already running here (make down stops it)\n"
    assert starting.poll() is None
    assert listens(settings.aws_port)


def test_a_server_that_crashes_ends_the_stack_with_one_line(
    starting: "subprocess.Popen[bytes]", settings: Settings, eventually: Eventually
) -> None:
    simulator = PidFile(settings.pids / "stripe-simulator.pid").holder()
    assert simulator is not None

    os.kill(simulator, signal.SIGKILL)

    assert starting.wait(PATIENCE) == 1
    eventually(lambda: nothing_is_left(settings))


@pytest.mark.parametrize("variable", ["SCAI_AWS_PORT", "SCAI_CONSOLE_PORT", "SCAI_STRIPE_PORT"])
def test_a_taken_port_is_named_with_the_variable_that_chooses_another(
    settings: Settings, eventually: Eventually, variable: str
) -> None:
    port = settings.ports[variable]
    with socket.create_server((HOST, port)):
        started = command("up", settings)

    assert started.returncode == 1
    assert started.stdout == ""
    assert started.stderr == (
        f"error: port {port} is taken: free it, or choose another by {variable}\n"
    )
    eventually(lambda: nothing_is_left(settings))


def test_one_port_for_two_parts_is_refused(settings: Settings) -> None:
    shared = settings.model_copy(update={"stripe_port": settings.aws_port})

    started = command("up", shared)

    assert started.stderr == (
        "error: SCAI_AWS_PORT and SCAI_STRIPE_PORT are the same port: choose another\n"
    )


def test_a_port_that_needs_privileges_is_not_called_taken(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class UnprivilegedSocket(socket.socket):
        def bind(self, _: object, /) -> None:
            raise PermissionError

    monkeypatch.setattr(socket, "socket", UnprivilegedSocket)

    with pytest.raises(StackError, match=r"port \d+ needs privileges: choose another by SCAI_AWS"):
        require_free_ports(settings)


def test_ctrl_c_in_the_first_second_of_up_leaves_no_start_in_the_background(
    settings: Settings, eventually: Eventually
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "local.stack", "up"],
        cwd=PROJECT_ROOT,
        env=isolated() | settings.to_environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as up:
        eventually(lambda: has_supervisor(settings))
        up.send_signal(signal.SIGINT)
        _, told = up.communicate(timeout=PATIENCE)

    assert (up.returncode, told) == (130, "")
    assert not has_supervisor(settings)
    eventually(lambda: nothing_is_left(settings))


def test_ctrl_c_during_the_imports_shows_no_traceback(settings: Settings) -> None:
    with subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "local.stack", "up"],
        cwd=PROJECT_ROOT,
        env=isolated() | settings.to_environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as up:
        assert up.stderr is not None
        next(line for line in up.stderr if "argparse" in line)
        up.send_signal(signal.SIGINT)
        _, told = up.communicate(timeout=PATIENCE)
        command("down", settings)

    assert up.returncode == 130
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("down", ""),
        ("status", "error: no stack is running"),
        ("demo", "error: no stack is running"),
    ],
)
def test_a_live_key_in_the_shell_keeps_only_a_start_from_working(
    settings: Settings, name: str, answer: str
) -> None:
    live = settings.model_copy(update={"stripe_secret_key": SecretStr("sk_live_1")})

    assert command(name, live).stderr.startswith(answer)
    assert "STRIPE_SECRET_KEY: is not a test-mode key" in command("up", live).stderr


def test_after_a_crash_the_log_is_named(settings: Settings) -> None:
    with socket.create_server((HOST, settings.aws_port)):
        command("up", settings)

    asked = command("status", settings)

    assert (
        f"no stack is running (the last one did not end well, see {settings.supervisor_log})"
        in (asked.stderr)
    )


def test_a_stale_pid_file_does_not_keep_a_stack_from_starting(settings: Settings) -> None:
    settings.supervisor_pid.write_text(str(os.getpid()))
    settings.stack_file.write_text("{}")
    with socket.create_server((HOST, settings.aws_port)):  # as far as a start needs to go here
        started = command("up", settings)

    assert "is taken" in started.stderr
    assert not settings.stack_file.exists()


def test_down_with_nothing_running_succeeds(settings: Settings) -> None:
    stopped = command("down", settings)

    assert (stopped.returncode, stopped.stdout) == (0, "Nothing is running.\n")


@pytest.mark.parametrize("name", ["demo", "status"])
def test_a_running_stack_is_asked_for_in_one_line(settings: Settings, name: str) -> None:
    asked = command(name, settings)

    assert asked.returncode == 1
    assert asked.stderr == "error: no stack is running: make up\n"

"""A whole local stack for the tests: on free ports, in a folder of its own, ended at the end.

Guards a developer's own stack: it may run meanwhile, and is neither seen nor touched.
"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local.stack.environment import isolated
from local.stack.settings import HOST, PROJECT_ROOT, Settings
from local.stack.stack_file import StackFile
from tests.support.deployed import Deployed
from tests.support.ports import free_port
from tests.support.waiting import eventually


@pytest.fixture(scope="session")
def stack_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of the session's stack; asking for them starts nothing."""
    return fresh_settings(tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="session")
def stack(stack_settings: Settings) -> Iterator[StackFile]:
    """The session's running stack, as `make up` starts it."""
    started = command("up", stack_settings)
    try:
        if started.returncode:
            pytest.fail(f"the stack did not start: {started.stderr}", pytrace=False)
        yield StackFile.read(stack_settings.stack_file)
    finally:
        command("down", stack_settings)
    eventually(lambda: nothing_is_left(stack_settings), "the stack's end")


@pytest.fixture(scope="session")
def deployed(stack: StackFile) -> Iterator[Deployed]:
    """Drive the session's stack from both of its sides, as callers and as Stripe."""
    driver = Deployed(stack)
    yield driver
    driver.close()


def fresh_settings(state_dir: object) -> Settings:
    """Settings of a stack that meets no other: free ports and its own folder."""
    variables = ("SCAI_AWS_PORT", "SCAI_STRIPE_PORT", "SCAI_CONSOLE_PORT")
    ports: set[int] = set()
    while len(ports) < len(variables):
        ports.add(free_port())
    chosen = dict(zip(variables, ports, strict=True))
    return Settings.model_validate({**chosen, "SCAI_STATE_DIR": state_dir})


def command(name: str, settings: Settings) -> "subprocess.CompletedProcess[str]":
    """Run `python -m local.stack <name>` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "local.stack", name],
        cwd=PROJECT_ROOT,
        env=isolated() | settings.to_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )


def nothing_is_left(settings: Settings) -> bool:
    """Whether no port, process or temporary folder of a stack is there any more."""
    return not (
        any(map(_listens, settings.ports.values()))
        or _processes_in(settings.state_dir)
        or settings.work.exists()
        or settings.stack_file.exists()
    )


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((HOST, port)) == 0


def _processes_in(folder: Path) -> list[str]:
    """The processes whose environment names the folder, as a stack's all do (seen on Linux)."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # ended meanwhile, or somebody else's
            if f"{folder}/".encode() in environment.read_bytes():
                found.append(environment.parent.name)
    return found

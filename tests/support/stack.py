"""A whole local stack for the tests: on free ports, in a folder of its own, ended at the end.

Guards a developer's own stack: it may run meanwhile, and is neither seen nor touched.
"""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from local.embedded_aws.process import free_port
from local.stack.environment import isolated
from local.stack.settings import PROJECT_ROOT, Settings
from local.stack.stack_file import StackFile


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


def fresh_settings(state_dir: object) -> Settings:
    """Settings of a stack that meets no other: free ports and its own folder."""
    return Settings.model_validate(
        {"SCAI_AWS_PORT": free_port(), "SCAI_STRIPE_PORT": free_port(), "SCAI_STATE_DIR": state_dir}
    )


def command(name: str, settings: Settings) -> "subprocess.CompletedProcess[str]":
    """Run `python -m local.stack <name>` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "local.stack", name],
        cwd=PROJECT_ROOT,
        env=isolated() | settings.to_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

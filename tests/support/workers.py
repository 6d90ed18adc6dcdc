"""The processes that Lambdas run in, on the deployed stack (seen on Linux)."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from local.stack.stack_file import StackFile


def kill_workers(stack: StackFile, function: str) -> int:
    """Kill a function's processes, idle ones too; give how many."""
    killed = 0
    for pid in _workers(stack, function):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def _workers(stack: StackFile, function: str) -> Iterator[int]:
    """The processes whose environment names this stack and the function."""
    variables = {"AWS_ENDPOINT_URL": stack.aws_endpoint, "AWS_LAMBDA_FUNCTION_NAME": function}
    wanted = {f"{name}={value}".encode() for name, value in variables.items()}
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # ended meanwhile, or somebody else's
            if wanted <= set(environment.read_bytes().split(b"\0")):
                yield int(environment.parent.name)

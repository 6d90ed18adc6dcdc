"""``scai-ops`` on the tests' own stack: as a process, or, much sooner, within this one."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import botocore.session

from local.stack.environment import isolated
from local.stack.settings import PROJECT_ROOT, Settings
from ops.cli import main

PROGRAM = Path(sys.executable).with_name("scai-ops")
#: What a command that changes something is given.
SURE = ("--yes", "--reason", "a test")

Ended = subprocess.CompletedProcess[str]

#: boto3 reads its descriptions of AWS for each session anew: most of what a command takes.
_read_once = cache(botocore.session.create_loader)


class ScaiOps:
    """Runs commands and gives what they say."""

    def __init__(self, settings: Settings) -> None:
        self._environment = isolated() | settings.to_environment()

    def run(self, *arguments: str) -> Ended:
        """Run a command in this process, which has imported already what takes it so long."""
        out, err, code = io.StringIO(), io.StringIO(), 0
        with (
            patch.dict(os.environ, self._environment, clear=True),
            patch.object(sys, "argv", [str(PROGRAM), *arguments]),
            patch.object(botocore.session, "create_loader", _read_once),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Ended(arguments, code, out.getvalue(), err.getvalue())

    def json(self, *arguments: str, exits: int = 0) -> Any:
        """What a command answers a script."""
        ended = self.run(*arguments, "--json")
        assert ended.returncode == exits, ended.stderr
        return json.loads(ended.stdout)

    def run_apart(self, *arguments: str) -> Ended:
        """Run the installed command in a process of its own, to its end."""
        return subprocess.run(
            [str(PROGRAM), *arguments],
            cwd=PROJECT_ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    @contextmanager
    def started(self, *arguments: str) -> "Iterator[subprocess.Popen[bytes]]":
        """A process while it runs; it has ended afterwards, whatever it did."""
        with subprocess.Popen(
            [str(PROGRAM), *arguments],
            cwd=PROJECT_ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

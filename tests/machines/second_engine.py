"""The npm package ``stepfunctions-local``: another Step Functions engine, for a second opinion.

Known deviations of 1.3.1, each seen with it, for which it is asked after happy paths alone:

- A Task's ``Parameters`` are ignored: a function gets the state's whole input.
- ``Retry`` and ``TimeoutSeconds`` are ignored. A function that fails is never tried again; a call
  that Lambda refuses (429, 5xx) is, three times, whatever the definition says.
- ``Catch`` compares names with the header ``X-Amz-Function-Error``, so that an error's class never
  matches; where it does match, the state loses its ``ResultPath`` in every later execution.
- A ``Fail`` state ends the execution as SUCCEEDED.
- There is no ``RedriveExecution``, and nothing of JSONata.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel

from tests.machines.case import mocks_of
from tests.machines.engine import Engine, engine_at
from tests.machines.mock_config import RESPONSES, Answer, cases_of
from tests.support.definitions import ROOT, runnable

NODE = str(Path(sys.executable).with_name("node"))
PROGRAM = str(ROOT / "tests" / "contracts" / "node" / "stepfunctions_local.cjs")


class Functions(ThreadingHTTPServer):
    """Lambda's Invoke, as far as a happy path calls it: gives each function's answers in turn."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Invoke)
        self._answers: dict[str, Iterator[Answer]] = {}

    def prepare(self, machine: str, case: str) -> None:
        """Answer as the case's mocks say, from the first one on."""
        mocks = mocks_of(cases_of(machine)[case])
        states = json.loads(runnable(machine))["States"]
        self._answers = {
            states[name]["Resource"]: iter(RESPONSES[responses])
            for name, responses in mocks.items()
        }

    def answer(self, function_arn: str) -> bytes:
        answer = next(self._answers[function_arn])
        assert isinstance(answer, BaseModel), "only happy paths are run here"
        return answer.model_dump_json().encode()


class _Invoke(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Functions

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.server.answer(unquote(self.path).split("/")[3])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Nothing: the tests tell."""


class SecondEngine:
    """The package, and the functions that it calls."""

    def __init__(self, engine: Engine, functions: Functions) -> None:
        self._engine = engine
        self._functions = functions

    def run(self, machine: str, case: str) -> list[str]:
        """Run a case and give its path, as ``Engine.run`` does."""
        self._functions.prepare(machine, case)
        return self._engine.run(machine)


@contextmanager
def second_engine_running() -> Iterator[SecondEngine]:
    with (
        _serving() as functions,
        _package_running(functions.server_port) as endpoint,
        engine_at(endpoint) as engine,
    ):
        yield SecondEngine(engine, functions)


@contextmanager
def _serving() -> Iterator[Functions]:
    with Functions() as functions:
        thread = Thread(target=functions.serve_forever)
        thread.start()
        try:
            yield functions
        finally:
            functions.shutdown()
            thread.join()


@contextmanager
def _package_running(lambda_port: int) -> Iterator[str]:
    command = [NODE, "--no-warnings", PROGRAM, f"http://127.0.0.1:{lambda_port}"]
    environment = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            endpoint = process.stdout.readline().strip()
            assert endpoint, "stepfunctions-local did not start: `make test` installs it"
            yield endpoint
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # the command starts the real Node, and waits

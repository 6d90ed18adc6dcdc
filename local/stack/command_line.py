"""The commands run, up, down, status and demo.

An error is one message on standard error and exit code 1; a traceback is a bug.
"""

import argparse
import os
import sys

import httpx
from botocore.exceptions import BotoCoreError

from local.stack import control, supervisor
from local.stack.demo import Demo
from local.stack.environment import isolated
from local.stack.errors import StackError
from local.stack.processes import StopSignal
from local.stack.running import ERROR_PREFIX, running_stack
from local.stack.settings import Settings

#: Only these use Stripe's key: the others must work whatever key the shell exports.
_STARTS_A_STACK = ("run", "up")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.stack")
    parser.add_argument("command", choices=("run", "up", "down", "status", "demo"))
    command = parser.parse_args().command
    try:
        environ = os.environ if command in _STARTS_A_STACK else isolated()
        settings = Settings.from_environment(environ)
        _forget_aws_accounts()
        _run(command, settings)
    except StackError as error:
        print(f"{ERROR_PREFIX}{error}", file=sys.stderr)
        return 1
    except (httpx.HTTPError, BotoCoreError) as error:
        print(f"{ERROR_PREFIX}the stack does not answer: {error}", file=sys.stderr)
        return 1
    return 0


def _run(command: str, settings: Settings) -> None:
    match command:
        case "run":
            stop = StopSignal()
            stop.listen()
            supervisor.run(settings, stop, _say)
        case "up":
            control.up(settings, _say)
        case "down":
            control.down(settings, _say)
        case "status":
            _say(control.status(settings))
        case "demo":
            Demo(running_stack(settings), _say).run()


def _say(text: str) -> None:
    print(text, flush=True)


def _forget_aws_accounts() -> None:
    """Leave our own environment, too, without anything of the developer's AWS set-up."""
    clean = isolated()
    os.environ.clear()
    os.environ.update(clean)

"""The simulator as a program: what it says when it starts, and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import httpx
import stripe

from tests.contracts.stripe_simulator.server import DEADLINE, ROOT

COMMAND = [sys.executable, "-m", "local.stripe_simulator", "--port", "0"]


def started(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A running simulator, and all that it said."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "Ctrl-C" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate()
    return process, "".join(lines)


def ended_by(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    process.send_signal(number)
    _, errors = process.communicate(timeout=DEADLINE)
    return process.returncode, errors


def test_it_says_how_to_use_it_and_ctrl_c_ends_it_without_a_word() -> None:
    process, said = started()
    try:
        base = re.findall(r'base_addresses=\{"api": "([^"]*)"\}', said)[0]
        key = re.findall(r'StripeClient\("([^"]*)"', said)[0]
        client = stripe.StripeClient(key, base_addresses={"api": base})
        assert client.v1.products.list().data == []
        page, fill = re.findall(r"(http\S*/_sim/\w*)$", said, re.MULTILINE)
        assert httpx.get(page, timeout=DEADLINE).status_code == 200
        assert httpx.post(fill, timeout=DEADLINE).status_code == 200
        assert len(client.v1.products.list().data) == 3
    finally:
        ended = ended_by(process, signal.SIGINT)
    assert ended == (0, "")


def test_ctrl_c_during_the_imports_ends_it_without_a_word() -> None:
    command = [sys.executable, "-X", "importtime", *COMMAND[1:]]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    next(line for line in process.stderr if "argparse" in line)
    code, errors = ended_by(process, signal.SIGINT)
    assert code == 130
    assert "Traceback" not in errors


def test_it_does_not_tell_the_key_it_was_given() -> None:
    process, said = started("--secret-key", "sk_test_only_this_one")
    assert "sk_test_only_this_one" not in said
    assert "Any key" not in said
    ended_by(process, signal.SIGTERM)

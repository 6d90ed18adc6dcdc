"""Every command of the runbook is tried on the deployed stack; what would change it, dry."""

import re

import pytest

from local.stack.stack_file import StackFile
from tests.support.runbook import commands
from tests.support.scai_ops import SURE, ScaiOps

CHANGING = {
    "retry",
    "retry-failed",
    "replay",
    "publish-facts",
    "reconcile",
    "dlq redrive",
    "dlq drop",
}
#: Names of examples, of which no stack has any.
EXAMPLES = {"3f9a2c71", "5c1f", "cus_1"}


@pytest.fixture(scope="module")
def execution(scai_ops: ScaiOps) -> str:
    """The name of an execution: a comparison's that was completed."""
    assert scai_ops.run("reconcile", "--all", *SURE).returncode in (0, 1)
    newest, *_ = scai_ops.json("executions", "--machine", "reconcile")
    return str(newest["name"])


def as_typed_here(words: list[str], execution: str, email: str) -> list[str]:
    """A command of the runbook's, of this stack and changing nothing."""
    if words[0] == "--profile":
        words = words[2:]
    here = [
        execution if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", word) else word
        for word in words
    ]
    here = [email if word == "user@example.com" else word for word in here]
    changes = words[0] in CHANGING or " ".join(words[:2]) in CHANGING
    return [*here, "--dry-run"] if changes and "--dry-run" not in here else here


@pytest.mark.parametrize("words", commands("scai-ops"), ids=lambda words: " ".join(words)[:60])
def test_a_command_does_on_this_stack_what_the_runbook_says(
    words: list[str], execution: str, scai_ops: ScaiOps, stack: StackFile
) -> None:
    ended = scai_ops.run(*as_typed_here(words, execution, stack.users[0].email))

    if EXAMPLES & set(words):
        assert ended.returncode == 0 or ended.stderr.startswith("error: "), ended.stderr
    elif "health" in words:
        assert ended.returncode in (0, 1)
        assert not ended.stderr
    else:
        assert ended.returncode == 0, ended.stderr

"""The runbook's commands, as they stand in its blocks."""

import re
import shlex

from tests.support.template import ROOT

RUNBOOK = ROOT / "docs" / "runbook.md"


def sections() -> list[str]:
    """The anchors of its sections."""
    return re.findall(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)


def commands(program: str) -> list[list[str]]:
    """Each different command of a program, as the words of its line after the program's name."""
    text = RUNBOOK.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = dict.fromkeys(line for block in blocks for line in block.splitlines())
    words = [shlex.split(line) for line in lines]
    return [rest for first, *rest in words if first == program]

"""What the runbook tells somebody to type at night exists, and is spelt so."""

import re
from functools import cache
from typing import Any

import botocore.session
import pytest
import typer.main
from botocore import xform_name

from ops.cli.app import app
from tests.support.runbook import RUNBOOK, commands
from tests.support.template import ROOT, Template

TEXT = RUNBOOK.read_text(encoding="utf-8")
GLOBAL = {"--profile", "--region", "--stack-name"}
OF_THE_CLI = {"--profile", "--region", "--output", "--query"}


def shown(words: list[str]) -> str:
    return " ".join(words)[:70]


@cache
def service_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@pytest.mark.parametrize("words", commands("scai-ops"), ids=shown)
def test_scai_ops_takes_every_command(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    words = list(words)
    while words[0] in GLOBAL:
        words = words[2:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]

    command.make_context(command.name, words)


@pytest.mark.parametrize("words", commands("aws"), ids=shown)
def test_aws_has_every_operation_and_what_it_is_given(words: list[str]) -> None:
    service, operation, *rest = words
    model = service_model(service)
    (name,) = [n for n in model.operation_names if xform_name(n, "-") == operation]
    shape = model.operation_model(name).input_shape
    members = {f"--{xform_name(member, '-')}": member for member in shape.members}
    given = {word for word in rest if word.startswith("--")} - OF_THE_CLI

    assert given <= members.keys()
    assert set(shape.required_members) <= {members[option] for option in given}


@pytest.mark.parametrize("words", commands("make"), ids=shown)
def test_make_has_every_target(words: list[str]) -> None:
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert words[0] in targets


def test_every_line_of_its_blocks_is_a_command_that_is_tried() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    programs = {line.split()[0] for block in blocks for line in block.splitlines()}

    assert programs == {"scai-ops", "aws", "make"}


def test_the_lines_of_the_log_that_it_looks_for_are_written() -> None:
    code = "".join(path.read_text() for path in (ROOT / "functions").rglob("*.py"))
    messages = set(re.findall(r'\$\.message = "([^"]+)"', TEXT))

    assert len(messages) > 5
    assert not [message for message in messages if f'"{message}"' not in code]


def test_the_parameters_that_it_names_are_the_templates() -> None:
    template = Template()
    named = re.findall(r"`([A-Z][A-Za-z]+(?:Hours|Email|PerSecond))`", TEXT)

    assert named
    for parameter in named:
        assert parameter in template.parameters


def test_every_link_leads_to_one_of_its_sections() -> None:
    links = set(re.findall(r"\]\(#([a-z-]+)\)", TEXT))

    assert links <= set(re.findall(r"^## ([a-z-]+)$", TEXT, re.MULTILINE))

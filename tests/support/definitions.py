"""The state machines as files: parsed, and made runnable without deployed functions."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MACHINES = ROOT / "statemachines"

#: Machine input that every definition is started with; mocked steps don't look at it.
SAMPLE_INPUT = {
    "event": {"id": "evt_1", "type": "sample", "created": 1, "api_version": None, "data": {}},
    "source": "scai.stripe",
}


def machine_names() -> list[str]:
    return sorted(path.name.removesuffix(".asl.json") for path in MACHINES.glob("*.asl.json"))


def event_machines() -> list[str]:
    """The machines that a Stripe event starts: they begin alike."""
    return [name for name in machine_names() if definition_of(name)["StartAt"] == "Claim Event"]


def text_of(machine: str) -> str:
    return (MACHINES / f"{machine}.asl.json").read_text()


@cache
def definition_of(machine: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(text_of(machine))
    return parsed


def tasks_of(machine: str) -> dict[str, dict[str, Any]]:
    states = definition_of(machine)["States"]
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def folder_of(machine: str, task: str) -> str:
    """Where a Task's module is: with the machine, or with the shared steps."""
    own = ROOT / "functions" / machine / f"{snake(task)}.py"
    return machine if own.exists() else "steps"


def runnable(machine: str) -> str:
    """Put a well-formed ARN where the template puts each function's alias."""
    return re.sub(
        r"\$\{(\w+)Arn\}",
        r"arn:aws:lambda:us-east-1:000000000000:function:\1:live",
        text_of(machine),
    )


def snake(name: str) -> str:
    return name.lower().replace(" ", "_")


def pascal(name: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"[ _]", name))

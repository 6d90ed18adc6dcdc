"""Walk a machine's own definition with its own steps, on the ports of a unit test."""

from importlib import import_module
from typing import Any, get_type_hints

from tests.simulation.walker.definition import Machine
from tests.simulation.walker.execution import Execution, Failed, Invoke, Sleep, Succeeded
from tests.support.aws import FakePorts
from tests.support.definitions import folder_of, snake


def walk(machine: str, given: dict[str, Any], ports: FakePorts) -> list[str]:
    """Run an execution to its end; give the states entered.

    A wait moves the clock. An error of a step is the caller's: nothing is retried.
    """
    arn = f"arn:aws:states:us-east-1:123456789012:execution:scai-billing-{machine}:1"
    execution = Execution(Machine.named(machine), given, arn=arn)
    while not isinstance(effect := execution.effect, Succeeded | Failed):
        match effect:
            case Invoke():
                execution.succeed(_answer(machine, effect, ports))
            case Sleep(until=until):
                assert until is not None
                ports.clock.now = int(until)
                execution.wake()
    assert isinstance(effect, Succeeded), effect
    return execution.path


def _answer(machine: str, invoked: Invoke, ports: FakePorts) -> Any:
    name = snake(invoked.state)
    step = getattr(import_module(f"{folder_of(machine, invoked.state)}.{name}"), name)
    request = get_type_hints(step)["request"].model_validate(invoked.payload)
    return step(request, ports).model_dump(mode="json")

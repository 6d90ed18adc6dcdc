"""Start Successor: one further execution, however often it is asked for."""

from billing.contracts.reconcile import ReconcileInput, RunInput
from reconcile.start_successor import start_successor
from tests.support.api import EnginePorts
from tests.support.reconcile import arn, claimed


def test_the_successor_goes_on_with_the_run_and_is_started_once(ports: EnginePorts) -> None:
    run = claimed(ports).model_copy(update={"outcome": "full", "page": 500})

    names = [start_successor(RunInput(run=run, execution=arn("a")), ports) for _ in range(2)]

    assert names[0] == names[1]
    ((name, input_),) = ports.executions.successors.items()
    assert name == f"{run.id}-500"
    assert len(name) <= 80
    assert ReconcileInput.model_validate_json(input_) == ReconcileInput(scope="all", run=run)

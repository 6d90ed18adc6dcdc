"""Start Successor, in ``reconcile``: let another execution go on before this one's history is full.

Guards that a run goes on once: the successor's name follows from the run and its page.
"""

from billing.contracts.reconcile import ReconcileInput, RunInput, StartSuccessorOutput
from billing.runtime import Ports, step_handler


def start_successor(request: RunInput, ports: Ports) -> StartSuccessorOutput:
    """Start the execution that goes on from here. Idempotent.

    Raises:
        StoreUnavailable: Step Functions didn't answer.
    """
    run = request.run
    name = f"{run.id}-{run.page}"
    going_on = ReconcileInput(scope=run.scope, run=run).model_dump_json(exclude_none=True)
    ports.executions.start_successor(request.execution, name, going_on)
    return StartSuccessorOutput(successor=name)


handler = step_handler(RunInput, start_successor)

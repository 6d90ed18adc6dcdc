"""What every step's handler does around the step: what it logs, and as what it fails."""

import io
import json
from typing import Any

import pytest

from billing.contracts.steps import CheckPaymentInput, ClaimEventInput, ClaimEventOutput, StepModel
from billing.domain.errors import ContractViolation
from billing.runtime import Ports, step_handler
from tests.support.aws import a_lambda_context

CHECK = {"event_id": "evt_1", "execution": "arn:1", "user_id": "user_1", "customer_id": "cus_1"}


def claimed(request: StepModel, ports: Ports) -> ClaimEventOutput:
    return ClaimEventOutput(claimed=True)


def only_line(log: io.StringIO) -> dict[str, Any]:
    (line,) = (json.loads(text) for text in log.getvalue().splitlines())
    return dict(line)


def test_a_step_logs_whose_it_is_and_which_event_however_its_input_names_it(
    log: io.StringIO,
) -> None:
    step_handler(CheckPaymentInput, claimed)(CHECK, a_lambda_context())

    line = only_line(log)
    assert line["message"] == "step done"
    assert {name: line.get(name) for name in CHECK} == CHECK


def test_an_input_that_breaks_its_contract_is_logged_once_and_without_its_values(
    log: io.StringIO,
) -> None:
    broken = {"event": {"id": "evt_1", "type": ["private"]}, "execution": "arn:1"}

    with pytest.raises(ContractViolation, match=r"event\.type"):
        step_handler(ClaimEventInput, claimed)(broken, a_lambda_context())

    line = only_line(log)
    assert (line["message"], line["exception_name"]) == ("invocation failed", "ContractViolation")
    assert (line["execution"], line["event_id"]) == ("arn:1", "evt_1")
    assert "private" not in log.getvalue()


def test_an_input_whose_event_names_nothing_is_logged_all_the_same(log: io.StringIO) -> None:
    with pytest.raises(ContractViolation):
        step_handler(ClaimEventInput, claimed)({"event": "private"}, a_lambda_context())

    assert "event_id" not in only_line(log)

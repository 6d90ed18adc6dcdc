"""The ledger learns of failed executions from hints that come late, twice and out of order."""

import json
from typing import Any

import pytest

from billing.contracts.status_changes import LONGEST_CAUSE, StatusChange
from billing.contracts.steps import ClaimEventInput, LifecycleInput
from handlers.record_failure import handler, record_failure
from steps.claim_event import claim_event
from subscribe.record_subscription import record_subscription
from tests.support.aws import FakePorts, a_lambda_context, ledger_item
from tests.support.builders import NOW
from tests.support.stripe import event_json, subscription_json

ARN = "arn:aws:states:us-east-1:123456789012:execution:scai-billing-subscribe:"
FIRST, SECOND = f"{ARN}first", f"{ARN}second"
EVENT = event_json("customer.subscription.created", subscription_json())
INPUT = {"event": EVENT, "source": "scai.stripe"}
UNREAD = INPUT | {"event": EVENT | {"data": {}}}


def hint(execution: str = FIRST, at: int = 0, **detail: Any) -> dict[str, Any]:
    """A status change as EventBridge delivers it; ``at`` is seconds after NOW."""
    return {
        "version": "0",
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": execution,
            "stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:subscribe",
            "name": execution.rsplit(":", 1)[-1],
            "status": "FAILED",
            "startDate": NOW * 1000,
            "stopDate": (NOW + at) * 1000,
            "input": json.dumps(INPUT),
            "inputDetails": {"included": True},
            "output": None,
            "error": "StripeRejected",
            "cause": json.dumps(
                {"errorMessage": "Stripe refused: 400", "errorType": "StripeRejected"}
            ),
            "redriveCount": 0,
            **detail,
        },
    }


def record(ports: FakePorts, execution: str = FIRST, at: int = 0, **detail: Any) -> bool:
    change = StatusChange.model_validate(hint(execution, at, **detail))
    return record_failure(change.detail, ports)


def claim(ports: FakePorts, execution: str = FIRST) -> bool:
    request = ClaimEventInput.model_validate({**INPUT, "execution": execution})
    return claim_event(request, ports).claimed


def finish(ports: FakePorts, execution: str = FIRST) -> None:
    ports.stripe.put(subscription_json())
    request = {
        "event": EVENT,
        "execution": execution,
        "user_id": "user_1",
        "customer_id": "cus_1",
    }
    record_subscription(LifecycleInput.model_validate(request), ports)


def test_a_failed_event_is_listed_with_what_went_wrong(ports: FakePorts) -> None:
    claim(ports)

    assert record(ports, at=7)

    entry = ledger_item("evt_1")
    assert (entry["outcome"], entry["attention"]) == ("failed", "failed")
    assert (entry["error"], entry["cause"]) == ("StripeRejected", "Stripe refused: 400")
    assert (entry["status"], entry["failed_at"]) == ("FAILED", (NOW + 7) * 1000)
    assert "done_at" not in entry


def test_an_execution_that_failed_before_it_could_claim_is_listed_too(ports: FakePorts) -> None:
    assert record(ports)

    entry = ledger_item("evt_1")
    assert (entry["type"], entry["source"]) == ("customer.subscription.created", "scai.stripe")
    assert (entry["customer_id"], entry["deliveries"]) == ("cus_1", 1)
    assert entry["outcome"] == "failed"


def test_a_failed_execution_blocks_no_later_delivery(ports: FakePorts) -> None:
    record(ports)

    assert claim(ports, SECOND)

    finish(ports, SECOND)
    entry = ledger_item("evt_1")
    assert (entry["outcome"], entry["deliveries"]) == ("applied", 2)
    assert not {"attention", "error", "cause"} & set(entry)


def test_a_failed_execution_may_be_redriven(ports: FakePorts) -> None:
    record(ports)

    assert claim(ports, FIRST)

    finish(ports, FIRST)
    assert ledger_item("evt_1")["outcome"] == "applied"


def test_a_hint_that_comes_after_the_event_is_done_changes_nothing(ports: FakePorts) -> None:
    claim(ports)
    ports.clock.advance(1)
    finish(ports)
    before = ledger_item("evt_1")

    assert not record(ports)
    assert ledger_item("evt_1") == before


@pytest.mark.parametrize("later", [0, 1])
def test_what_fails_after_its_event_is_done_is_listed_however_soon(
    ports: FakePorts, later: int
) -> None:
    claim(ports)
    finish(ports)

    assert record(ports, at=later)
    entry = ledger_item("evt_1")
    assert (entry["outcome"], entry["attention"]) == ("applied", "failed")
    assert entry["failed_after"] == NOW + later


def test_the_failure_of_an_execution_that_lost_the_event_changes_nothing(
    ports: FakePorts,
) -> None:
    claim(ports, FIRST)
    claim(ports, SECOND)

    assert not record(ports, FIRST)
    assert "outcome" not in ledger_item("evt_1")


def test_the_same_hint_counts_once(ports: FakePorts) -> None:
    assert record(ports)
    assert not record(ports, error="Another")
    assert ledger_item("evt_1")["error"] == "StripeRejected"


def test_an_older_run_of_the_same_execution_does_not_overwrite_a_newer_one(
    ports: FakePorts,
) -> None:
    assert record(ports, at=20, redriveCount=1, error="Newer")

    assert not record(ports, at=10, redriveCount=0, error="Older")
    assert not record(ports, at=30, redriveCount=0, error="Older, by a clock that is off")
    assert ledger_item("evt_1")["error"] == "Newer"


def test_a_newer_run_overwrites_an_older_one(ports: FakePorts) -> None:
    record(ports, at=10, redriveCount=0)

    assert record(ports, at=20, redriveCount=0, error="Later")
    assert record(ports, at=15, redriveCount=1, error="Redriven")
    assert ledger_item("evt_1")["error"] == "Redriven"


def test_another_executions_failure_counts_however_often_the_first_was_redriven(
    ports: FakePorts,
) -> None:
    record(ports, FIRST, at=20, redriveCount=2)
    claim(ports, SECOND)

    assert record(ports, SECOND, at=10, redriveCount=0, error="Second")
    assert ledger_item("evt_1")["error"] == "Second"


def test_an_input_too_large_for_the_hint_is_asked_for(ports: FakePorts) -> None:
    ports.executions.inputs[FIRST] = json.dumps(INPUT)

    assert record(ports, input=None, inputDetails={"included": False})
    assert ledger_item("evt_1")["outcome"] == "failed"


def test_an_aborted_execution_is_a_failure_by_its_status(ports: FakePorts) -> None:
    record(ports, status="ABORTED", error=None, cause=None)

    entry = ledger_item("evt_1")
    assert (entry["status"], entry["error"], entry["cause"]) == ("ABORTED", "ABORTED", "")


def test_of_a_cause_only_the_message_is_kept_and_not_all_of_a_long_one(ports: FakePorts) -> None:
    document = {"errorMessage": "m" * 5_000, "errorType": "E", "stackTrace": ["line"]}
    record(ports, cause=json.dumps(document))

    assert ledger_item("evt_1")["cause"] == "m" * LONGEST_CAUSE


@pytest.mark.parametrize("cause", ["The state timed out", '"The state timed out"', "[1, 2]", "{}"])
def test_a_cause_that_is_no_error_document_is_kept_as_it_is(ports: FakePorts, cause: str) -> None:
    record(ports, cause=cause)

    assert ledger_item("evt_1")["cause"] == cause


def test_an_execution_that_was_started_without_an_event_is_no_entry(ports: FakePorts) -> None:
    assert not record(ports, input='{"hello": "world"}')
    assert ledger_item("evt_1") == {}


def test_an_event_that_nobody_can_read_is_listed_by_its_id_and_type_alone(
    ports: FakePorts,
) -> None:
    assert record(ports, input=json.dumps(UNREAD))

    entry = ledger_item("evt_1")
    assert (entry["type"], entry["source"]) == ("customer.subscription.created", "scai.stripe")
    assert (entry["outcome"], entry["attention"]) == ("failed", "failed")
    assert (entry["error"], entry["cause"]) == ("StripeRejected", "Stripe refused: 400")
    assert (entry["received_at"], entry["deliveries"]) == (NOW, 1)
    assert not {"created", "customer_id", "object_id", "done_at"} & set(entry)


@pytest.mark.parametrize(
    "event",
    [
        {"id": 7, "type": ["a"]},
        {"id": "", "type": ""},
        {"id": "evt_" + "1" * 252, "type": "t" * 129},
        {"id": "reconcile:all", "type": "4242 4242 4242 4242"},
        {},
    ],
)
def test_what_has_no_readable_name_is_listed_by_its_execution(
    ports: FakePorts, event: dict[str, Any]
) -> None:
    assert record(ports, input=json.dumps({"event": event, "source": {"card": "4242"}}))

    entry = ledger_item("execution:first")
    assert (entry["outcome"], entry["attention"]) == ("failed", "failed")
    assert not {"type", "source"} & set(entry)


def test_the_same_hint_of_an_unread_event_counts_once(ports: FakePorts) -> None:
    unread = json.dumps(UNREAD)
    assert record(ports, input=unread)
    before = ledger_item("evt_1")

    assert not record(ports, input=unread)
    assert not record(ports, SECOND, input=unread)
    assert ledger_item("evt_1") == before


def test_an_unread_event_that_comes_again_readable_is_as_if_it_had_come_so(
    ports: FakePorts,
) -> None:
    record(ports, input=json.dumps(UNREAD))

    assert claim(ports, SECOND)

    entry = ledger_item("evt_1")
    assert (entry["customer_id"], entry["created"]) == ("cus_1", EVENT["created"])
    assert not {"attention", "outcome", "error", "unread"} & set(entry)
    finish(ports, SECOND)
    assert ledger_item("evt_1")["outcome"] == "applied"


def test_a_redrive_that_can_read_it_by_now_clears_an_unread_event(ports: FakePorts) -> None:
    record(ports, input=json.dumps(UNREAD))

    assert claim(ports, FIRST)
    finish(ports, FIRST)

    entry = ledger_item("evt_1")
    assert entry["outcome"] == "applied"
    assert not {"attention", "error", "cause"} & set(entry)


def test_a_late_hint_of_an_unread_event_does_not_touch_what_was_done_meanwhile(
    ports: FakePorts,
) -> None:
    claim(ports, SECOND)
    finish(ports, SECOND)
    before = ledger_item("evt_1")

    assert not record(ports, FIRST, input=json.dumps(UNREAD))
    assert ledger_item("evt_1") == before


def test_an_input_that_step_functions_quotes_is_not_kept(ports: FakePorts) -> None:
    cause = "The JSONPath '$.source' could not be found in the input '{\"email\": \"a@b.test\"}'"

    assert record(ports, input=json.dumps({"event": EVENT}), cause=cause)
    assert ledger_item("evt_1")["cause"] == "The JSONPath '$.source' could not be found"


def test_the_lambda_itself_answers(aws: None) -> None:
    handler(hint(), a_lambda_context())

    assert ledger_item("evt_1")["outcome"] == "failed"


def test_a_failure_is_on_its_users_timeline(ports: FakePorts) -> None:
    ports.customers.assign("cus_1", "user_1")
    claim(ports)

    assert record(ports)

    assert ledger_item("evt_1")["user_id"] == "user_1"


def test_a_late_hint_does_not_undo_that_the_event_was_set_aside(ports: FakePorts) -> None:
    claim(ports)
    ports.ledger.set_aside("evt_1", FIRST, "unattributed", "cus_1")

    assert not record(ports)
    assert ledger_item("evt_1")["attention"] == "unattributed"


def test_who_takes_a_set_aside_event_up_again_may_fail(ports: FakePorts) -> None:
    claim(ports)
    ports.ledger.set_aside("evt_1", FIRST, "unattributed", "cus_1")
    claim(ports, SECOND)

    assert record(ports, SECOND)
    assert ledger_item("evt_1")["attention"] == "failed"

"""The dunning board: who owes what, the longest first, and whether anybody waits."""

from typing import Any

import pytest

from billing.domain.record import Dunning
from ops.dunning import DunningCase, dunning_board
from ops.errors import OpsError
from tests.support.aws import add_user
from tests.support.builders import NOW, a_record, a_subscription, an_invoice
from tests.support.stepfunctions import Stage


def overdue(stage: Stage, number: int, **dunning: Any) -> None:
    """Have a user owe 29.00 USD since ``number`` seconds."""
    episode = {"invoice_id": "in_1", "since": NOW - number, "until": NOW + 1000, **dunning}
    record = a_record(
        user_id=f"user_{number}",
        version=1,
        subscription=a_subscription(status="past_due"),
        invoices={"in_1": an_invoice(failed_attempts=3, next_attempt_at=NOW + 500)},
        dunning=Dunning.model_validate(episode),
    )
    assert stage.ports.records.save(record, 0)


def only(stage: Stage) -> DunningCase:
    (case,) = dunning_board(stage.target).cases
    return case


def test_a_case_says_who_owes_what_since_when_until_when(stage: Stage) -> None:
    add_user("user_60")
    overdue(stage, 60)

    case = only(stage)

    assert (case.user_id, case.email) == ("user_60", "user_60@example.test")
    assert case.owed is not None
    assert (case.owed.text, case.failed_attempts) == ("29.00 USD", 3)
    assert (case.since.timestamp(), case.until.timestamp()) == (NOW - 60, NOW + 1000)
    assert case.next_attempt_at is not None
    assert (case.status, case.access) == ("past_due", "restricted")
    assert case.waiter is None


@pytest.mark.parametrize(
    ("status", "until", "state"),
    [
        ("RUNNING", NOW + 1000, "waiting"),
        ("ABORTED", NOW + 1000, "lost"),
        ("SUCCEEDED", NOW - 1, "ended"),
    ],
)
def test_a_case_says_whether_anybody_waits_for_the_end_of_grace(
    stage: Stage, status: str, until: int, state: str
) -> None:
    execution = stage.put("payment_failure", "one", status=status)
    overdue(stage, 60, until=until, execution=execution)

    waiter = only(stage).waiter

    assert waiter is not None
    assert (waiter.name, waiter.status, waiter.state) == ("one", status, state)


def test_an_execution_that_step_functions_has_forgotten_waits_for_nothing(stage: Stage) -> None:
    overdue(stage, 60, execution="arn:aws:states:us-east-1:1:execution:gone:one")
    waiter = only(stage).waiter
    assert waiter is not None
    assert (waiter.status, waiter.state) == (None, "lost")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 50])
def test_pages_list_everybody_once_the_longest_first(stage: Stage, limit: int) -> None:
    for number in (10, 50, 30, 20, 40):
        overdue(stage, number)

    found: list[str] = []
    page = dunning_board(stage.target, None, limit)
    found += [case.user_id for case in page.cases]
    while page.cursor is not None:
        page = dunning_board(stage.target, page.cursor, limit)
        assert page.cases
        found += [case.user_id for case in page.cases]

    assert found == ["user_50", "user_40", "user_30", "user_20", "user_10"]


def test_who_owes_nothing_is_not_on_the_board(stage: Stage) -> None:
    assert stage.ports.records.save(a_record(version=1, subscription=a_subscription()), 0)
    assert dunning_board(stage.target).cases == ()


def test_a_cursor_of_nothing_is_refused(stage: Stage) -> None:
    with pytest.raises(OpsError, match="no such list"):
        dunning_board(stage.target, "e30=")

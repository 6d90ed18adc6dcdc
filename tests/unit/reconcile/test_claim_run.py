"""Claim Run: of one scope only one run at a time, and each begins where the last one left off."""

import pytest

from billing.contracts.reconcile import ReconcileInput
from billing.domain.errors import LeaseLost, UserNotFound
from billing.store.runs import RunEntry
from reconcile.claim_run import LONGEST, OVERLAP
from tests.support.api import EnginePorts
from tests.support.aws import add_user
from tests.support.builders import NOW
from tests.support.reconcile import Account, arn, claimed, reconcile


def entry(ports: EnginePorts, key: str = "reconcile:all") -> RunEntry:
    found = ports.runs.find(key)
    assert found is not None
    return found


def test_a_run_is_held_by_the_execution_that_began_it(ports: EnginePorts) -> None:
    run = claimed(ports)

    assert run.outcome == "more"
    assert entry(ports).lease_execution == arn("a")
    assert entry(ports).run == run


def test_a_second_run_is_left_while_the_first_one_runs(ports: EnginePorts) -> None:
    first = claimed(ports)
    ports.executions.running.add(arn("a"))

    assert claimed(ports, name="b").outcome == "left"
    assert entry(ports).run == first


def test_a_run_whose_execution_died_is_taken_over(ports: EnginePorts) -> None:
    first = claimed(ports)

    second = claimed(ports, name="b")

    assert second.outcome == "more"
    assert second.id != first.id
    assert entry(ports).lease_execution == arn("b")


def test_the_step_run_twice_begins_one_run(ports: EnginePorts) -> None:
    ports.executions.running.add(arn("a"))

    assert claimed(ports) == claimed(ports)
    assert entry(ports).revision == 1


def test_a_claim_that_another_overtook_is_tried_again(
    ports: EnginePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed(ports)
    seen = entry(ports)
    claimed(ports, name="b")
    monkeypatch.setattr(ports.runs, "find", lambda key: seen)

    with pytest.raises(LeaseLost):
        claimed(ports, name="c")


def test_a_customers_run_and_the_nightly_one_go_side_by_side(
    ports: EnginePorts, account: Account
) -> None:
    customer_id = account.customer("user_1")
    claimed(ports)
    ports.executions.running.add(arn("a"))
    of_one = ReconcileInput(scope="customer", customer_id=customer_id)

    run = claimed(ports, of_one, "b")

    assert (run.outcome, run.user_id, run.cursor.phase) == ("more", "user_1", "customer")
    assert entry(ports, f"reconcile:{customer_id}").lease_execution == arn("b")


def test_a_user_is_found_by_record_or_by_the_users_table(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")
    add_user("user_2", stripe_customer_id="cus_2")

    on_record = claimed(ports, ReconcileInput(scope="user", user_id="user_1"), "a")
    in_table = claimed(ports, ReconcileInput(scope="user", user_id="user_2"), "b")

    assert on_record.customer_id == ports.records.load("user_1").customer_id
    assert (in_table.customer_id, in_table.user_id) == ("cus_2", None)


@pytest.mark.parametrize("user_id", ["user_1", "nobody"])
def test_a_user_without_a_customer_is_refused(ports: EnginePorts, user_id: str) -> None:
    add_user("user_1")

    with pytest.raises(UserNotFound):
        claimed(ports, ReconcileInput(scope="user", user_id=user_id))


@pytest.mark.parametrize(
    "named",
    [
        {"scope": "customer"},
        {"scope": "user", "customer_id": "cus_1"},
        {"scope": "all", "customer_id": "cus_1"},
        {"scope": "user", "user_id": "user_1", "customer_id": "cus_1"},
    ],
)
def test_a_scope_that_names_nobody_or_another_is_refused(named: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="names nothing but"):
        ReconcileInput.model_validate(named)


def test_the_first_run_looks_back_as_far_as_stripe_keeps_events(ports: EnginePorts) -> None:
    assert claimed(ports).since == NOW - LONGEST


def test_a_later_run_looks_back_to_where_the_last_complete_one_began(
    ports: EnginePorts,
) -> None:
    complete = reconcile(ports).run.started_at
    ports.clock.advance(86_400)
    claimed(ports, name="dies")

    run = claimed(ports, name="b")

    assert run.since == complete - OVERLAP


def test_a_run_goes_on_only_from_where_it_was_handed_over(ports: EnginePorts) -> None:
    handed_over = claimed(ports).model_copy(update={"outcome": "full", "page": 500})
    ports.runs.save(entry(ports).model_copy(update={"run": handed_over}))
    ports.executions.running.add(arn("a"))
    older = handed_over.model_copy(update={"page": 499})

    assert claimed(ports, ReconcileInput(scope="all", run=older), "b").outcome == "left"
    assert claimed(ports, ReconcileInput(scope="all", run=handed_over), "b").outcome == "more"
    assert entry(ports).lease_execution == arn("b")


def test_a_successor_whose_run_was_taken_over_leaves_it(ports: EnginePorts) -> None:
    handed_over = claimed(ports).model_copy(update={"outcome": "full", "page": 500})
    claimed(ports, name="another")

    assert claimed(ports, ReconcileInput(scope="all", run=handed_over), "b").outcome == "left"
    assert entry(ports).lease_execution == arn("another")

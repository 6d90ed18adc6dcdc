"""Record, ledger entry and facts change together; the order of events changes nothing."""

from itertools import permutations
from typing import Any

import pytest

from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import (
    ContractViolation,
    LeaseLost,
    RecordContended,
    StripeUnavailable,
)
from billing.domain.record import CheckoutSlot, Record
from subscribe.record_subscription import record_subscription
from tests.support.aws import FakePorts, facts, ledger_item
from tests.support.builders import NOW
from tests.support.stripe import event_json, session_json, subscription_json

EXECUTION = "arn:aws:states:us-east-1:1:execution:m:first"
CREATED = event_json("customer.subscription.created", subscription_json())
COMPLETED = event_json("checkout.session.completed", session_json(), id="evt_2")


def request_of(
    ports: FakePorts, event: dict[str, Any], execution: str = EXECUTION
) -> LifecycleInput:
    """Claim the event and make the step's input."""
    parsed = StripeEvent.model_validate(event)
    ports.ledger.open(parsed, "scai.stripe", execution, ports.now())
    return LifecycleInput(event=parsed, execution=execution, user_id="user_1", customer_id="cus_1")


def record(ports: FakePorts, event: dict[str, Any]) -> LifecycleOutput:
    return record_subscription(request_of(ports, event), ports)


def stored(ports: FakePorts) -> Record:
    return ports.records.load("user_1")


def fact_types() -> list[str]:
    return sorted(fact["type"] for fact in facts())


def test_a_first_subscription_turns_the_record_active(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())

    output = record(ports, CREATED)

    assert output.outcome == "applied"
    after = stored(ports)
    assert after.subscription is not None
    assert (after.subscription.status, after.subscription.price_id) == ("active", "price_standard")
    assert (after.version, after.customer_id, after.last_event_id) == (1, "cus_1", "evt_1")
    assert after.stamp is not None
    assert (after.stamp.lo, after.stamp.hi) == (NOW, NOW + 1)


def test_the_ledger_says_what_changed_and_which_facts_follow(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())

    output = record(ports, CREATED)

    entry = ledger_item("evt_1")
    assert (entry["outcome"], entry["user_id"], entry["done_at"]) == ("applied", "user_1", NOW)
    assert entry["changes"]["status"] == {"after": "active"}
    assert entry["facts"] == list(output.facts)
    assert fact_types() == ["AccessChanged", "SubscriptionActivated"]


def test_any_order_of_the_events_ends_in_the_same_record(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    ends: list[dict[str, Any]] = []
    for order in permutations([CREATED, COMPLETED]):
        user = f"user_{len(ends)}"
        for event in order:
            request = request_of(ports, {**event, "id": f"{event['id']}_{user}"})
            record_subscription(request.model_copy(update={"user_id": user}), ports)
        ends.append(
            ports.records.load(user).model_dump(
                exclude={"user_id", "version", "stamp", "last_event_id", "updated_at"}
            )
        )

    assert ends[0] == ends[1]
    assert fact_types() == ["AccessChanged"] * 2 + ["SubscriptionActivated"] * 2


def test_running_again_answers_what_was_done_and_changes_nothing(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    request = request_of(ports, CREATED)
    first = record_subscription(request, ports)
    before = stored(ports)

    assert record_subscription(request, ports) == first
    assert stored(ports) == before
    assert len(facts()) == 2


def test_a_stale_event_is_ignored_with_its_reason(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    record(ports, CREATED)
    before = stored(ports)
    old = event_json(
        "customer.subscription.updated",
        subscription_json(status="past_due"),
        id="evt_0",
        created=NOW - 60,
    )

    assert record(ports, old).outcome == "stale"
    assert stored(ports) == before
    assert ledger_item("evt_0")["reason"] == "older than the record"


def test_a_late_event_costs_no_call_and_a_doubtful_one_does(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    record(ports, CREATED)
    ports.clock.advance(600)
    later = event_json(
        "customer.subscription.updated",
        subscription_json(cancel_at=NOW + 9000),
        id="evt_3",
        created=NOW + 600,
    )
    doubtful = {**later, "id": "evt_4", "created": NOW + 601}
    calls = len(ports.stripe.calls)

    record(ports, later)
    assert len(ports.stripe.calls) == calls
    record(ports, doubtful)
    assert len(ports.stripe.calls) == calls + 1


def test_a_trimmed_event_is_fetched(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    trimmed = event_json("customer.subscription.created", {"id": "sub_1", "customer": "cus_1"})
    trimmed["data"]["trimmed"] = True

    record(ports, trimmed)

    after = stored(ports).subscription
    assert after is not None
    assert after.status == "active"


def test_an_event_of_another_api_version_is_fetched_not_read(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    old_shape = event_json(
        "customer.subscription.created",
        {"id": "sub_1", "customer": "cus_1", "current_period_end": NOW},
        api_version="2024-06-20",
    )

    assert record(ports, old_shape).outcome == "applied"


def test_an_end_that_is_fetched_lists_what_else_there_is(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    record(ports, CREATED)
    ports.stripe.put(
        subscription_json(status="canceled"), subscription_json(id="sub_2", created=NOW)
    )

    record(ports, event_json("customer.subscription.updated", subscription_json(), id="evt_5"))

    after = stored(ports).subscription
    assert after is not None
    assert (after.subscription_id, after.status) == ("sub_2", "active")


def test_a_subscription_that_is_found_in_bad_standing_yields_to_a_paid_one(
    ports: FakePorts,
) -> None:
    ports.stripe.put(subscription_json(), subscription_json(id="sub_2", created=NOW))
    record(ports, CREATED)
    ports.stripe.put(subscription_json(status="paused"))

    record(ports, event_json("customer.subscription.paused", subscription_json(), id="evt_5"))

    after = stored(ports)
    assert after.subscription is not None
    assert after.subscription.subscription_id == "sub_2"
    assert [s.subscription_id for s in after.other_live] == ["sub_1"]


def test_a_second_live_subscription_raises_an_alarm_once(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json(), subscription_json(id="sub_2", created=NOW))
    record(ports, CREATED)
    record(
        ports, event_json("customer.subscription.created", subscription_json(id="sub_2"), id="e")
    )

    assert [s.subscription_id for s in stored(ports).other_live] == ["sub_2"]
    assert fact_types().count("DuplicateSubscriptionFound") == 1


def test_a_late_event_of_a_customer_that_gave_way_does_not_bring_it_back(
    ports: FakePorts,
) -> None:
    """The record has never heard of it: its successor was the first whom we got to know."""
    ports.customers.retire("cus_0", "user_1")
    ports.customers.assign("cus_1", "user_1")
    ports.stripe.put(subscription_json())
    record(ports, CREATED)
    before = stored(ports)
    late = event_json("customer.subscription.deleted", subscription_json(id="sub_0"), id="evt_0")
    request = request_of(ports, late).model_copy(update={"customer_id": "cus_0"})

    assert record_subscription(request, ports).outcome == "stale"

    assert stored(ports) == before
    assert ledger_item("evt_0")["reason"] == "of a former customer"


def test_its_session_frees_the_checkout_slot(ports: FakePorts) -> None:
    slot = CheckoutSlot(op_seq=1, price_id="price_standard", quantity=1, session_id="cs_test_1")
    ports.records.save(Record(user_id="user_1", version=1, checkout=slot), replacing=0)
    ports.stripe.put(subscription_json())

    record(ports, COMPLETED)

    assert stored(ports).checkout is None


def test_while_stripe_is_down_nothing_is_written(ports: FakePorts) -> None:
    ports.stripe.failure = StripeUnavailable("503")

    with pytest.raises(StripeUnavailable):
        record(ports, CREATED)

    assert stored(ports).version == 0
    assert "done_at" not in ledger_item("evt_1")


def test_an_event_that_another_execution_holds_is_left_to_it(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    request = request_of(ports, CREATED, execution="another")
    ports.executions.running.add("another")

    with pytest.raises(LeaseLost):
        record_subscription(request.model_copy(update={"execution": EXECUTION}), ports)

    assert stored(ports).version == 0
    assert facts() == []


def test_an_event_whose_later_holder_died_too_is_taken_back(ports: FakePorts) -> None:
    """We failed, a redelivery took over and failed, and now we are redriven."""
    ports.stripe.put(subscription_json())
    request = request_of(ports, CREATED, execution="another")

    record_subscription(request.model_copy(update={"execution": EXECUTION}), ports)

    assert stored(ports).version == 1
    assert ledger_item("evt_1")["lease_execution"] == EXECUTION


def test_an_event_that_another_execution_finished_is_done(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    request = request_of(ports, CREATED, execution="another")
    first = record_subscription(request, ports)

    again = record_subscription(request.model_copy(update={"execution": EXECUTION}), ports)

    assert again == first


def test_a_writer_in_between_is_never_overwritten(ports: FakePorts) -> None:
    """Somebody saves while we ask Stripe: we load, and decide, again."""
    ports.stripe.put(subscription_json())
    asked = ports.stripe.subscriptions_of

    def ask_while_another_writes(customer_id: str) -> Any:
        ports.stripe.subscriptions_of = asked  # type: ignore[method-assign]
        ports.records.save(
            Record(user_id="user_1", version=1, customer_id="cus_1", op_seq=7), replacing=0
        )
        return asked(customer_id)

    ports.stripe.subscriptions_of = ask_while_another_writes  # type: ignore[method-assign]

    record(ports, CREATED)

    after = stored(ports)
    assert (after.version, after.op_seq) == (2, 7)
    assert after.subscription is not None


def test_a_record_that_others_always_win_is_left_to_the_machines_backoff(
    ports: FakePorts,
) -> None:
    ports.stripe.put(subscription_json())
    asked = ports.stripe.subscriptions_of

    def ask_while_another_writes(customer_id: str) -> Any:
        version = stored(ports).version
        ports.records.save(Record(user_id="user_1", version=version + 1), replacing=version)
        return asked(customer_id)

    ports.stripe.subscriptions_of = ask_while_another_writes  # type: ignore[method-assign]

    with pytest.raises(RecordContended):
        record(ports, CREATED)
    assert facts() == []


@pytest.mark.parametrize(
    "broken",
    [
        {"items": {"object": "list", "has_more": False, "data": []}},
        {"status": "unheard_of"},
        {"items": None},
        {"customer": None},
    ],
)
def test_a_broken_contract_names_the_field_and_no_value(
    ports: FakePorts, broken: dict[str, Any]
) -> None:
    event = event_json("customer.subscription.created", subscription_json(**broken))

    with pytest.raises(ContractViolation, match=next(iter(broken))) as violation:
        record(ports, event)
    assert "unheard_of" not in str(violation.value)


def test_no_card_and_no_personal_data_reach_record_or_ledger(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json())
    private = session_json(customer_details={"email": "somebody@example.test", "name": "Somebody"})

    record(ports, event_json("checkout.session.completed", private))

    assert "somebody" not in (stored(ports).model_dump_json() + str(ledger_item("evt_1"))).lower()

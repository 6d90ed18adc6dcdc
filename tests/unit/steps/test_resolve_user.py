"""Our own map says whose a customer is; what an object names counts only at first contact."""

from typing import Any

import pytest

from billing.contracts.steps import ResolveUserInput, ResolveUserOutput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import LeaseLost, StripeNotFound, StripeUnavailable, UserNotFound
from steps.resolve_user import resolve_user
from tests.support.aws import FakePorts, add_user, ledger_item
from tests.support.builders import NOW
from tests.support.stripe import event_json, invoice_json, session_json, subscription_json

EXECUTION = "arn:aws:states:us-east-1:1:execution:m:first"


@pytest.fixture(autouse=True)
def _known_to_stripe(ports: FakePorts) -> None:
    ports.stripe.put_customer(id="cus_1")


def resolve(ports: FakePorts, type_: str, stripe_object: dict[str, Any]) -> ResolveUserOutput:
    return resolve_event(ports, event_json(type_, stripe_object))


def resolve_event(ports: FakePorts, told: dict[str, Any]) -> ResolveUserOutput:
    event = StripeEvent.model_validate(told)
    ports.ledger.open(event, "scai.stripe", EXECUTION, NOW)
    return resolve_user(ResolveUserInput(event=event, execution=EXECUTION), ports)


def resolve_session(ports: FakePorts, **fields: Any) -> ResolveUserOutput:
    return resolve(ports, "checkout.session.completed", session_json(**fields))


def test_a_linked_customer_is_known_whatever_the_object_names(ports: FakePorts) -> None:
    ports.customers.assign("cus_1", "user_1")

    resolved = resolve_session(ports, client_reference_id="user_2")

    assert resolved == ResolveUserOutput(
        attribution="linked", user_id="user_1", customer_id="cus_1"
    )


@pytest.mark.parametrize(
    "named",
    [
        {"client_reference_id": "user_1"},
        {"client_reference_id": None, "metadata": {"user_id": "user_1"}},
        {"client_reference_id": None, "metadata": {"userId": "user_1"}},
    ],
)
def test_a_first_contact_is_whom_the_object_names(ports: FakePorts, named: dict[str, Any]) -> None:
    add_user("user_1")

    resolved = resolve_session(ports, **named)

    assert resolved.attribution == "first_contact"
    assert (resolved.user_id, resolved.customer_id) == ("user_1", "cus_1")


def test_a_subscription_names_its_user_by_metadata(ports: FakePorts) -> None:
    add_user("user_1")

    resolved = resolve(ports, "customer.subscription.created", subscription_json())

    assert resolved.attribution == "first_contact"


def test_a_user_who_does_not_exist_is_an_error_to_retry(ports: FakePorts) -> None:
    with pytest.raises(UserNotFound, match="user_1, who does not exist"):
        resolve_session(ports)

    assert "done_at" not in ledger_item("evt_1")


def test_a_customer_that_names_nobody_is_set_aside_for_ops(ports: FakePorts) -> None:
    resolved = resolve_session(ports, client_reference_id=None)

    assert resolved.attribution == "unattributed"
    entry = ledger_item("evt_1")
    assert (entry["outcome"], entry["reason"]) == ("ignored", "unattributed")
    assert entry["attention"] == "unattributed"
    assert "done_at" not in entry


def test_what_was_set_aside_is_closed_once_its_customer_is_synced(ports: FakePorts) -> None:
    resolve_session(ports, client_reference_id=None)

    ports.reducer.sync_customer("user_1", "cus_1")

    entry = ledger_item("evt_1")
    assert (entry["outcome"], entry["user_id"]) == ("applied", "user_1")
    assert entry["reason"] == "synced once the customer was linked"
    assert {"attention", "waits_for_customer"}.isdisjoint(entry)


def test_what_only_an_event_tells_is_left_to_be_replayed_by_a_sync(ports: FakePorts) -> None:
    resolve(ports, "invoice.payment_failed", invoice_json())

    ports.reducer.sync_customer("user_1", "cus_1")

    entry = ledger_item("evt_1")
    assert (entry["outcome"], entry["attention"]) == ("ignored", "unreplayed")
    assert ports.ledger.oldest_unreplayed(entry["created"]) == entry["created"]
    assert ports.ledger.oldest_unreplayed(entry["created"] + 1) is None


def test_an_invoice_names_its_subscriptions_user(ports: FakePorts) -> None:
    add_user("user_1")
    details = {"subscription": "sub_1", "metadata": {"user_id": "user_1"}}

    resolved = resolve(
        ports, "invoice.paid", invoice_json(parent={"subscription_details": details})
    )

    assert (resolved.attribution, resolved.user_id) == ("first_contact", "user_1")


def test_a_linked_customer_that_stripe_does_not_have_does_not_give_way(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_of_another_account")

    assert resolve_session(ports).attribution == "unattributed"


def test_a_customer_linked_while_its_event_is_set_aside_is_found(ports: FakePorts) -> None:
    """Linking closes what was set aside before it; this event comes a moment after."""
    aside = ports.ledger.set_aside

    def set_aside_as_another_links(
        event_id: str, execution: str, reason: str, customer_id: str | None
    ) -> None:
        aside(event_id, execution, reason, customer_id)
        ports.customers.assign("cus_1", "user_1")

    ports.ledger.set_aside = set_aside_as_another_links  # type: ignore[method-assign]

    resolved = resolve_session(ports, client_reference_id=None)

    assert (resolved.attribution, resolved.user_id) == ("linked", "user_1")


DISPUTE = {"id": "du_1", "object": "dispute", "charge": "ch_1", "payment_intent": "pi_1"}


def test_a_dispute_is_of_whoever_paid(ports: FakePorts) -> None:
    ports.customers.assign("cus_1", "user_1")
    ports.stripe.payers["pi_1"] = "cus_1"

    resolved = resolve(ports, "charge.dispute.created", DISPUTE)

    assert resolved == ResolveUserOutput(
        attribution="linked", user_id="user_1", customer_id="cus_1"
    )


@pytest.mark.parametrize("payment", ["pi_1", None])
def test_a_dispute_of_a_guests_payment_is_set_aside(ports: FakePorts, payment: str | None) -> None:
    resolved = resolve(ports, "charge.dispute.created", {**DISPUTE, "payment_intent": payment})

    assert resolved.attribution == "unattributed"
    assert ledger_item("evt_1")["attention"] == "unattributed"


def test_a_detached_payment_method_is_of_whom_it_was_taken_from(ports: FakePorts) -> None:
    ports.customers.assign("cus_1", "user_1")
    event = event_json("payment_method.detached", {"id": "pm_1", "customer": None})
    event["data"]["previous_attributes"] = {"customer": "cus_1"}

    assert resolve_event(ports, event).user_id == "user_1"


def test_a_user_of_another_living_customer_is_not_taken_over(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_0")
    ports.stripe.put_customer(id="cus_0")

    assert resolve_session(ports).attribution == "unattributed"


def test_a_deleted_customer_gives_way(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_0")
    ports.stripe.put_customer(id="cus_0", deleted=True)

    resolved = resolve_session(ports)

    assert (resolved.attribution, resolved.replaces) == ("first_contact", "cus_0")


def test_a_customer_that_stripe_does_not_have_is_not_linked(ports: FakePorts) -> None:
    add_user("user_1")

    with pytest.raises(StripeNotFound):
        resolve_session(ports, customer="cus_of_another_account")


def test_while_stripe_is_down_nobody_is_replaced(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_0")
    ports.stripe.failure = StripeUnavailable("503")

    with pytest.raises(StripeUnavailable):
        resolve_session(ports)


def test_an_event_held_by_another_execution_is_not_set_aside(ports: FakePorts) -> None:
    event = StripeEvent.model_validate(
        event_json("checkout.session.completed", session_json(client_reference_id=None))
    )
    ports.ledger.open(event, "scai.stripe", "another", NOW)
    ports.executions.running.add("another")

    with pytest.raises(LeaseLost):
        resolve_user(ResolveUserInput(event=event, execution=EXECUTION), ports)


def test_a_customer_linked_before_our_time_is_a_first_contact(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_1")

    resolved = resolve_session(ports, client_reference_id=None)

    assert (resolved.attribution, resolved.user_id) == ("first_contact", "user_1")


def test_a_customer_that_two_users_claim_is_nobodys(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_1")
    add_user("user_2", stripe_customer_id="cus_1")

    assert resolve_session(ports, client_reference_id=None).attribution == "unattributed"


def test_an_object_that_names_two_users_names_none(ports: FakePorts) -> None:
    """Whoever pays by a payment link may put any reference into its address."""
    add_user("user_1")
    add_user("user_2")

    resolved = resolve_session(ports, client_reference_id="user_2", metadata={"user_id": "user_1"})

    assert resolved.attribution == "unattributed"

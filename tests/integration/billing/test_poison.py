"""Events that nobody can work on, as deployed: each ends where ops sees it, and changes nothing."""

from tests.support.customer import Customer, NewCustomer
from tests.support.deployed import Deployed, Json
from tests.support.waiting import eventually

FORMER_VERSION = "2013-08-13"

#: By machine, an event whose object isn't of the shape that the contracts know.
MALFORMED: dict[str, tuple[str, Json]] = {
    "subscribe": ("customer.subscription.created", {"object": "subscription", "items": 7}),
    "upgrade": ("customer.subscription.updated", {"object": "subscription", "items": {"data": []}}),
    "cancel": ("customer.subscription.deleted", {"object": "subscription", "status": "resting"}),
    "renew": ("invoice.paid", {"object": "invoice", "total": "a lot"}),
    "payment_failure": ("invoice.payment_failed", {"object": "invoice", "attempt_count": "many"}),
    "purchase": ("charge.refunded", {"object": "charge", "payment_intent": 7}),
}
#: Events that can't be worked on without an object that Stripe doesn't have.
NEEDED: dict[str, Json] = {
    "invoice.paid": {"object": "invoice", "attempt_count": 1},
    "checkout.session.completed": {"object": "checkout.session", "mode": "payment"},
    "refund.failed": {"object": "refund", "customer": None, "payment_intent": "pi_nobody_knows"},
}
#: Events that only say where to look, and how they end where nothing is found.
LOOKED_FOR: dict[str, tuple[Json, str]] = {
    "customer.subscription.paused": ({"object": "subscription"}, "applied"),
    "subscription_schedule.updated": ({"object": "subscription_schedule"}, "stale"),
    "payment_method.attached": ({"object": "payment_method"}, "applied"),
    "charge.refunded": ({"object": "charge", "payment_intent": "pi_nobody_knows"}, "applied"),
    "refund.failed": ({"object": "refund", "customer": None}, "ignored"),
    "customer.deleted": ({"object": "customer"}, "ignored"),
}


def send(deployed: Deployed, type_: str, stripe_object: Json, **fields: object) -> Json:
    """Have an event of our own delivered to the relay."""
    event = deployed.event(type_, {"id": "id_nobody_knows", **stripe_object}, **fields)
    deployed.deliver(event)
    return event


def test_an_object_of_another_shape_fails_its_machine_and_is_listed(
    deployed: Deployed, subscriber: Customer
) -> None:
    record = subscriber.record
    events = {
        machine: send(deployed, type_, {"customer": subscriber.id, **malformed})
        for machine, (type_, malformed) in MALFORMED.items()
    }

    for machine, event in events.items():
        entry = deployed.ended(event, "failed")
        assert (entry["error"], entry["attention"]) == ("ContractViolation", "failed")
        assert deployed.status_of(entry["lease_execution"]) == "FAILED"
        assert entry["lease_execution"].split(":")[6].endswith(f"-{machine}")
    assert subscriber.settled() == []
    assert subscriber.record == record


def test_an_event_that_comes_again_as_it_should_have_come_is_applied(
    deployed: Deployed, subscriber: Customer
) -> None:
    """What failed before is redriven in vain afterwards, and spoils nothing."""
    subscription = subscriber.subscription
    event = send(deployed, "customer.subscription.updated", subscription | {"items": None})
    failed = deployed.ended(event, "failed")["lease_execution"]

    deployed.deliver(event | {"data": {"object": subscription}})

    entry = deployed.ended(event, deliveries=2)
    assert "attention" not in entry
    assert errors_redriven(deployed, failed) == ["ContractViolation"] * 2
    deployed.pass_an_event()
    assert deployed.entry(event["id"]) == entry


def test_an_event_without_an_object_is_refused_by_the_relay_and_fails_at_the_partner_door(
    deployed: Deployed,
) -> None:
    event = deployed.event("invoice.paid", {}, data={})
    assert deployed.post_webhook(event).status_code == 400

    deployed.put_partner(event)

    entry = deployed.ended(event, "failed")
    assert deployed.errors_of(entry["lease_execution"]) == ["ContractViolation"]
    assert (entry["type"], entry["source"]) == ("invoice.paid", deployed.stack.partner_event_source)
    assert (entry["error"], entry["attention"]) == ("ContractViolation", "failed")
    assert "data.object" in entry["cause"]


def test_an_event_of_an_unknown_api_version_only_says_where_to_look(
    deployed: Deployed, subscriber: Customer
) -> None:
    customer, now = {"customer": subscriber.id}, subscriber.subscription
    plan = {"id": now["id"], "object": "subscription", "plan": {"id": "gold"}}
    bill = {"id": now["latest_invoice"], "object": "invoice", "paid": True, "attempt_count": 1}

    events = [
        send(deployed, type_, told | customer, api_version=FORMER_VERSION)
        for type_, told in (("customer.subscription.updated", plan), ("invoice.paid", bill))
    ]

    deployed.all_ended(events)
    assert subscriber.settled() == []


def test_an_oversized_event_is_a_dead_letter_and_is_applied_once_it_comes_by_the_relay(
    deployed: Deployed, subscriber: Customer
) -> None:
    """At the partner door nobody makes it smaller: no machine can be started with it."""
    record = subscriber.record
    padded = subscriber.subscription | {"padding": ["x" * 1000] * 300}
    event = deployed.event("customer.subscription.updated", padded)

    deployed.put_partner(event)

    letter = eventually(lambda: dead_letter_of(deployed, event), "the dead letter")
    assert deployed.entry(event["id"]) == {}
    assert subscriber.record == record

    deployed.deliver(letter["detail"])

    deployed.ended(event)
    assert subscriber.settled() == []


def dead_letter_of(deployed: Deployed, event: Json) -> Json | None:
    letters = deployed.dead_letters("events")
    return next((letter for letter in letters if letter["detail"]["id"] == event["id"]), None)


def test_an_event_that_needs_what_stripe_does_not_have_fails_however_often_it_is_redriven(
    deployed: Deployed, subscriber: Customer
) -> None:
    record = subscriber.record
    customer = {"customer": subscriber.id}
    events = [
        send(deployed, type_, customer | needed, api_version=FORMER_VERSION)
        for type_, needed in NEEDED.items()
    ]

    for event in events:
        entry = deployed.ended(event, "failed")
        assert (entry["error"], entry["attention"]) == ("StripeNotFound", "failed")
        assert errors_redriven(deployed, entry["lease_execution"]) == ["StripeNotFound"] * 2
    assert subscriber.record == record


def errors_redriven(deployed: Deployed, execution: str) -> list[str]:
    """Redrive an execution that failed once; give what went wrong in it before and now."""
    deployed.stepfunctions.redrive_execution(executionArn=execution)
    eventually(lambda: len(deployed.errors_of(execution)) > 1, "the second failure")
    eventually(lambda: deployed.status_of(execution) == "FAILED")
    return deployed.errors_of(execution)


def test_an_event_that_only_says_where_to_look_changes_nothing_where_nothing_is(
    deployed: Deployed, subscriber: Customer
) -> None:
    customer = {"customer": subscriber.id}
    events = [
        (send(deployed, type_, customer | named, api_version=FORMER_VERSION), outcome)
        for type_, (named, outcome) in LOOKED_FOR.items()
    ]

    for event, outcome in events:
        entry = deployed.ended(event, outcome)
        assert (entry["outcome"] == "applied") or entry["reason"]
    assert subscriber.settled() == []


def test_a_customer_that_stripe_does_not_have_is_not_linked(deployed: Deployed) -> None:
    """A deleted test clock leaves such events behind, another account's mode brings them."""
    user = deployed.add_user()
    customer, subscription = deployed.subscribed_customer()
    unknown = deployed.subscription_event(subscription, user)
    unknown["data"]["object"]["customer"] = "cus_nobody_knows"

    deployed.deliver(unknown)

    assert deployed.ended(unknown, "failed")["error"] == "StripeNotFound"
    assert "stripe_customer_id" not in deployed.user(user)
    known = deployed.session_event(customer, subscription, user)
    deployed.deliver(known)
    deployed.ended(known)
    assert deployed.user(user)["stripe_customer_id"] == customer


def test_a_customer_who_was_deleted_before_any_event_came_has_nothing(
    deployed: Deployed, new_customer: NewCustomer
) -> None:
    with deployed.network({"hold": True}):
        customer = new_customer()
        customer.subscribe()
        deployed.ask("delete", f"/v1/customers/{customer.id}")

    deployed.release()

    assert customer.settled() == ["PaymentSucceeded"]
    assert customer.record["customer"]["deleted"] is True
    assert customer.access == "none"


def test_what_a_deleted_customer_had_is_stale(deployed: Deployed, subscriber: Customer) -> None:
    before = subscriber.subscription
    deployed.ask("delete", f"/v1/customers/{subscriber.id}")
    subscriber.settled()
    record = subscriber.record

    late = [
        send(deployed, "customer.subscription.updated", before),
        send(deployed, "payment_method.attached", {"customer": subscriber.id}),
    ]

    assert [deployed.ended(event, "stale")["reason"] for event in late] == [
        "subscription has ended",
        "the customer was deleted",
    ]
    assert subscriber.record == record


def test_a_checkout_that_only_sets_up_a_card_starts_nothing(deployed: Deployed) -> None:
    session = {"object": "checkout.session", "mode": "setup", "customer": "cus_1"}

    event = send(deployed, "checkout.session.completed", session)

    deployed.pass_an_event()
    assert deployed.entry(event["id"]) == {}

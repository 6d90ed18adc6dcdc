"""The sample events: each is of Stripe's shape, routes to its machine, and runs its path there."""

from typing import Any

import pytest

from billing.contracts.steps import (
    ClaimEventInput,
    LifecycleInput,
    LinkCustomerInput,
    MachineInput,
    ResolveUserInput,
)
from billing.contracts.stripe_events import API_VERSION, StripeEvent
from billing.contracts.trimmed import trimmed
from billing.domain.errors import UserNotFound
from steps.claim_event import claim_event
from steps.link_customer import link_customer
from steps.resolve_user import resolve_user
from subscribe.record_subscription import record_subscription
from tests.contracts.stripe_simulator.shapes import check
from tests.support.aws import FakePorts, add_user
from tests.support.routing import (
    PARTNER,
    WEBHOOK,
    enveloped,
    machine_input,
    rules_for,
    sample,
    sample_names,
)

ROUTES = {
    "checkout.session.async_payment_failed": ["SubscribeRule"],
    "checkout.session.async_payment_succeeded": ["SubscribeRule"],
    "checkout.session.completed": ["SubscribeRule"],
    "customer.subscription.created": ["SubscribeRule"],
    "entitlements.active_entitlement_summary.updated": [],
}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:scai-billing-subscribe:1"


def stripe_sample(type_: str) -> dict[str, Any]:
    return sample(f"stripe/{type_}.json")


def test_every_sample_has_a_route_here_and_the_other_way_round() -> None:
    assert sample_names("stripe") == sorted(ROUTES)


@pytest.mark.parametrize("type_", ROUTES)
def test_a_sample_is_of_the_shape_and_version_that_the_contracts_follow(type_: str) -> None:
    event = stripe_sample(type_)

    assert check(event) == []
    assert (event["type"], event["api_version"]) == (type_, API_VERSION)
    StripeEvent.model_validate(event)


@pytest.mark.parametrize("source", [WEBHOOK, PARTNER])
@pytest.mark.parametrize("type_", ROUTES)
def test_a_sample_matches_its_one_rule_by_either_door(type_: str, source: str) -> None:
    assert rules_for(enveloped(stripe_sample(type_), source)) == ROUTES[type_]


@pytest.mark.parametrize("type_", ROUTES)
def test_a_trimmed_event_takes_the_same_route(type_: str) -> None:
    assert rules_for(enveloped(trimmed(stripe_sample(type_)))) == ROUTES[type_]


@pytest.mark.parametrize("mode", ["payment", "setup"])
def test_a_session_in_another_mode_starts_nothing_here(mode: str) -> None:
    session = stripe_sample("checkout.session.completed")
    session["data"]["object"]["mode"] = mode

    assert rules_for(enveloped(session)) == []


@pytest.mark.parametrize("source", ["scai.billing", "aws.partner/shopify.com/1", "anybody"])
def test_what_is_not_stripes_starts_nothing(source: str) -> None:
    assert rules_for(enveloped(stripe_sample("customer.subscription.created"), source)) == []


@pytest.mark.parametrize("type_", [type_ for type_, rules in ROUTES.items() if rules])
def test_a_rule_hands_on_an_input_that_the_machine_can_read(type_: str) -> None:
    event = stripe_sample(type_)

    given = machine_input("SubscribeRule", enveloped(event, PARTNER))

    assert MachineInput.model_validate(given).source == PARTNER
    assert given["event"] == {
        name: event[name] for name in ("id", "type", "created", "api_version", "data")
    }


def subscribe(name: str, ports: FakePorts) -> str:
    """Run the steps of ``subscribe`` on a sample input; return how the execution would end."""
    given = sample(f"subscribe/{name}.json") | {"execution": EXECUTION}
    assert claim_event(ClaimEventInput.model_validate(given), ports).claimed
    owner = resolve_user(ResolveUserInput.model_validate(given), ports)
    if owner.attribution == "first_contact":
        link_customer(LinkCustomerInput.model_validate(owner.model_dump()), ports)
    elif owner.attribution == "unattributed":
        return "unattributed"
    given |= {"user_id": owner.user_id, "customer_id": owner.customer_id}
    result = record_subscription(LifecycleInput.model_validate(given), ports)
    return f"{owner.attribution}, {result.outcome}"


@pytest.fixture
def seeded(ports: FakePorts) -> FakePorts:
    """A user, and at Stripe the subscription of the samples, a second later."""
    created = stripe_sample("customer.subscription.created")
    add_user("user-01")
    ports.clock.now = created["created"] + 1
    ports.stripe.put(created["data"]["object"])
    return ports


def test_a_first_contact_links_the_customer_and_is_applied(seeded: FakePorts) -> None:
    assert subscribe("first_contact", seeded) == "first_contact, applied"

    record = seeded.records.load("user-01")
    assert record.subscription is not None
    assert (record.subscription.status, record.customer_id) == ("active", "cus_sample")


def test_a_known_customers_session_changes_nothing_more(seeded: FakePorts) -> None:
    subscribe("first_contact", seeded)
    before = seeded.records.load("user-01")

    assert subscribe("known_customer", seeded) == "linked, applied"

    assert seeded.records.load("user-01").subscription == before.subscription


def test_an_event_older_than_the_record_is_stale(seeded: FakePorts) -> None:
    subscribe("first_contact", seeded)

    assert subscribe("stale_event", seeded) == "linked, stale"


def test_a_customer_that_nobody_named_is_unattributed(seeded: FakePorts) -> None:
    assert subscribe("unattributed", seeded) == "unattributed"


def test_a_user_that_does_not_exist_is_missed(seeded: FakePorts) -> None:
    with pytest.raises(UserNotFound):
        subscribe("user_missing", seeded)


def test_every_input_is_run_here() -> None:
    run = {"first_contact", "known_customer", "stale_event", "unattributed", "user_missing"}

    assert set(sample_names("subscribe")) == run

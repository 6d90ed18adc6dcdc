"""Every type of Stripe's events that we want starts exactly one machine, by either door."""

from typing import Any

import pytest

from billing.contracts.steps import MachineInput
from billing.contracts.trimmed import trimmed
from tests.support.definitions import event_machines, pascal
from tests.support.routing import (
    PARTNER,
    WEBHOOK,
    enveloped,
    machine_input,
    rules_for,
    sample_names,
    stripe_sample,
)

TYPES = {
    "subscribe": [
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "customer.subscription.created",
    ],
    "upgrade": [
        "customer.subscription.paused",
        "customer.subscription.pending_update_applied",
        "customer.subscription.pending_update_expired",
        "customer.subscription.resumed",
        "customer.subscription.trial_will_end",
        "customer.subscription.updated",
        "subscription_schedule.aborted",
        "subscription_schedule.canceled",
        "subscription_schedule.completed",
        "subscription_schedule.created",
        "subscription_schedule.expiring",
        "subscription_schedule.released",
        "subscription_schedule.updated",
    ],
    "cancel": ["customer.deleted", "customer.subscription.deleted"],
    "payment_failure": [
        "invoice.finalization_failed",
        "invoice.marked_uncollectible",
        "invoice.overdue",
        "invoice.payment_action_required",
        "invoice.payment_failed",
    ],
    "renew": ["invoice.paid", "invoice.voided"],
    "purchase": [
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.refunded",
        "checkout.session.expired",
        "refund.failed",
    ],
    "sync_payment_methods": [
        "customer.updated",
        "payment_method.attached",
        "payment_method.automatically_updated",
        "payment_method.detached",
        "payment_method.updated",
    ],
}
ROUTES = {type_: [f"{pascal(name)}Rule"] for name, types in TYPES.items() for type_ in types}
UNWANTED = "entitlements.active_entitlement_summary.updated"
SESSION_TYPES = [type_ for type_ in ROUTES if type_.startswith("checkout.session.")]

each_way = pytest.mark.parametrize("way", [lambda event: event, trimmed], ids=["whole", "trimmed"])


def told_before(type_: str, previous: dict[str, Any] | None) -> dict[str, Any]:
    """The sample of a type, with other ``previous_attributes``."""
    event = stripe_sample(type_)
    data = {"object": event["data"]["object"]}
    return event | {"data": data if previous is None else data | {"previous_attributes": previous}}


def test_every_sample_has_a_route_here_and_every_machine_one() -> None:
    assert sample_names("stripe") == sorted([*ROUTES, UNWANTED])
    assert sorted(TYPES) == event_machines()


@each_way
@pytest.mark.parametrize("source", [WEBHOOK, PARTNER])
@pytest.mark.parametrize("type_", ROUTES)
def test_an_event_matches_its_one_rule(type_: str, source: str, way: Any) -> None:
    assert rules_for(enveloped(way(stripe_sample(type_)), source)) == ROUTES[type_]


def test_what_no_lifecycle_wants_starts_nothing() -> None:
    assert rules_for(enveloped(stripe_sample(UNWANTED))) == []


@pytest.mark.parametrize("source", ["scai.billing", "aws.partner/shopify.com/1", "anybody"])
def test_what_is_not_stripes_starts_nothing(source: str) -> None:
    assert rules_for(enveloped(stripe_sample("customer.subscription.created"), source)) == []


@each_way
@pytest.mark.parametrize("type_", SESSION_TYPES)
def test_a_sessions_mode_decides_what_it_starts(type_: str, way: Any) -> None:
    expired = type_ == "checkout.session.expired"
    rules = {"subscription": [] if expired else ["SubscribeRule"], "payment": ["PurchaseRule"]}
    for mode in ("subscription", "payment", "setup"):
        session = stripe_sample(type_)
        session["data"]["object"]["mode"] = mode

        assert rules_for(enveloped(way(session))) == rules.get(mode, [])


@each_way
@pytest.mark.parametrize(
    "previous",
    [
        {"cancel_at": None, "canceled_at": None},
        {"cancel_at": 1_802_678_400},
        {"cancel_at_period_end": False},
        {"cancel_at": None, "cancel_at_period_end": False},
        {"cancel_at": None, "items": {"data": []}},
    ],
)
def test_a_cancellation_that_is_set_or_undone_goes_to_cancel_alone(
    previous: dict[str, Any], way: Any
) -> None:
    event = told_before("customer.subscription.updated", previous)

    assert rules_for(enveloped(way(event))) == ["CancelRule"]


@each_way
@pytest.mark.parametrize(
    "previous", [None, {}, {"status": "active"}, {"items": {"data": []}}, {"schedule": None}]
)
def test_any_other_update_goes_to_upgrade_alone(previous: dict[str, Any] | None, way: Any) -> None:
    event = told_before("customer.subscription.updated", previous)

    assert rules_for(enveloped(way(event))) == ["UpgradeRule"]


@each_way
@pytest.mark.parametrize(
    ("previous", "rules"),
    [
        ({"invoice_settings": {"default_payment_method": None}}, ["SyncPaymentMethodsRule"]),
        ({"default_source": None}, ["SyncPaymentMethodsRule"]),
        ({"invoice_settings": {"footer": None}}, []),
        ({"name": None, "balance": 0}, []),
        (None, []),
    ],
)
def test_of_a_customers_changes_only_the_default_starts_something(
    previous: dict[str, Any] | None, rules: list[str], way: Any
) -> None:
    assert rules_for(enveloped(way(told_before("customer.updated", previous)))) == rules


@pytest.mark.parametrize("type_", ROUTES)
def test_a_rule_hands_on_an_input_that_the_machine_can_read(type_: str) -> None:
    event = stripe_sample(type_)
    (rule,) = ROUTES[type_]

    given = machine_input(rule, enveloped(event, PARTNER))

    assert MachineInput.model_validate(given).source == PARTNER
    assert given["event"] == {
        name: event[name] for name in ("id", "type", "created", "api_version", "data")
    }

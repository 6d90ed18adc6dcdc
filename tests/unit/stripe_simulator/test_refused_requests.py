"""A refused request leaves no trace; only a declined card's payment does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import DAY, Account, Json

LISTS = (
    "account",
    "charges",
    "checkout/sessions",
    "customers",
    "events",
    "invoices",
    "payment_intents",
    "prices",
    "products",
    "setup_intents",
    "subscriptions",
    "webhook_endpoints",
)


def observable(stripe: Account) -> Json:
    """All that a client can list, each customer's cards, and what is still to happen."""
    seen: Json = {path: stripe.get(f"/v1/{path}", **_all(path)) for path in LISTS}
    for customer in seen["customers"]["data"]:
        path = f"/v1/customers/{customer['id']}/payment_methods"
        seen[path] = stripe.get(path)
    world = stripe.engine.world
    seen["destinations"] = dict(world.deliveries.destinations)
    seen["next timer"] = world.timers.next_at()
    return seen


def _all(path: str) -> Json:
    limited = {} if path == "account" else {"limit": 100}
    return {**limited, "status": "all"} if path == "subscriptions" else limited


@pytest.fixture
def made(stripe: Account) -> dict[str, Any]:
    """Something of each kind; by name, what the requests below need."""
    subscription = stripe.subscribe()
    price = stripe.price(lookup_key="taken")
    endpoint = stripe.post(
        "/v1/webhook_endpoints", url="https://app.example.test/hook", enabled_events=["*"]
    )
    cards = stripe.get(f"/v1/customers/{subscription['customer']}/payment_methods")["data"]
    intent = stripe.post("/v1/payment_intents", amount=500, currency="usd")
    return {
        "customer": subscription["customer"],
        "endpoint": endpoint["id"],
        "intent": intent["id"],
        "method": cards[0]["id"],
        "price": price["id"],
        "session": stripe.session(price)["id"],
        "subscription": subscription["id"],
    }


AMOUNT = {"currency": "usd", "recurring": {"interval": "month"}}
NEW_PRICE = {**AMOUNT, "product_data": {"name": "New"}, "lookup_key": "taken"}
TRIAL = {"items": [{"price": "{price}"}], "customer": "{customer}", "trial_period_days": 3}
REFUSED = [
    ("POST", "/v1/customers", {"name": "New"}),
    ("POST", "/v1/customers/{customer}", {"name": "Changed"}),
    ("DELETE", "/v1/customers/{customer}", {}),
    ("POST", "/v1/products", {"name": "New"}),
    ("POST", "/v1/prices", {**NEW_PRICE, "unit_amount": 1, "transfer_lookup_key": True}),
    ("POST", "/v1/subscriptions", TRIAL),
    ("POST", "/v1/subscriptions/{subscription}", {"cancel_at_period_end": True}),
    ("DELETE", "/v1/subscriptions/{subscription}", {}),
    ("POST", "/v1/payment_methods/{method}/detach", {}),
    ("POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": "{customer}"}),
    ("POST", "/v1/payment_intents", {"amount": 500, "currency": "usd"}),
    ("POST", "/v1/payment_intents/{intent}/confirm", {"payment_method": "pm_card_visa"}),
    ("POST", "/v1/setup_intents", {"customer": "{customer}"}),
    ("POST", "/v1/checkout/sessions/{session}/expire", {}),
    ("POST", "/v1/payment_pages/{session}/confirm", {"payment_method": "pm_card_visa"}),
    ("POST", "/v1/webhook_endpoints", {"url": "https://x.example.test", "enabled_events": ["*"]}),
    ("POST", "/v1/webhook_endpoints/{endpoint}", {"disabled": True}),
    ("DELETE", "/v1/webhook_endpoints/{endpoint}", {}),
]


def filled(template: Any, made: dict[str, Any]) -> Any:
    if isinstance(template, dict):
        return {key: filled(value, made) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, made) for value in template]
    return template.format(**made) if isinstance(template, str) else template


@pytest.mark.parametrize(("method", "path", "params"), REFUSED)
def test_a_request_refused_after_it_acted_leaves_everything_as_it_was(
    stripe: Account, made: dict[str, Any], method: str, path: str, params: Json
) -> None:
    request, before = (method, filled(path, made)), observable(stripe)
    given = filled(params, made)
    error = stripe.refused(*request, 400, **given, expand=["nonsense"])
    assert error["param"] == "expand"
    assert observable(stripe) == before
    assert stripe.request(*request, given).status == 200


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/prices", {**NEW_PRICE, "transfer_lookup_key": True}),
        (
            "/v1/payment_intents",
            {"amount": 500, "currency": "usd", "payment_method": "pm_none", "confirm": True},
        ),
    ],
)
def test_a_request_refused_halfway_leaves_everything_as_it_was(
    stripe: Account, made: dict[str, Any], path: str, params: Json
) -> None:
    before = observable(stripe)
    stripe.refused("POST", path, 400, **params)
    assert observable(stripe) == before


def test_time_goes_on_after_a_refused_subscription(stripe: Account, made: dict[str, Any]) -> None:
    stripe.refused("POST", "/v1/subscriptions", 400, **filled(TRIAL, made), expand=["nonsense"])
    stripe.wait(4 * DAY)
    assert len(stripe.get("/v1/subscriptions")["data"]) == 1


def test_a_declined_card_leaves_the_attempt(stripe: Account, made: dict[str, Any]) -> None:
    path = f"/v1/payment_intents/{made['intent']}"
    stripe.refused("POST", f"{path}/confirm", 402, payment_method="pm_card_chargeDeclined")
    assert stripe.get(path)["last_payment_error"]["code"] == "card_declined"
    assert "payment_intent.payment_failed" in stripe.event_types()

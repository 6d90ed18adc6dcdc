"""Every answer of every route, and every event, has exactly the shape that Stripe documents."""

from __future__ import annotations

from typing import Any

import pytest
from stripe import ErrorObject

from local.stripe_simulator.engine import Response
from local.stripe_simulator.registry import ROUTER
from tests.contracts.stripe_simulator.shapes import Json, check, check_as
from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account


class CheckedAccount(Account):
    """An account whose every answer is checked, and which remembers what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[tuple[str, str]] = set()

    def request(self, method: str, path: str, params: Json | str, **headers: str) -> Response:
        response = super().request(method, path, params, **headers)
        body = response.json()
        if response.status == 200:
            self.asked.add((method, _pattern(path)))
            assert check(body) == [], path
        else:
            assert list(body) == ["error"]
            assert check_as(body["error"], ErrorObject) == [], path
        return response


def _pattern(path: str) -> str:
    """The route of a path: `payment_methods` and the like are no ids."""
    words = {part for route in ROUTER.routes for part in route.parts}
    return "/".join("{}" if part and part not in words else part for part in path.split("/"))


def catalogue(stripe: Account) -> Json:
    product = stripe.post("/v1/products", name="Plus", images=["https://x.example/a.png"])
    path = f"/v1/products/{product['id']}"
    stripe.post(path, description="More of everything", metadata={"tier": "2"})
    stripe.get(path)
    stripe.get("/v1/products")
    stripe.delete(path)
    price = stripe.price(lookup_key="standard", metadata={"plan": "standard"})
    stripe.post(f"/v1/prices/{price['id']}", nickname="Standard, monthly")
    stripe.get(f"/v1/prices/{price['id']}", expand=["product"])
    stripe.get("/v1/prices", expand=["data.product"])
    stripe.get("/v1/account")
    return price


def people_and_cards(stripe: Account) -> Json:
    address = {"line1": "1 Way", "city": "Bern", "country": "CH", "postal_code": "3000"}
    customer = stripe.customer(
        name="Test Customer",
        address=address,
        shipping={"name": "Test Customer", "address": address},
    )
    path = f"/v1/customers/{customer['id']}"
    stripe.get(path, expand=["subscriptions", "invoice_settings.default_payment_method"])
    stripe.get("/v1/customers")
    method = customer["invoice_settings"]["default_payment_method"]
    stripe.get(f"/v1/payment_methods/{method}", expand=["customer"])
    stripe.post(f"/v1/payment_methods/{method}", billing_details={"address": address})
    stripe.get(f"{path}/payment_methods")
    stripe.get(f"{path}/payment_methods/{method}")
    stripe.get("/v1/payment_methods", customer=customer["id"])
    card = {"token": "tok_mastercard", "exp_month": 1, "exp_year": 2030}
    second = stripe.post("/v1/payment_methods", type="card", card=card)
    stripe.post(f"/v1/payment_methods/{second['id']}/attach", customer=customer["id"])
    stripe.post(f"/v1/payment_methods/{second['id']}/detach")
    return customer


def intents(stripe: Account, customer: Json) -> None:
    automatic = {"enabled": "true", "allow_redirects": "never"}
    for kind, extra in (("payment", {"amount": 500, "currency": "usd"}), ("setup", {})):
        url = f"/v1/{kind}_intents"
        intent = stripe.post(
            url, customer=customer["id"], automatic_payment_methods=automatic, **extra
        )
        path = f"{url}/{intent['id']}"
        stripe.post(path, metadata={"why": "test"})
        stripe.refused("POST", f"{path}/confirm", 402, payment_method="pm_card_chargeDeclined")
        stripe.get(path)
        stripe.post(f"{path}/confirm", payment_method="pm_card_visa")
        other = stripe.post(url, **extra)
        stripe.post(f"{url}/{other['id']}/cancel", cancellation_reason="abandoned")
        stripe.get(url)
    charge = stripe.get("/v1/charges", expand=["data.payment_intent"])["data"][0]
    stripe.get(f"/v1/charges/{charge['id']}")
    stripe.post(f"/v1/charges/{charge['id']}", description="A charge")


def checkout(stripe: Account, price: Json) -> Json:
    everything: Json = {
        "automatic_tax": {"enabled": "true"},
        "billing_address_collection": "auto",
        "client_reference_id": "user_1",
        "cancel_url": "https://app.example.com/back",
        "metadata": {"user": "1"},
        "expand": ["line_items"],
    }
    session = stripe.session(price, **everything, customer_email="customer@example.test")
    path = f"/v1/checkout/sessions/{session['id']}"
    stripe.post(path, metadata={"user": "2"})
    stripe.get(f"/v1/payment_pages/{session['id']}")
    confirm = f"/v1/payment_pages/{session['id']}/confirm"
    stripe.refused("POST", confirm, 402, payment_method="pm_card_chargeDeclined")
    paid = stripe.pay(session)
    stripe.get(path, expand=["subscription.latest_invoice", "customer", "invoice.payments"])
    stripe.get(f"{path}/line_items")
    stripe.get("/v1/checkout/sessions")
    trial = stripe.session(price, subscription_data={"trial_period_days": 3})
    stripe.pay(trial)
    stripe.pay(stripe.session(stripe.price(500, None), customer_creation="always"))
    stripe.post(f"/v1/checkout/sessions/{stripe.session(price)['id']}/expire")
    return paid


def subscriptions(stripe: Account) -> None:
    running = stripe.subscribe(trial_period_days=2, metadata={"user": "1"})
    path = f"/v1/subscriptions/{running['id']}"
    item = running["items"]["data"][0]
    items = [{"id": item["id"], "quantity": 2}]
    stripe.post(path, items=items, proration_behavior="none", cancel_at_period_end="true")
    stripe.post(path, cancel_at_period_end="false", cancellation_details={"comment": "no"})
    stripe.get(path, expand=["customer", "default_payment_method", "latest_invoice.payments"])
    stripe.get("/v1/subscriptions", status="all", expand=["data.latest_invoice"])
    stripe.get(f"/v1/subscription_items/{item['id']}")
    stripe.get("/v1/subscription_items", subscription=running["id"])
    stripe.delete(f"/v1/subscriptions/{stripe.subscribe()['id']}")
    for card in ("pm_card_visa", "pm_card_chargeCustomerFail"):
        subscription = stripe.subscribe(card)
        invoice = stripe.latest_invoice(subscription)
        invoice_path = f"/v1/invoices/{invoice['id']}"
        stripe.get(invoice_path, expand=["payments", "confirmation_secret", "customer"])
        stripe.get(f"{invoice_path}/lines")
        stripe.post(invoice_path, metadata={"seen": "yes"})
    stripe.refused("POST", f"{invoice_path}/pay", 402)
    stripe.post(f"{invoice_path}/mark_uncollectible")
    stripe.post(f"{invoice_path}/pay", payment_method="pm_card_visa")
    unpaid = stripe.subscribe("pm_card_chargeCustomerFail")
    stripe.post(f"/v1/invoices/{unpaid['latest_invoice']}/void")


def renewals(stripe: Account) -> None:
    """Periods pass, with a draft finalized by hand, a card that stops working, and a deletion."""
    subscription = stripe.subscribe()
    stripe.wait(31 * DAY)
    stripe.post(f"/v1/invoices/{stripe.latest_invoice(subscription)['id']}/finalize")
    method = stripe.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=subscription["customer"]
    )
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, default_payment_method=method["id"])
    stripe.wait(28 * DAY + HOUR)
    stripe.get("/v1/invoices")
    stripe.wait(14 * DAY)
    stripe.get("/v1/invoice_payments", expand=["data.invoice"])
    payment = stripe.get("/v1/invoice_payments")["data"][0]
    stripe.get(f"/v1/invoice_payments/{payment['id']}", expand=["payment.payment_intent"])
    stripe.delete(f"/v1/customers/{subscription['customer']}")
    stripe.get(f"/v1/customers/{subscription['customer']}")


def endpoints(stripe: Account) -> None:
    endpoint = stripe.post(
        "/v1/webhook_endpoints", url="https://x.example/hook", enabled_events=["*"]
    )
    path = f"/v1/webhook_endpoints/{endpoint['id']}"
    stripe.post(path, disabled="true")
    stripe.get(path)
    stripe.get("/v1/webhook_endpoints")
    stripe.delete(path)
    events = stripe.get("/v1/events", limit=100)
    stripe.get(f"/v1/events/{events['data'][0]['id']}")


@pytest.fixture(scope="module")
def used() -> CheckedAccount:
    """An account on which everything that is served was used."""
    stripe = CheckedAccount()
    price = catalogue(stripe)
    intents(stripe, people_and_cards(stripe))
    checkout(stripe, price)
    subscriptions(stripe)
    renewals(stripe)
    endpoints(stripe)
    return stripe


def test_every_route_answered_in_shape(used: CheckedAccount) -> None:
    served = {(route.method, route.path) for route in ROUTER.routes}
    assert used.asked == served


def test_every_event_is_in_shape(used: CheckedAccount) -> None:
    events = list(used.engine.world.store.newest_first("event"))
    assert len(events) > 100
    for event in events:
        assert check(event) == [], event["type"]


def test_every_stored_object_is_in_shape(used: CheckedAccount) -> None:
    kinds = {"product", "price", "customer", "payment_method", "payment_intent", "setup_intent",
             "charge", "checkout.session", "subscription", "subscription_item", "invoice",
             "invoice_payment", "webhook_endpoint"}  # fmt: skip
    for kind in kinds:
        for each in used.engine.world.store.newest_first(kind):
            assert check(each) == [], each["id"]


def test_previous_attributes_name_only_keys_of_the_object(used: CheckedAccount) -> None:
    updates = [
        event
        for event in used.engine.world.store.newest_first("event")
        if "previous_attributes" in event["data"]
    ]
    assert updates
    for event in updates:
        previous: dict[str, Any] = event["data"]["previous_attributes"]
        assert previous
        assert previous.keys() <= event["data"]["object"].keys()


def test_errors_are_in_shape() -> None:
    stripe = CheckedAccount()
    for refused in (
        stripe.request("GET", "/v1/customers/cus_none", {}),
        stripe.request("POST", "/v1/products", {}),
        stripe.request("GET", "/v1/nothing", {}),
        stripe.engine.request("GET", "/v1/account"),
    ):
        error = refused.json()["error"]
        assert check_as(error, ErrorObject) == []
        assert error["request_log_url"].endswith(f"?t={START}")

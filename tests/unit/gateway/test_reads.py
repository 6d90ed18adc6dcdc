"""What the gateway reads of the local Stripe is what the record stores, with Stripe's time."""

import random
from dataclasses import dataclass
from typing import Any

import pytest
import stripe
from pydantic import SecretStr

from billing.domain.errors import StripeNotFound
from billing.domain.record import PaymentMethod
from billing.gateway.secrets import StripeSecrets
from billing.gateway.stripe_gateway import StripeGateway
from local.stripe_simulator.engine import Engine
from local.stripe_simulator.inprocess import EngineClient
from tests.support.builders import NOW

KEY = "sk_test_gateway"


class FixedSecrets:
    """The secret, without Secrets Manager."""

    def read(self) -> StripeSecrets:
        return StripeSecrets(api_key=SecretStr(KEY), webhook_secrets=())

    def refreshed(self) -> None:
        return None


@dataclass
class Shop:
    """A local Stripe with a customer, and the gateway that looks at it."""

    engine: Engine
    gateway: StripeGateway
    stripe: Any
    customer: str
    plan: str
    licence: str

    def post(self, path: str, **params: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = self.engine.request("POST", path, params, headers)
        assert answer.status == 200, answer.json()
        return dict(answer.json())

    def subscribe(self) -> Any:
        method = self.stripe.payment_methods.attach("pm_card_visa", {"customer": self.customer})
        return self.stripe.subscriptions.create(
            {
                "customer": self.customer,
                "items": [{"price": self.plan}],
                "default_payment_method": method.id,
            }
        )

    def open_session(self) -> str:
        session = self.stripe.checkout.sessions.create(
            {
                "mode": "payment",
                "customer": self.customer,
                "line_items": [{"price": self.licence, "quantity": 2}],
                "success_url": "https://app.example.com",
            }
        )
        return str(session.id)

    def buy(self, card: str = "pm_card_visa") -> str:
        """Buy two licences by Checkout; give the session's id."""
        session = self.open_session()
        self.post(f"/v1/payment_pages/{session}/confirm", payment_method=card)
        return session


@pytest.fixture
def shop() -> Shop:
    engine = Engine(lambda: NOW, random.Random(1))
    client = EngineClient(engine)
    gateway = StripeGateway(FixedSecrets(), "http://stripe", lambda: 7.0, client)  # type: ignore[arg-type]
    api = stripe.StripeClient(KEY, http_client=client).v1
    product = api.products.create({"name": "Things"}).id
    plan = api.prices.create(
        {"product": product, "currency": "usd", "unit_amount": 1900, "recurring": _MONTHLY}
    )
    licence = api.prices.create({"product": product, "currency": "usd", "unit_amount": 9900})
    customer = api.customers.create({"email": "somebody@example.test"})
    return Shop(engine, gateway, api, customer.id, plan.id, licence.id)


_MONTHLY: Any = {"interval": "month"}


def test_a_purchase_is_found_by_its_session_and_by_its_payment(shop: Shop) -> None:
    session = shop.buy()

    purchase = shop.gateway.purchase(None, session)

    assert purchase is not None
    assert (purchase.price_id, purchase.quantity) == (shop.licence, 2)
    assert (purchase.amount, purchase.currency, purchase.status) == (19800, "usd", "paid")
    assert purchase == shop.gateway.purchase(purchase.purchase_id, None)
    assert shop.gateway.purchases_of(shop.customer) == (purchase,)
    assert shop.gateway.customer_of_payment(purchase.purchase_id) == shop.customer


def test_a_refund_and_a_dispute_show_in_the_purchase(shop: Shop) -> None:
    refunded = shop.gateway.purchase(None, shop.buy())
    disputed = shop.gateway.purchase(None, shop.buy("pm_card_createDispute"))
    assert refunded is not None
    assert disputed is not None

    shop.stripe.refunds.create({"payment_intent": refunded.purchase_id, "amount": 500})

    again = shop.gateway.purchase(refunded.purchase_id, None)
    assert again == refunded.model_copy(update={"amount_refunded": 500})
    assert disputed.dispute == "needs_response"


def test_a_session_that_is_still_open_is_no_purchase(shop: Shop) -> None:
    session = shop.open_session()

    assert shop.gateway.purchase(None, session) is None
    assert shop.gateway.purchases_of(shop.customer) == ()


def test_a_subscriptions_payment_is_no_purchase(shop: Shop) -> None:
    shop.subscribe()
    payment = shop.stripe.payment_intents.list({"customer": shop.customer}).data[0].id

    assert shop.gateway.purchase(payment, None) is None
    assert shop.gateway.purchase(None, None) is None


def test_invoices_are_the_same_by_customer_by_subscription_and_by_id(shop: Shop) -> None:
    subscription = shop.subscribe()

    (invoice,) = shop.gateway.invoices_of_subscription(subscription.id)

    assert (invoice.subscription_id, invoice.status) == (subscription.id, "paid")
    assert (invoice.total, invoice.amount_paid, invoice.as_of) == (1900, 1900, NOW)
    assert shop.gateway.invoices_of_customer(shop.customer) == (invoice,)
    assert shop.gateway.invoice(invoice.invoice_id) == invoice


def test_a_customers_state_has_its_default_and_of_each_card_what_may_be_shown(
    shop: Shop,
) -> None:
    method = shop.stripe.payment_methods.attach("pm_card_visa", {"customer": shop.customer})
    settings: Any = {"invoice_settings": {"default_payment_method": method.id}}
    shop.stripe.customers.update(shop.customer, settings)

    state = shop.gateway.customer_state(shop.customer)

    assert state.value.default_payment_method_id == method.id
    assert state.value.payment_methods == (
        PaymentMethod(
            payment_method_id=method.id,
            type="card",
            brand="visa",
            last4="4242",
            exp_month=method.card.exp_month,
            exp_year=method.card.exp_year,
        ),
    )
    assert (state.stamp.lo, state.stamp.hi) == (NOW, NOW + 1)


def test_a_deleted_customer_says_so_and_has_no_cards(shop: Shop) -> None:
    shop.stripe.customers.delete(shop.customer)

    state = shop.gateway.customer_state(shop.customer).value

    assert (state.deleted, state.payment_methods) == (True, ())


def test_what_stripe_does_not_have_is_not_found(shop: Shop) -> None:
    with pytest.raises(StripeNotFound):
        shop.gateway.purchase(None, "cs_test_unknown")
    with pytest.raises(StripeNotFound):
        shop.gateway.invoice("in_unknown")


def test_a_list_is_read_to_its_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.gateway.stripe_gateway.PAGE", 2)
    bought = {shop.buy() for _ in range(5)}

    assert {p.session_id for p in shop.gateway.purchases_of(shop.customer)} == bought


def test_how_paying_an_invoice_went_is_read_from_its_payment(shop: Shop) -> None:
    method = shop.stripe.payment_methods.attach(
        "pm_card_chargeCustomerFail", {"customer": shop.customer}
    )
    subscription = shop.stripe.subscriptions.create(
        {
            "customer": shop.customer,
            "items": [{"price": shop.plan}],
            "default_payment_method": method.id,
        }
    )

    attempt = shop.gateway.payment_of_invoice(subscription.latest_invoice)

    assert attempt is not None
    assert attempt.status == "requires_payment_method"
    assert (attempt.client_secret or "").startswith(f"{attempt.id}_secret_")
    assert attempt.last_payment_error is not None
    assert attempt.last_payment_error.code == "card_declined"
    assert attempt.last_payment_error.decline_code == "generic_decline"
    assert attempt.last_payment_error.message


def test_an_invoice_that_is_still_a_draft_has_no_payment(shop: Shop) -> None:
    draft = shop.stripe.invoices.create({"customer": shop.customer})

    assert shop.gateway.payment_of_invoice(draft.id) is None


def test_a_payment_method_says_whose_it_is(shop: Shop) -> None:
    method = shop.stripe.payment_methods.attach("pm_card_visa", {"customer": shop.customer})
    assert shop.gateway.payment_method(method.id).customer == shop.customer

    shop.stripe.payment_methods.detach(method.id)

    assert shop.gateway.payment_method(method.id).customer is None

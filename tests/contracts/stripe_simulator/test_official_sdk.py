"""The official SDK over real HTTP: it must not be able to tell the simulator from Stripe."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from stripe import (
    AuthenticationError,
    CardError,
    HTTPXClient,
    IdempotencyError,
    InvalidRequestError,
    StripeClient,
)

from tests.contracts.stripe_simulator.conftest import KEY
from tests.contracts.stripe_simulator.server import DEADLINE

# The SDK itself passes bytes in a way that httpx has come to frown on.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=")


def session_of(client: StripeClient, price_id: str, **params: Any) -> Any:
    given: Any = {
        "mode": "subscription",
        "line_items": [{"price": price_id, "quantity": 1}],
        "success_url": "https://app.example.com/?s={CHECKOUT_SESSION_ID}",
        **params,
    }
    return client.v1.checkout.sessions.create(given)


def price_of(client: StripeClient) -> str:
    product = client.v1.products.create({"name": "Standard"})
    price = client.v1.prices.create(
        {
            "product": product.id,
            "currency": "usd",
            "unit_amount": 1900,
            "recurring": {"interval": "month"},
        }
    )
    return price.id


def test_it_subscribes_through_checkout(client: StripeClient) -> None:
    customer = client.v1.customers.create(
        {"email": "customer@example.test", "metadata": {"user": "1"}}
    )
    session = session_of(client, price_of(client), customer=customer.id)
    client.raw_request(
        "post", f"/v1/payment_pages/{session.id}/confirm", payment_method="pm_card_visa"
    )
    session = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["subscription.latest_invoice.payments"]}
    )
    assert session.payment_status == "paid"
    subscription: Any = session.subscription
    assert subscription.status == "active"
    assert subscription.latest_invoice.parent.subscription_details.subscription == subscription.id
    assert subscription.latest_invoice.payments.data[0].status == "paid"
    price = subscription["items"].data[0].price
    assert str(price.unit_amount_decimal) == "1900"


def test_a_decline_is_a_card_error_with_its_decline_code(client: StripeClient) -> None:
    session = session_of(client, price_of(client))
    with pytest.raises(CardError) as declined:
        client.raw_request(
            "post",
            f"/v1/payment_pages/{session.id}/confirm",
            payment_method="pm_card_visa_chargeDeclinedInsufficientFunds",
        )
    error: Any = declined.value
    assert error.http_status == 402
    assert error.code == "card_declined"
    assert error.error.decline_code == "insufficient_funds"
    assert error.request_id.startswith("req_")


def test_errors_arrive_as_the_sdks_own_classes(client: StripeClient) -> None:
    with pytest.raises(InvalidRequestError) as missing:
        client.v1.customers.retrieve("cus_none")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    options: Any = {"idempotency_key": f"op-{id(client)}"}
    client.v1.customers.create({"name": "Test Customer"}, options)
    with pytest.raises(IdempotencyError):
        client.v1.customers.create({"name": "Other Customer"}, options)


def test_a_live_key_is_refused(address: str) -> None:
    client = StripeClient("sk_live_abcdefghij", base_addresses={"api": address})
    with pytest.raises(AuthenticationError):
        client.v1.customers.list()


def test_pages_follow_one_another(client: StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Test Customer"})
    made = [client.v1.setup_intents.create({"customer": customer.id}).id for _ in range(5)]
    page = client.v1.setup_intents.list({"customer": customer.id, "limit": 2})
    assert [intent.id for intent in page.auto_paging_iter()] == made[::-1]


def test_values_of_all_kinds_survive_the_form(client: StripeClient) -> None:
    name = "Tëst & Cüstomer = [100 %] + “more”"
    customer = client.v1.customers.create({"name": name, "metadata": {"a.b c": "d=e&f"}})
    found = client.v1.customers.retrieve(customer.id)
    assert (found.name, found.metadata["a.b c"]) == (name, "d=e&f")  # type: ignore[index]


def test_a_deleted_customer_says_so(client: StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Test Customer"})
    client.v1.customers.delete(customer.id)
    assert client.v1.customers.retrieve(customer.id).deleted is True


def test_pages_follow_one_another_asynchronously(address: str) -> None:
    async def use() -> bool:
        http_client = HTTPXClient()
        client = StripeClient(KEY, base_addresses={"api": address}, http_client=http_client)
        try:
            names = [f"Customer {number}" for number in range(5)]
            made = await asyncio.gather(
                *(client.v1.customers.create_async({"name": name}) for name in names)
            )
            page = await client.v1.customers.list_async({"limit": 2})
            found = [customer.id async for customer in page.auto_paging_iter()]
            return {customer.id for customer in made} <= set(found)
        finally:
            await http_client.close_async()

    assert asyncio.run(use())


def test_the_date_is_the_simulators_and_there_only_once(address: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    before = httpx.get(f"{address}/v1/account", headers=headers, timeout=DEADLINE)
    assert len(before.headers.get_list("date")) == 1
    assert "server" not in before.headers

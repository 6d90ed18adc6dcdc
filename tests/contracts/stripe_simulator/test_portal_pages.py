"""The customer portal over HTTP: what it shows, what it leaves alone, and when it closes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from tests.contracts.stripe_simulator.server import DEADLINE, served

CARD = {
    "number": "5555 5555 5555 4444",
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Test Customer",
    "postal_code": "10115",
}


class Site:
    """A served simulator: the SDK on it, and a browser of sorts."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url, self.http = url, http
        self.stripe = StripeClient("sk_test_x", base_addresses={"api": url}).v1
        self.customer = self.stripe.customers.create({"email": "customer@example.test"})
        method = self.stripe.payment_methods.attach("pm_card_visa", {"customer": self.customer.id})
        settings: Any = {"invoice_settings": {"default_payment_method": method.id}}
        self.stripe.customers.update(self.customer.id, settings)
        self.subscription = self.subscribe(self.customer.id)

    def price(self, amount: int) -> Any:
        return self.stripe.prices.create(
            {
                "currency": "usd",
                "unit_amount": amount,
                "recurring": {"interval": "month"},
                "product_data": {"name": "Standard"},
            }
        )

    def subscribe(self, customer: str) -> Any:
        created = {"customer": customer, "items": [{"price": self.price(1900).id}]}
        return self.stripe.subscriptions.create(created)  # type: ignore[arg-type]

    def open(self, **params: Any) -> str:
        given = {"customer": self.customer.id, **params}
        return str(self.stripe.billing_portal.sessions.create(given).url)  # type: ignore[arg-type]

    def current(self) -> Any:
        return self.stripe.subscriptions.retrieve(self.subscription.id)

    def event_types(self) -> list[str]:
        return [event.type for event in self.stripe.events.list({"limit": 100}).data]


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as url, httpx.Client(timeout=DEADLINE, follow_redirects=True) as http:
        yield Site(url, http)


def test_the_portal_shows_the_plan_the_card_and_the_invoices(site: Site) -> None:
    text = site.http.get(site.open(return_url="https://app.example.com/account")).text
    invoice = site.stripe.invoices.retrieve(site.subscription.latest_invoice)
    for shown in (
        "Standard",
        "$19.00 per month",
        "Visa •••• 4242",
        "https://app.example.com/account",
        invoice.hosted_invoice_url,
    ):
        assert str(shown) in text


def test_what_the_configuration_leaves_out_is_neither_shown_nor_done(site: Site) -> None:
    features: Any = {"features": {"invoice_history": {"enabled": True}}}
    configuration = site.stripe.billing_portal.configurations.create(features)
    url = site.open(configuration=configuration.id)
    text = site.http.get(url).text
    assert "Cancel plan" not in text
    assert "Add payment method" not in text
    assert site.http.post(f"{url}/cancel/{site.subscription.id}").status_code == 404
    assert site.current().cancel_at is None


def test_nobody_reaches_another_customers_subscription_or_card(site: Site) -> None:
    other = site.stripe.customers.create({"email": "other@example.test"})
    card = site.stripe.payment_methods.attach("pm_card_mastercard", {"customer": other.id})
    url = site.open(customer=other.id)
    assert site.http.post(f"{url}/cancel/{site.subscription.id}").status_code == 404
    assert site.current().cancel_at is None
    assert site.http.post(f"{site.open()}/card/{card.id}/remove").status_code == 404
    assert site.stripe.payment_methods.retrieve(card.id).customer == other.id


def test_a_customer_cancels_and_thinks_better_of_it(site: Site) -> None:
    url = site.open()
    answer = site.http.post(
        f"{url}/cancel/{site.subscription.id}", data={"feedback": "unused", "comment": "Bye"}
    )
    assert "Your plan ends on" in answer.text
    canceled = site.current()
    assert canceled.cancel_at == canceled["items"].data[0].current_period_end
    assert canceled.cancellation_details.feedback == "unused"
    site.http.post(f"{url}/keep/{site.subscription.id}")
    assert site.current().cancel_at is None
    assert site.event_types().count("customer.subscription.updated") == 2


def test_a_declined_card_changes_nothing(site: Site) -> None:
    answer = site.http.post(f"{site.open()}/card", data={**CARD, "number": "4000000000000002"})
    assert answer.status_code == 402
    assert "Your card was declined." in answer.text
    assert len(site.stripe.customers.payment_methods.list(site.customer.id).data) == 1


def test_a_new_card_pays_from_now_on_and_the_old_one_can_go(site: Site) -> None:
    url = site.open()
    site.http.post(f"{url}/card", data=CARD)
    new, old = site.stripe.customers.payment_methods.list(site.customer.id).data
    settings = site.stripe.customers.retrieve(site.customer.id).invoice_settings
    assert settings is not None
    assert settings.default_payment_method == new.id
    site.http.post(f"{url}/card/{old.id}/remove")
    left = site.stripe.customers.payment_methods.list(site.customer.id).data
    assert [method.id for method in left] == [new.id]


def test_an_errand_leads_there_and_then_back_to_the_app(site: Site) -> None:
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": site.subscription.id},
        "after_completion": {
            "type": "redirect",
            "redirect": {"return_url": f"{site.url}/_sim/returned"},
        },
    }
    page = site.http.get(site.open(flow_data=flow))
    assert page.url.path.endswith(f"/cancel/{site.subscription.id}")
    assert site.http.post(page.url).url.path == "/_sim/returned"
    assert site.current().cancel_at is not None


def test_a_confirmed_errand_says_so(site: Site) -> None:
    confirmation = {"custom_message": "Your new card is <saved>"}
    after = {"type": "hosted_confirmation", "hosted_confirmation": confirmation}
    flow = {"type": "payment_method_update", "after_completion": after}
    page = site.http.get(site.open(flow_data=flow))
    assert "Your new card is &lt;saved&gt;" in site.http.post(page.url, data=CARD).text


def test_the_portal_closes(site: Site) -> None:
    url = site.open(return_url="https://app.example.com/account")
    site.http.post(f"{site.url}/_sim/advance", json={"seconds": 301})
    closed = site.http.get(url)
    assert (closed.status_code, "https://app.example.com/account" in closed.text) == (410, True)
    assert site.http.get(f"{site.url}/p/session/bps_none").status_code == 404


def test_a_bank_may_have_to_agree_to_a_new_card(site: Site) -> None:
    asked = site.http.post(f"{site.open()}/card", data={**CARD, "number": "4000000000003220"})
    assert asked.url.path.startswith("/3ds/")
    back = site.http.post(asked.url, data={"do": "complete"})
    assert "•••• 3220" in back.text
    settings = site.stripe.customers.retrieve(site.customer.id).invoice_settings
    assert settings is not None
    method = site.stripe.payment_methods.retrieve(str(settings.default_payment_method))
    assert method.card is not None
    assert method.card.last4 == "3220"


def test_what_is_shown_before_a_switch_is_what_the_switch_costs(site: Site) -> None:
    dearer = site.price(4900)
    features: Any = {
        "features": {
            "subscription_update": {
                "enabled": True,
                "default_allowed_updates": ["price", "quantity"],
                "proration_behavior": "always_invoice",
                "products": [{"product": dearer.product, "prices": [dearer.id]}],
            }
        }
    }
    configuration = site.stripe.billing_portal.configurations.create(features)
    url = site.open(configuration=configuration.id)
    path = f"{url}/confirm/{site.subscription.id}"
    shown = site.http.get(path, params={"price": dearer.id})
    site.http.post(path, data={"price": dearer.id})
    current = site.current()
    assert current["items"].data[0].price.id == dearer.id
    invoice = site.stripe.invoices.retrieve(current.latest_invoice)
    due = f"${invoice.amount_due / 100:.2f}"
    assert f'<strong id="due">{due}</strong>' in shown.text


def test_a_cheaper_plan_can_wait_for_the_end_of_the_period(site: Site) -> None:
    cheaper = site.price(900)
    features: Any = {
        "features": {
            "subscription_update": {
                "enabled": True,
                "default_allowed_updates": ["price"],
                "products": [{"product": cheaper.product, "prices": [cheaper.id]}],
                "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
            }
        }
    }
    configuration = site.stripe.billing_portal.configurations.create(features)
    url = site.open(configuration=configuration.id)
    path = f"{url}/confirm/{site.subscription.id}"
    assert 'id="waits"' in site.http.get(path, params={"price": cheaper.id}).text
    assert 'id="scheduled"' in site.http.post(path, data={"price": cheaper.id}).text
    current = site.current()
    assert current["items"].data[0].price.id != cheaper.id
    schedule = site.stripe.subscription_schedules.retrieve(str(current.schedule))
    assert schedule.phases[1]["items"][0].price == cheaper.id


def test_pages_of_another_site_change_nothing(site: Site) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    path = f"{site.open()}/cancel/{site.subscription.id}"
    assert site.http.post(path, headers=foreign).status_code == 403
    assert site.current().cancel_at is None

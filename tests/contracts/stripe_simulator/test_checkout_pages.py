"""The payment page over HTTP: what it never shows, and what is asked of it too late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from tests.contracts.stripe_simulator.server import DEADLINE, served

CARD = {
    "email": "customer@example.test",
    "number": "4000 0000 0000 0002",
    "expiry": "12 / 34",
    "cvc": "737",
    "name": "Test Customer",
    "postal_code": "10115",
}
FIELD = {"key": "team", "type": "text", "label": {"type": "custom", "custom": "Team"}}


class Site:
    """A served simulator: the SDK on it, and a browser of sorts."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url, self.http = url, http
        self.stripe = StripeClient("sk_test_x", base_addresses={"api": url}).v1
        price = self.stripe.prices.create(
            {"currency": "usd", "unit_amount": 1900, "product_data": {"name": "Shirt"}}
        )
        self.line = {"price": price.id, "quantity": 1}

    def session(self, **params: Any) -> Any:
        usual = {"mode": "payment", "line_items": [self.line], "success_url": f"{self.url}/done"}
        return self.stripe.checkout.sessions.create({**usual, **params})  # type: ignore[arg-type]

    def pay(self, session: Any, **fields: str) -> httpx.Response:
        return self.http.post(f"{self.url}/c/pay/{session.id}", data={**CARD, **fields})


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as url, httpx.Client(timeout=DEADLINE) as http:
        yield Site(url, http)


def test_nothing_of_a_declined_card_is_shown_again(site: Site) -> None:
    answer = site.pay(site.session())
    assert answer.status_code == 402
    assert "Your card was declined." in answer.text
    assert 'value="Test Customer"' in answer.text
    for secret in ("4000 0000 0000 0002"[:14] + "0002", "4000000000000002", "737"):
        assert f'value="{secret}"' not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_typed_is_text_and_never_markup(site: Site) -> None:
    answer = site.pay(site.session(), name="<b>Test</b>")
    assert "<b>Test</b>" not in answer.text
    assert "&lt;b&gt;Test&lt;/b&gt;" in answer.text


@pytest.mark.parametrize(
    ("params", "fields", "name", "problem"),
    [
        ({"custom_fields": [FIELD]}, {}, "custom-team", "Fill in this field."),
        ({"phone_number_collection": {"enabled": True}}, {}, "phone", "Enter your phone number."),
        (
            {"consent_collection": {"terms_of_service": "required"}},
            {},
            "terms",
            "Accept the terms of service to go on.",
        ),
        ({"billing_address_collection": "required"}, {}, "city", "Enter your city."),
        (
            {"allowed_payment_method_types": ["card", "us_bank_account"]},
            {"method": "us_bank_account", "account_name": "Test Customer"},
            "account",
            "Choose one of the test accounts.",
        ),
    ],
)
def test_what_is_missing_is_said_at_its_field(
    site: Site, params: dict[str, Any], fields: dict[str, str], name: str, problem: str
) -> None:
    answer = site.pay(site.session(**params), number="4242 4242 4242 4242", **fields)
    assert answer.status_code == 422
    assert f'aria-describedby="{name}-problem"' in answer.text
    assert f'<p class="problem" id="{name}-problem">{problem}</p>' in answer.text


def test_what_was_filled_in_reaches_the_session(site: Site) -> None:
    session = site.session(
        custom_fields=[FIELD],
        billing_address_collection="required",
        consent_collection={"promotions": "auto"},
    )
    filled_in = {
        "number": "4242 4242 4242 4242",
        "custom-team": "Red",
        "line1": "1 Way",
        "city": "Bern",
        "country": "CH",
    }
    assert site.pay(session, **filled_in).headers["location"] == f"{site.url}/done"
    paid = site.stripe.checkout.sessions.retrieve(session.id).to_dict()
    assert paid["custom_fields"][0]["text"]["value"] == "Red"
    assert paid["customer_details"]["address"]["city"] == "Bern"
    assert paid["consent"]["promotions"] == "opt_out"


def test_an_iban_that_is_no_test_account_is_refused_and_a_good_one_pays(site: Site) -> None:
    line = {"price_data": {"currency": "eur", "unit_amount": 900, "product_data": {"name": "A"}}}
    session = site.session(
        line_items=[{**line, "quantity": 1}], allowed_payment_method_types=["sepa_debit"]
    )
    refused = site.pay(session, iban="DE00", account_name="Test Customer")
    assert 'id="iban-problem"' in refused.text
    assert "DE00" not in refused.text.replace("DE00 0000", "")
    paid = site.pay(session, iban="DE89370400440532013000", account_name="Test Customer")
    assert paid.status_code == 303
    assert site.stripe.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_a_session_that_is_over_is_neither_paid_nor_changed(site: Site) -> None:
    session = site.session(allow_promotion_codes=True)
    site.stripe.checkout.sessions.expire(session.id)
    for answer in (
        site.pay(session),
        site.http.post(f"{site.url}/c/pay/{session.id}/order", data={"do": "apply"}),
        site.http.get(f"{site.url}/c/pay/{session.id}"),
    ):
        assert "This checkout session has expired" in answer.text
    assert site.http.get(f"{site.url}/c/recover/{session.id}").status_code == 404


@pytest.mark.parametrize("path", ["c/pay", "c/recover", "i", "3ds"])
def test_what_is_unknown_is_not_found(site: Site, path: str) -> None:
    answer = site.http.get(f"{site.url}/{path}/unknown")
    assert (answer.status_code, answer.headers["content-type"][:9]) == (404, "text/html")


def test_an_intent_is_authenticated_once(site: Site) -> None:
    session = site.session()
    sent_on = site.pay(session, number="4000 0000 0000 3220")
    bank = f"{site.url}{sent_on.headers['location']}"
    assert "$19.00" in site.http.get(bank).text
    for _ in range(2):
        answered = site.http.post(bank, data={"do": "complete"})
        assert answered.headers["location"] == f"{site.url}/done"
    assert len(site.stripe.charges.list().data) == 1

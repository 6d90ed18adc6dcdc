"""How the log shows JSON, objects and times."""

from typing import Any

import pytest

from local.stripe_simulator.http.log.json_view import pretty
from local.stripe_simulator.http.log.summary import Summary, summarize, tone
from local.stripe_simulator.http.log.view import duration
from tests.unit.stripe_simulator.account import Account


def shown(value: Any, *known: str) -> str:
    return str(pretty(value, known.__contains__))


def test_ids_that_have_a_page_are_links_and_others_are_not() -> None:
    text = shown({"customer": "cus_1", "product": "prod_1"}, "cus_1")
    assert '<a href="/_sim/objects/cus_1">&#34;cus_1&#34;</a>' in text
    assert "/_sim/objects/prod_1" not in text


def test_markup_in_values_and_keys_is_shown_not_obeyed() -> None:
    text = shown({"<b>": "<script>alert(1)</script>", "url": 'https://x.example/"><script>'})
    assert "<script" not in text
    assert "<b>" not in text


def test_a_javascript_address_is_no_link() -> None:
    assert "<a" not in shown({"url": "javascript:alert(1)"})


def test_times_are_readable_and_amounts_are_no_times() -> None:
    text = shown({"created": 1_800_000_000, "amount": 1_800_000_000, "current_period_end": 5})
    assert text.count("2027-01-15 08:00:00 UTC") == 1


def test_nesting_is_indented_and_emptiness_short() -> None:
    text = shown({"items": {"data": [1, None]}, "metadata": {}, "tags": []})
    assert '    <span class="k">&#34;data&#34;</span>: [\n' in text
    assert text.endswith('<span class="n">[]</span>\n}')


def test_a_summary_tells_what_an_object_is(stripe: Account) -> None:
    price = stripe.price(1900, nickname="Monthly")
    assert summarize(price) == Summary("Monthly", "$19.00 / month", "active")
    subscription = stripe.subscribe()
    assert summarize(subscription) == Summary("", "$19.00 / month", "active")
    invoice = stripe.latest_invoice(subscription)
    assert summarize(invoice) == Summary(invoice["number"], "$19.00", "paid")
    card = stripe.get(f"/v1/customers/{subscription['customer']}/payment_methods")["data"][0]
    assert summarize(card) == Summary("visa •••• 4242", "", "")


@pytest.mark.parametrize(
    ("status", "expected"), [("paid", "good"), ("past_due", "bad"), ("draft", "open")]
)
def test_states_are_good_bad_or_open(status: str, expected: str) -> None:
    assert tone(status) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.25, "250 ms"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (30 * 86400, "30 d")],
)
def test_durations_are_told_in_the_largest_unit(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected

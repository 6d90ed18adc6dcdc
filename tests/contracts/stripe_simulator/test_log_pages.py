"""The log page over HTTP: a person finds everything from one link, and its buttons work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.contracts.stripe_simulator.server import DEADLINE, Receiver, served

PAGES = ("/_sim/", "/_sim/events", "/_sim/requests", "/_sim/webhooks", "/_sim/clocks")


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer sk_test_log"}
    with (
        served() as url,
        httpx.Client(base_url=url, headers=headers, timeout=DEADLINE) as client,
    ):
        yield client


def post(http: httpx.Client, path: str, **data: Any) -> Any:
    answer = http.post(path, data=data)
    assert answer.status_code == 200, answer.text
    return answer.json()


def page(http: httpx.Client, path: str, status: int = 200) -> str:
    answer = http.get(path)
    assert answer.status_code == status, answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    return answer.text


def submit(http: httpx.Client, path: str, **form: Any) -> httpx.Response:
    return http.post(path, data=form, headers={"Sec-Fetch-Site": "same-origin"})


@pytest.fixture
def subscription(http: httpx.Client) -> Any:
    """A paid subscription of a customer with a hostile name."""
    prices = http.post("/_sim/seed").json()["prices"]
    customer = post(http, "/v1/customers", name="<script>alert(1)</script>")["id"]
    card = post(http, "/v1/payment_methods/pm_card_visa/attach", customer=customer)["id"]
    return post(
        http,
        "/v1/subscriptions",
        **{
            "customer": customer,
            "default_payment_method": card,
            "items[0][price]": prices["standard_monthly"],
        },
    )


def test_an_empty_account_says_how_to_begin(http: httpx.Client) -> None:
    overview = page(http, "/_sim/")
    assert f"{http.base_url}".rstrip("/") in overview
    assert "/_sim/seed" in overview
    assert http.get("/_sim").headers["location"] == "/_sim/"


def test_trouble_that_is_on_demand_is_announced(http: httpx.Client) -> None:
    assert "is on" not in page(http, "/_sim/")
    http.put("/_sim/chaos", json={"rules": [{"delay": 5}]})
    http.post("/_sim/faults", json={"kind": "error_before", "path": "/v1/prices"})
    overview = page(http, "/_sim/")
    assert "Chaos is on" in overview
    assert "error_before for * /v1/prices" in overview


@pytest.mark.usefixtures("subscription")
def test_every_link_of_the_log_leads_somewhere(http: httpx.Client) -> None:
    """From the overview on: every page, object, event and request can be reached and read."""
    seen: set[str] = set()
    waiting = list(PAGES)
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        links = re.findall(r'href="(/_sim/[^"]*)"', page(http, path))
        waiting += [link.replace("&amp;", "&") for link in links]
    kinds = {path.partition("kind=")[2] for path in seen if "kind=" in path}
    assert {"customer", "subscription", "invoice", "price", "charge"} <= kinds
    assert any(path.startswith("/_sim/requests/req_") for path in seen)
    for event in http.get("/v1/events?limit=100").json()["data"]:
        assert f"/_sim/objects/{event['id']}" in seen


def test_an_object_shows_its_json_events_and_what_refers_to_it(
    http: httpx.Client, subscription: Any
) -> None:
    text = page(http, f"/_sim/objects/{subscription['customer']}")
    assert subscription["id"] in text
    assert subscription["latest_invoice"] in text
    assert "customer.created" in text
    assert "&lt;script&gt;" in text
    page(http, "/_sim/objects/cus_none", 404)


def test_a_search_leads_to_an_id_or_finds_by_name(http: httpx.Client, subscription: Any) -> None:
    found = http.get(f"/_sim/objects?q={subscription['id']}")
    assert found.headers["location"] == f"/_sim/objects/{subscription['id']}"
    assert subscription["customer"] in page(http, "/_sim/objects?q=ALERT(1)")
    assert "Nothing found" in page(http, "/_sim/objects?q=nothing-like-this")
    request = http.get("/v1/account").headers["request-id"]
    assert http.get(f"/_sim/objects?q={request}").headers["location"].endswith(request)


def test_events_are_filtered_by_type_and_object(http: httpx.Client, subscription: Any) -> None:
    invoices = page(http, "/_sim/events?type=invoice.*")
    assert "invoice.paid" in invoices
    assert "charge.succeeded" not in invoices
    about = page(http, f"/_sim/events?object={subscription['id']}")
    assert "customer.subscription.created" in about
    assert "invoice.paid" not in about


def test_lists_are_paged(http: httpx.Client) -> None:
    for number in range(55):
        post(http, "/v1/products", name=f"Product {number}.")
    first = page(http, "/_sim/objects?kind=product")
    assert "Product 54." in first
    assert "Product 4." not in first
    (older,) = re.findall(r'href="([^"]*)">Older', first)
    second = page(http, "/_sim/objects" + older.replace("&amp;", "&"))
    assert "Product 4." in second
    assert "Older" not in second
    assert "Product 54." in page(http, "/_sim/objects?kind=product&page=x")


def test_a_refusal_names_the_page_that_explains_it(http: httpx.Client) -> None:
    refused = http.post("/v1/payment_methods", data={"type": "card", "card[number]": "4242",
                        "card[cvc]": "987", "nmae": "x"})  # fmt: skip
    error = refused.json()["error"]
    text = page(http, error["request_log_url"])
    assert "unknown parameter" in text
    assert "POST /v1/payment_methods" in text
    assert not re.search(r"\b987\b", text)
    assert "unknown parameter" in page(http, "/_sim/requests?refused=1&path=payment_methods")
    assert "unknown parameter" not in page(http, "/_sim/requests?path=customers")
    page(http, "/_sim/requests/req_none", 404)


def test_an_event_is_resent_by_a_button(http: httpx.Client) -> None:
    with Receiver().running() as receiver:
        new = {"type": "webhook", "url": receiver.url, "enabled_events": ["product.created"]}
        hook = http.post("/_sim/destinations", json=new).json()
        post(http, "/v1/products", name="Standard")
        assert http.get("/_sim/deliveries/settled").json()["settled"]
        event = http.get("/v1/events").json()["data"][0]["id"]
        text = page(http, f"/_sim/objects/{event}")
        assert "delivered" in text
        assert f'action="/_sim/events/{event}/resend"' in text
        answer = submit(http, f"/_sim/events/{event}/resend", destination=hook["id"])
        assert answer.headers["location"] == f"/_sim/objects/{event}"
        assert http.get("/_sim/deliveries/settled").json()["settled"]
        assert len(receiver.requests) == 2
        assert "resent by hand" in page(http, f"/_sim/objects/{event}")
        assert submit(http, f"/_sim/events/{event}/resend", destination="we_1").status_code == 404
        foreign = {"Sec-Fetch-Site": "cross-site"}
        path = f"/_sim/events/{event}/resend"
        assert http.post(path, data={"destination": hook["id"]}, headers=foreign).status_code == 403


def test_what_is_held_is_released_by_a_button(http: httpx.Client) -> None:
    with Receiver().running() as receiver:
        http.post("/_sim/destinations", json={"type": "webhook", "url": receiver.url})
        http.put("/_sim/chaos", json={"rules": [{"hold": True}]})
        post(http, "/v1/products", name="Standard")
        assert "Release 1 held" in page(http, "/_sim/webhooks")
        assert submit(http, "/_sim/webhooks/release").status_code == 303
        assert http.get("/_sim/deliveries/settled").json()["settled"]
        assert len(receiver.requests) == 1
        assert "Release" not in page(http, "/_sim/webhooks?state=delivered")


def test_the_accounts_time_is_advanced_by_a_button(http: httpx.Client) -> None:
    before = http.get("/_sim/health").json()["time"]
    assert submit(http, "/_sim/clocks/advance", by=2, unit="days", to="").status_code == 303
    assert http.get("/_sim/health").json()["time"] >= before + 2 * 86400
    assert submit(http, "/_sim/clocks/advance", to="2040-02-03T04:05").status_code == 303
    assert "2040-02-03 04:05" in page(http, "/_sim/clocks")
    for nonsense in ({"by": "x"}, {"by": -1}, {"to": "tomorrow"}, {"unit": "years"}):
        answer = submit(http, "/_sim/clocks/advance", **nonsense)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text


def test_a_test_clock_is_advanced_by_a_button(http: httpx.Client) -> None:
    clock = post(http, "/v1/test_helpers/test_clocks", frozen_time=1_800_000_000, name="Renewals")
    action = f"/_sim/clocks/{clock['id']}/advance"
    assert action in page(http, "/_sim/clocks")
    assert submit(http, action, by=3, unit="hours").status_code == 303
    now = http.get(f"/v1/test_helpers/test_clocks/{clock['id']}").json()
    assert now["frozen_time"] == 1_800_000_000 + 3 * 3600
    refused = submit(http, action, by=5000, unit="days")
    assert refused.status_code == 422
    assert "You can only advance it up to" in refused.text
    assert submit(http, "/_sim/clocks/clock_none/advance", by=1).status_code == 404

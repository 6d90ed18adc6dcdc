"""The simulator over HTTP: deliveries that leave it, its pages, its control path, its end."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest
import stripe

from tests.contracts.stripe_simulator.server import (
    DEADLINE,
    ROOT,
    Received,
    Receiver,
    served,
    simulator,
)
from tests.contracts.stripe_simulator.shapes import check

CARD = {
    "email": "customer@example.test",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 34",
    "cvc": "123",
    "name": "Test Customer <script>alert(1)</script>",
    "postal_code": "10115",
}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of a simulator of the test's own, whose retries come at once."""
    headers = {"Authorization": "Bearer sk_test_shell"}
    with (
        served(delivery_retry_scale=0.00001) as url,
        httpx.Client(base_url=url, headers=headers, timeout=DEADLINE) as client,
    ):
        yield client


def call(http: httpx.Client, path: str, **data: Any) -> Any:
    answer = http.post(path, data=data) if data else http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def open_session(http: httpx.Client, lookup_key: str = "standard_monthly") -> Any:
    seeded = http.post("/_sim/seed").json()
    mode = "payment" if lookup_key == "self_hosted" else "subscription"
    return call(
        http,
        "/v1/checkout/sessions",
        **{
            "mode": mode,
            "line_items[0][price]": seeded["prices"][lookup_key],
            "line_items[0][quantity]": "1",
            "success_url": f"{http.base_url}/_sim/returned?session_id={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{http.base_url}/_sim/returned?canceled=1",
        },
    )


def add_destination(http: httpx.Client, **destination: Any) -> Any:
    answer = http.post("/_sim/destinations", json=destination)
    assert answer.status_code == 201, answer.text
    return answer.json()


def settled(http: httpx.Client) -> bool:
    answer: bool = call(http, f"/_sim/deliveries/settled?timeout={DEADLINE}")["settled"]
    return answer


def test_events_arrive_as_signed_webhooks_in_shape(http: httpx.Client) -> None:
    with Receiver().running() as receiver:
        destination = {"type": "webhook", "url": f"{receiver.url}/hook", "secret": "whsec_mine"}
        add_destination(http, **destination)
        session = open_session(http)
        call(http, f"/v1/payment_pages/{session['id']}/confirm", payment_method="pm_card_visa")
        assert settled(http)
        types = set()
        for request in receiver.requests:
            signature = request.headers["stripe-signature"]
            event = stripe.Webhook.construct_event(request.body, signature, "whsec_mine")
            assert check(json.loads(request.body)) == []
            types.add(event.type)
        assert {"checkout.session.completed", "customer.subscription.created"} <= types
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(request.body, signature, "whsec_other")


def test_a_webhook_that_fails_is_sent_again_until_it_arrives(http: httpx.Client) -> None:
    numbers = count(1)
    receiver = Receiver(lambda _: (500, b"") if next(numbers) < 3 else (200, b""))
    with receiver.running():
        add_destination(http, type="webhook", url=receiver.url, enabled_events=["customer.created"])
        call(http, "/v1/customers", email="customer@example.test")
        assert settled(http)
        (delivery,) = call(http, "/_sim/deliveries")["data"]
        assert delivery["state"] == "delivered"
        assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 500, 200]
        ids = {json.loads(request.body)["id"] for request in receiver.requests}
        assert ids == {delivery["event"]}
        event = call(http, f"/v1/events/{delivery['event']}")
        assert event["pending_webhooks"] == 0


def test_an_endpoint_that_is_down_does_not_hold_up_the_api(http: httpx.Client) -> None:
    add_destination(http, type="webhook", url="http://127.0.0.1:9")
    call(http, "/v1/customers", email="customer@example.test")
    assert settled(http)
    (delivery,) = call(http, "/_sim/deliveries?state=failed")["data"]
    assert "ConnectError" in delivery["attempts"][0]["error"]


def test_a_partner_event_source_gets_events_by_put_partner_events(http: httpx.Client) -> None:
    def accept(_: Received) -> tuple[int, bytes]:
        return 200, json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).encode()

    with Receiver(accept).running() as receiver:
        source = "aws.partner/stripe.com/ed_test_local"
        destination = {"type": "eventbridge", "endpoint_url": receiver.url, "source": source}
        add_destination(http, **destination, enabled_events=["customer.created"])
        call(http, "/v1/customers", email="customer@example.test")
        assert settled(http)
        (request,) = receiver.requests
        assert request.headers["x-amz-target"] == "AWSEvents.PutPartnerEvents"
        (entry,) = json.loads(request.body)["Entries"]
        assert (entry["Source"], entry["DetailType"]) == (source, "customer.created")
        assert check(json.loads(entry["Detail"])) == []


def test_a_partner_event_that_aws_refuses_is_sent_again(http: httpx.Client) -> None:
    numbers = count(1)

    def answer(_: Received) -> tuple[int, bytes]:
        failed = int(next(numbers) == 1)
        return 200, json.dumps({"FailedEntryCount": failed, "Entries": [{}]}).encode()

    with Receiver(answer).running() as receiver:
        source = "aws.partner/stripe.com/ed_test_local"
        destination = {"type": "eventbridge", "endpoint_url": receiver.url, "source": source}
        add_destination(http, **destination, enabled_events=["customer.created"])
        call(http, "/v1/customers", email="customer@example.test")
        assert settled(http)
        assert len(receiver.requests) == 2


def test_destinations_can_be_listed_and_removed(http: httpx.Client) -> None:
    webhook = add_destination(http, type="webhook", url="http://127.0.0.1:9")
    source = "aws.partner/stripe.com/ed_test_local"
    partner = add_destination(
        http, type="eventbridge", endpoint_url="http://127.0.0.1:9", source=source
    )
    listed = call(http, "/_sim/destinations")["data"]
    assert [each["id"] for each in listed] == [webhook["id"], partner["id"]]
    assert call(http, "/v1/webhook_endpoints")["data"][0]["id"] == webhook["id"]
    for each in listed:
        assert http.delete(f"/_sim/destinations/{each['id']}").status_code == 204
    assert http.delete("/_sim/destinations/we_none").status_code == 404
    assert call(http, "/_sim/destinations")["data"] == []


@pytest.mark.parametrize(
    "destination",
    [
        {"type": "pigeon", "url": "http://127.0.0.1:9"},
        {"type": "webhook"},
        {"type": "eventbridge", "endpoint_url": "http://127.0.0.1:9", "source": "aws.s3"},
    ],
)
def test_a_destination_that_makes_no_sense_is_refused(
    http: httpx.Client, destination: dict[str, str]
) -> None:
    answer = http.post("/_sim/destinations", json=destination)
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/_sim/destinations", "{not json"),
        ("POST", "/_sim/advance", b"\xff"),
        ("POST", "/_sim/advance", '{"to": 1e300}'),
        ("POST", "/_sim/seed", "[]"),
        ("POST", "/_sim/seed", '{"products": [{"id": "p", "name": "", "prices": []}]}'),
        ("GET", "/_sim/deliveries/settled?timeout=abc", None),
        ("GET", "/_sim/deliveries/settled?timeout=nan", None),
    ],
)
def test_a_control_request_that_makes_no_sense_says_what_is_wrong(
    http: httpx.Client, method: str, path: str, body: str | bytes | None
) -> None:
    answer = http.request(method, path, content=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_seeding_twice_adds_nothing(http: httpx.Client) -> None:
    customers = [
        {"email": "customer@example.test", "name": "Test Customer", "metadata": {"user": "1"}}
    ]
    first = http.post("/_sim/seed", json={"customers": customers}).json()
    assert len(first["prices"]) == 5
    assert http.post("/_sim/seed", json={"customers": customers}).json() == first
    assert len(call(http, "/v1/prices")["data"]) == 5
    customer = call(http, f"/v1/customers/{first['customers']['customer@example.test']}")
    assert customer["metadata"] == {"user": "1"}


def test_time_can_be_moved_on(http: httpx.Client) -> None:
    session = open_session(http)
    before = call(http, "/_sim/health")["time"]
    after = http.post("/_sim/advance", json={"seconds": 86400}).json()["time"]
    assert after >= before + 86400
    assert call(http, f"/v1/checkout/sessions/{session['id']}")["status"] == "expired"


def test_the_page_shows_what_is_bought_and_can_be_left(http: httpx.Client) -> None:
    page = http.get(open_session(http)["url"])
    assert page.status_code == 200
    assert "no-store" in page.headers["cache-control"]
    for shown in ("Subscribe to Standard", "$19.00", "per month", "canceled=1"):
        assert shown in page.text
    labels = set(re.findall(r'<label for="(\w+)"', page.text))
    assert labels == set(re.findall(r'<input id="(\w+)"', page.text)) == set(CARD)
    assert "<script" not in page.text


def test_paying_on_the_page_leads_back_to_the_app(http: httpx.Client) -> None:
    session = open_session(http)
    answer = http.post(session["url"], data=CARD)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith(f"/_sim/returned?session_id={session['id']}")
    assert session["id"] in http.get(answer.headers["location"]).text
    paid = call(http, f"/v1/checkout/sessions/{session['id']}")
    assert paid["payment_status"] == "paid"
    assert paid["customer_details"]["email"] == "customer@example.test"
    again = http.post(session["url"], data=CARD)
    assert "This checkout is complete" in again.text
    assert len(call(http, "/v1/charges")["data"]) == 1


def test_a_one_time_purchase_is_paid_on_the_page(http: httpx.Client) -> None:
    session = open_session(http, "self_hosted")
    assert "Pay $499.00" in http.get(session["url"]).text
    assert http.post(session["url"], data=CARD).status_code == 303


def test_a_decline_shows_the_page_again_without_the_card(http: httpx.Client) -> None:
    session = open_session(http)
    answer = http.post(session["url"], data={**CARD, "number": "4000000000009995", "cvc": "987"})
    assert answer.status_code == 402
    assert "Your card has insufficient funds." in answer.text
    assert 'role="alert"' in answer.text
    assert "customer@example.test" in answer.text
    assert "<script" not in answer.text
    assert "4000000000009995" not in answer.text
    assert not re.search(r"\b987\b", answer.text)
    assert call(http, f"/v1/checkout/sessions/{session['id']}")["status"] == "open"
    assert http.post(session["url"], data=CARD).status_code == 303


def test_a_card_that_is_no_test_card_is_refused(http: httpx.Client) -> None:
    answer = http.post(open_session(http)["url"], data={**CARD, "number": "4539578763621486"})
    assert answer.status_code == 402
    assert "used a non test card" in answer.text


def test_fields_to_correct_are_marked(http: httpx.Client) -> None:
    answer = http.post(open_session(http)["url"], data={**CARD, "cvc": ""})
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="cvc-problem"' in answer.text
    assert "Your card&#39;s security code is incomplete." in answer.text


def test_an_expired_session_and_an_unknown_one_say_so(http: httpx.Client) -> None:
    session = open_session(http)
    call(http, f"/v1/checkout/sessions/{session['id']}/expire", **{"expand[]": "line_items"})
    expired = http.get(session["url"])
    assert "This checkout session has expired" in expired.text
    assert "canceled=1" in expired.text
    assert http.get("/c/pay/cs_test_none").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/customers"),
        ("PATCH", "/v1/customers"),
        ("OPTIONS", "/v1/customers"),
        ("GET", "/v2/core/accounts"),
    ],
)
def test_a_url_that_the_api_does_not_have_is_refused_in_its_shape(
    http: httpx.Client, method: str, path: str
) -> None:
    answer = http.request(method, path)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (404, "invalid_request_error")
    assert error["message"].startswith(f"Unrecognized request URL ({method}: {path}).")
    assert answer.headers["request-id"].startswith("req_")


def test_a_form_that_can_not_be_decoded_is_refused_in_the_apis_shape(http: httpx.Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = http.post("/v1/customers", content="metadata=1&metadata[a]=2", headers=form)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "metadata")


def test_an_invoice_has_a_page(http: httpx.Client) -> None:
    session = open_session(http)
    http.post(session["url"], data=CARD)
    (invoice,) = call(http, "/v1/invoices")["data"]
    page = http.get(invoice["hosted_invoice_url"])
    assert invoice["number"] in page.text
    assert "$19.00" in page.text


def test_it_stops_when_asked_to() -> None:
    with simulator() as (url, process):
        httpx.get(f"{url}/_sim/health", timeout=DEADLINE)
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE)


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "local.stripe_simulator", "--port", str(port)]
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
    assert ended.returncode == 1
    assert ended.stdout == ""
    expected = f"The local Stripe can't listen on 127.0.0.1:{port}: Address already in use.\n"
    assert ended.stderr == expected


def test_a_live_key_is_no_key_to_serve_with() -> None:
    command = [sys.executable, "-m", "local.stripe_simulator", "--secret-key", "sk_live_x"]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert ended.returncode == 1
    assert "sk_live_x" not in ended.stderr

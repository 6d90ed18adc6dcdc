"""The control path over HTTP: secrets, chaos, resending, time, and who may ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from tests.contracts.stripe_simulator.server import DEADLINE, Received, Receiver, served

SOURCE = "aws.partner/stripe.com/ed_test_local"


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer sk_test_control"}
    with (
        served(delivery_retry_scale=0.00001) as url,
        httpx.Client(base_url=url, headers=headers, timeout=DEADLINE) as client,
    ):
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as receiver:
        yield receiver


def call(http: httpx.Client, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = http.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def add_webhook(http: httpx.Client, receiver: Receiver) -> Any:
    new = {"type": "webhook", "url": receiver.url, "enabled_events": ["product.created"]}
    return call(http, "POST", "/_sim/destinations", new, 201)


def make_products(http: httpx.Client, *names: str) -> None:
    for name in names:
        assert http.post("/v1/products", data={"name": name}).status_code == 200


def settle(http: httpx.Client) -> None:
    assert call(http, "GET", f"/_sim/deliveries/settled?timeout={DEADLINE}") == {"settled": True}


def deliveries(http: httpx.Client, query: str = "") -> list[Any]:
    found: list[Any] = call(http, "GET", f"/_sim/deliveries{query}")["data"]
    return found


def names(receiver: Receiver) -> list[str]:
    return [json.loads(each.body)["data"]["object"]["name"] for each in receiver.requests]


def is_signed(request: Received, secret: str) -> bool:
    try:
        stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], secret)
    except stripe.SignatureVerificationError:
        return False
    return True


def test_while_a_secret_rolls_both_sign(http: httpx.Client, receiver: Receiver) -> None:
    hook = add_webhook(http, receiver)
    roll = f"/_sim/webhook_endpoints/{hook['id']}/roll_secret"
    rolled = call(http, "POST", roll, {"expires_in": 3600})
    make_products(http, "during")
    settle(http)
    call(http, "POST", "/_sim/advance", {"seconds": 3600})
    make_products(http, "after")
    settle(http)
    during, after = receiver.requests
    assert is_signed(during, hook["secret"])
    assert is_signed(during, rolled["secret"])
    assert not is_signed(after, hook["secret"])
    assert is_signed(after, rolled["secret"])
    (shown,) = call(http, "GET", "/_sim/destinations")["data"]
    assert shown["secrets"] == [rolled["secret"]]


def test_an_attempt_keeps_what_the_destination_answered(http: httpx.Client) -> None:
    answers = iter([(500, b"no database"), (200, b"thanks")])
    with Receiver(lambda _: next(answers)).running() as receiver:
        add_webhook(http, receiver)
        make_products(http, "one")
        settle(http)
    (delivery,) = deliveries(http)
    found = [(each["status"], each["response"]) for each in delivery["attempts"]]
    assert found == [(500, "no database"), (200, "thanks")]
    assert all(0 < each["duration"] < DEADLINE for each in delivery["attempts"])
    assert call(http, "GET", f"/_sim/deliveries/{delivery['id']}") == delivery


def test_held_deliveries_arrive_one_after_another_in_the_order_of_their_release(
    http: httpx.Client, receiver: Receiver
) -> None:
    add_webhook(http, receiver)
    call(http, "PUT", "/_sim/chaos", {"rules": [{"hold": True}]})
    made = [str(number) for number in range(20)]
    make_products(http, *made)
    settle(http)
    assert receiver.requests == []
    held = deliveries(http, "?state=held")
    call(http, "POST", f"/_sim/deliveries/{held[7]['id']}/release")
    call(http, "POST", "/_sim/deliveries/release", {"ids": [held[3]["id"], held[1]["id"]]})
    call(http, "POST", f"/_sim/deliveries/{held[2]['id']}/drop")
    call(http, "POST", "/_sim/deliveries/release", {"order": "reversed"})
    settle(http)
    rest = [name for name in reversed(made) if name not in ("7", "3", "2", "1")]
    assert names(receiver) == ["7", "3", "1", *rest]
    assert [each["type"] for each in deliveries(http, "?state=dropped")] == ["product.created"]


def test_chaos_is_shown_replaced_and_ended(http: httpx.Client, receiver: Receiver) -> None:
    hook = add_webhook(http, receiver)
    rules = [{"destination": hook["id"], "events": ["product.*"], "copies": 2}]
    shown = call(http, "PUT", "/_sim/chaos", {"rules": rules})
    assert shown == call(http, "GET", "/_sim/chaos")
    assert shown["rules"][0].items() >= rules[0].items()
    make_products(http, "twice")
    settle(http)
    assert names(receiver) == ["twice", "twice"]
    call(http, "DELETE", "/_sim/chaos", status=204)
    assert call(http, "GET", "/_sim/chaos") == {"rules": []}
    make_products(http, "once")
    settle(http)
    assert names(receiver) == ["twice", "twice", "once"]


def test_a_delivery_is_resent_even_to_a_partner_event_source(http: httpx.Client) -> None:
    accepted = json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).encode()
    with Receiver(lambda _: (200, accepted)).running() as receiver:
        new = {"type": "eventbridge", "endpoint_url": receiver.url, "source": SOURCE}
        bus = call(http, "POST", "/_sim/destinations", new, 201)
        make_products(http, "one")
        settle(http)
        first = deliveries(http)[0]
        refused = http.post(
            f"/v1/events/{first['event']}/retry", data={"webhook_endpoint": bus["id"]}
        )
        assert refused.status_code == 400
        again = call(http, "POST", f"/_sim/deliveries/{first['id']}/resend", status=201)
        assert (again["event"], again["by_hand"]) == (first["event"], True)
        settle(http)
        sent = [json.loads(each.body)["Entries"][0]["DetailType"] for each in receiver.requests]
        assert sent.count(first["type"]) == 2
        call(http, "DELETE", f"/_sim/destinations/{bus['id']}", status=204)
        call(http, "POST", f"/_sim/deliveries/{first['id']}/resend", status=409)


def test_time_can_run_faster_and_stand_still(http: httpx.Client) -> None:
    call(http, "PUT", "/_sim/time", {"scale": 0})
    stands = call(http, "GET", "/_sim/time")
    assert stands["scale"] == 0
    assert call(http, "GET", "/_sim/time") == stands
    call(http, "PUT", "/_sim/time", {"scale": 1e6})
    assert call(http, "GET", "/_sim/time")["time"] > stands["time"] + 10


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_sim/webhook_endpoints/we_none/roll_secret"),
        ("GET", "/_sim/deliveries/99"),
        ("POST", "/_sim/deliveries/99/release"),
        ("POST", "/_sim/deliveries/99/drop"),
        ("POST", "/_sim/deliveries/99/resend"),
        ("DELETE", "/_sim/destinations/we_none"),
    ],
)
def test_what_is_unknown_is_not_found(http: httpx.Client, method: str, path: str) -> None:
    assert "No such" in call(http, method, path, status=404)["detail"]


def test_what_is_not_held_cannot_be_released(http: httpx.Client, receiver: Receiver) -> None:
    add_webhook(http, receiver)
    make_products(http, "one")
    settle(http)
    (delivery,) = deliveries(http)
    one = call(http, "POST", f"/_sim/deliveries/{delivery['id']}/release", status=409)
    assert one["detail"] == f"Delivery {delivery['id']} is delivered, not held"
    call(http, "POST", "/_sim/deliveries/release", {"ids": [delivery["id"]]}, 409)
    call(http, "POST", "/_sim/deliveries/release", {"ids": [99]}, 404)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/_sim/chaos", {"rules": [{"copies": 0}]}),
        ("PUT", "/_sim/chaos", {"rules": [{"dealy": 1}]}),
        ("PUT", "/_sim/chaos", {}),
        ("POST", "/_sim/deliveries/release", {"order": "random"}),
        ("POST", "/_sim/webhook_endpoints/we_1/roll_secret", {"expires_in": 86401}),
        ("PUT", "/_sim/time", {"scale": -1}),
        ("GET", "/_sim/deliveries?state=lost", None),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_wrong(
    http: httpx.Client, method: str, path: str, body: Any
) -> None:
    assert call(http, method, path, body, 422)["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_pages_of_other_sites_change_nothing(http: httpx.Client, headers: dict[str, str]) -> None:
    before = call(http, "GET", "/_sim/health")["time"]
    answer = http.post("/_sim/advance", json={"seconds": 86400}, headers=headers)
    assert answer.status_code == 403
    assert call(http, "GET", "/_sim/health")["time"] < before + 3600


def test_the_simulators_own_pages_may(http: httpx.Client) -> None:
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": str(http.base_url).rstrip("/")}):
        answer = http.post("/_sim/advance", json={"seconds": 1}, headers=headers)
        assert answer.status_code == 200

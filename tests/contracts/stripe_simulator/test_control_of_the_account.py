"""The control path over HTTP: cards, 3D Secure, disputes, refunds, faults, snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.contracts.stripe_simulator.server import DEADLINE, Receiver, served
from tests.contracts.stripe_simulator.shapes import check


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer sk_test_control"}
    with (
        served() as url,
        httpx.Client(base_url=url, headers=headers, timeout=DEADLINE) as client,
    ):
        yield client


def sim(http: httpx.Client, path: str, body: Any = None, status: int = 200) -> Any:
    answer = http.post(f"/_sim/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def api(http: httpx.Client, path: str, status: int = 200, **data: Any) -> Any:
    answer = http.post(f"/v1/{path}", data=data) if data else http.get(f"/v1/{path}")
    assert answer.status_code == status, answer.text
    return answer.json()


def customer_with(http: httpx.Client, card: str = "pm_card_visa", **params: Any) -> Any:
    """A customer's payment method."""
    customer = api(http, "customers", name="Test Customer", **params)["id"]
    return api(http, f"payment_methods/{card}/attach", customer=customer)


def pay(http: httpx.Client, method: Any, status: int = 200, amount: int = 1000) -> Any:
    """What a payment answers: the intent, or the refusal."""
    return api(
        http,
        "payment_intents",
        status,
        amount=amount,
        currency="usd",
        customer=method["customer"],
        payment_method=method["id"],
        confirm="true",
        return_url="https://app.example.com/",
    )


def newest_types(http: httpx.Client, count: int) -> list[str]:
    return [event["type"] for event in api(http, f"events?limit={count}")["data"]]


def test_a_card_on_file_begins_to_decline_and_recovers(http: httpx.Client) -> None:
    method = customer_with(http)
    sim(http, f"payment_methods/{method['id']}", {"declines": "insufficient_funds"})
    assert pay(http, method, 402)["error"]["decline_code"] == "insufficient_funds"
    sim(http, f"payment_methods/{method['id']}", {})
    assert pay(http, method)["status"] == "succeeded"


def test_a_card_is_renewed_by_its_network(http: httpx.Client) -> None:
    method = customer_with(http)
    path = f"payment_methods/{method['id']}"
    assert sim(http, f"{path}/renew", {"exp_month": 13, "exp_year": 2040}, 422)
    sim(http, f"{path}/renew", {"exp_month": 8, "exp_year": 2040})
    card = api(http, path)["card"]
    assert (card["exp_month"], card["exp_year"]) == (8, 2040)
    assert newest_types(http, 1) == ["payment_method.automatically_updated"]


def test_a_card_spends_what_it_has(http: httpx.Client) -> None:
    method = customer_with(http)
    sim(http, f"payment_methods/{method['id']}", {"balance": 1500})
    assert pay(http, method)["status"] == "succeeded"
    assert pay(http, method, 402)["error"]["decline_code"] == "insufficient_funds"


@pytest.mark.parametrize(("succeeded", "status"), [(True, "succeeded"),
                                                   (False, "requires_payment_method")])  # fmt: skip
def test_3d_secure_is_answered_for_the_customer(
    http: httpx.Client, *, succeeded: bool, status: str
) -> None:
    intent = pay(http, customer_with(http, "pm_card_threeDSecure2Required"))
    assert intent["status"] == "requires_action"
    answered = sim(http, f"authentications/{intent['id']}", {"succeeded": succeeded})
    assert answered["status"] == status
    assert api(http, f"payment_intents/{intent['id']}")["status"] == status
    again = sim(http, f"authentications/{intent['id']}", {"succeeded": True}, 422)
    assert "waits for no authentication" in again["detail"]


def test_a_charge_is_disputed_on_demand_and_tells_so(http: httpx.Client) -> None:
    with Receiver().running() as receiver:
        new = {"type": "webhook", "url": receiver.url, "enabled_events": ["charge.dispute.created"]}
        sim(http, "destinations", new, 201)
        charge = pay(http, customer_with(http))["latest_charge"]
        dispute = sim(http, f"charges/{charge}/dispute", {"reason": "product_not_received"})
        assert (dispute["reason"], dispute["charge"]) == ("product_not_received", charge)
        assert http.get("/_sim/deliveries/settled").json()["settled"]
        assert len(receiver.requests) == 1
    assert "can't be disputed" in sim(http, f"charges/{charge}/dispute", {}, 422)["detail"]


def test_a_refund_comes_back_from_the_bank(http: httpx.Client) -> None:
    charge = pay(http, customer_with(http))["latest_charge"]
    refund = api(http, "refunds", charge=charge)
    assert refund["status"] == "succeeded"
    assert sim(http, f"refunds/{refund['id']}/fail")["status"] == "failed"
    assert "refund.failed" in newest_types(http, 3)
    assert "is failed" in sim(http, f"refunds/{refund['id']}/fail", status=422)["detail"]


def test_a_draft_fails_to_be_finalized_and_is_finalized_by_hand(http: httpx.Client) -> None:
    customer = customer_with(http)["customer"]
    draft = api(http, "invoices", customer=customer, auto_advance="true")
    api(http, "invoiceitems", customer=customer, invoice=draft["id"], amount=1900, currency="usd")
    failed = sim(http, f"invoices/{draft['id']}/fail_finalization")
    assert failed["last_finalization_error"]["code"] == "customer_tax_location_invalid"
    [event] = api(http, "events?limit=1")["data"]
    assert (event["type"], event["data"]["object"]) == ("invoice.finalization_failed", failed)
    assert check(event) == []

    sim(http, "advance", {"seconds": 2 * 3600})
    assert api(http, f"invoices/{draft['id']}") == failed

    invoice = api(http, f"invoices/{draft['id']}/finalize", auto_advance="true")
    assert (invoice["status"], invoice["last_finalization_error"]) == ("open", None)
    refused = sim(http, f"invoices/{draft['id']}/fail_finalization", status=422)
    assert "is open" in refused["detail"]


def test_a_refused_control_request_leaves_no_trace(http: httpx.Client) -> None:
    method = customer_with(http)
    events = api(http, "events")
    refused = sim(http, f"payment_methods/{method['id']}", {"declines": "no_such_reason"}, 422)
    assert "lost_card" in refused["detail"]
    assert api(http, "events") == events
    assert pay(http, method)["status"] == "succeeded"


@pytest.mark.parametrize(
    "path",
    ["payment_methods/pm_none", "authentications/pi_none", "charges/ch_none/dispute",
     "refunds/re_none/fail", "invoices/in_none/fail_finalization"],
)  # fmt: skip
def test_what_is_unknown_is_not_found(http: httpx.Client, path: str) -> None:
    body = {"succeeded": True} if path.startswith("auth") else None
    assert "No such" in sim(http, path, body, 404)["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("payment_methods/pm_1", {"balance": -1}),
        ("payment_methods/pm_1", {"decline": "lost_card"}),
        ("authentications/pi_1", {}),
        ("charges/ch_1/dispute", {"reason": 5}),
        ("invoices/in_1/fail_finalization", {"reason": "tax"}),
        ("faults", {"kind": "rain"}),
        ("faults", {"kind": "delay", "seconds": -1}),
        ("faults", {}),
    ],
)
def test_what_makes_no_sense_is_refused(http: httpx.Client, path: str, body: Any) -> None:
    assert sim(http, path, body, 422)["detail"]


def test_what_happens_to_a_clocks_customer_happens_by_the_clock(http: httpx.Client) -> None:
    clock = api(http, "test_helpers/test_clocks", frozen_time=1_900_000_000)["id"]
    method = customer_with(http, test_clock=clock)
    charge = pay(http, method)["latest_charge"]
    assert sim(http, f"charges/{charge}/dispute", {})["created"] == 1_900_000_000


def test_faults_are_listed_met_and_cleared(http: httpx.Client) -> None:
    fault = {"kind": "rate_limit", "method": "POST", "path": "/v1/customers", "times": 1}
    assert sim(http, "faults", fault, 201).items() >= fault.items()
    assert len(http.get("/_sim/faults").json()["data"]) == 1
    api(http, "customers", 429, name="Test Customer")
    api(http, "customers", name="Test Customer")
    assert http.get("/_sim/faults").json() == {"data": []}
    sim(http, "faults", {**fault, "times": None}, 201)
    assert http.delete("/_sim/faults").status_code == 204
    api(http, "customers", name="Test Customer")


def test_the_account_goes_back_to_a_snapshot_and_starts_anew(http: httpx.Client) -> None:
    kept = api(http, "customers", name="Kept")["id"]
    snapshot = http.get("/_sim/snapshot").content
    later = api(http, "customers", name="Later")["id"]
    assert http.put("/_sim/snapshot", content=snapshot).status_code == 200
    api(http, f"customers/{kept}")
    api(http, f"customers/{later}", 404)
    sim(http, "destinations", {"type": "webhook", "url": "http://127.0.0.1:9"}, 201)
    sim(http, "reset")
    api(http, f"customers/{kept}", 404)
    assert http.get("/_sim/destinations").json() == {"data": []}


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x80\x05K\x01.", b"cos\nsystem\n(S'true'\ntR."])
def test_only_a_snapshot_is_restored(http: httpx.Client, junk: bytes) -> None:
    kept = api(http, "customers", name="Kept")["id"]
    assert http.put("/_sim/snapshot", content=junk).status_code == 422
    api(http, f"customers/{kept}")


def test_who_waits_for_deliveries_is_told_when_the_last_is_dropped(http: httpx.Client) -> None:
    sim(http, "destinations", {"type": "webhook", "url": "http://127.0.0.1:9"}, 201)
    assert http.put("/_sim/chaos", json={"rules": [{"delay": 3600}]}).status_code == 200
    api(http, "customers", name="Test Customer")
    assert http.get("/_sim/deliveries/settled?timeout=0").json() == {"settled": False}
    for delivery in http.get("/_sim/deliveries").json()["data"]:
        sim(http, f"deliveries/{delivery['id']}/drop")
    assert http.get("/_sim/deliveries/settled").json() == {"settled": True}

"""The webhook relay: only what Stripe signed gets in, and 200 means that EventBridge holds it."""

import base64
import hashlib
import hmac
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from billing.bus import Envelope
from billing.contracts.stripe_events import StripeEvent
from billing.contracts.trimmed import LARGEST_EVENT
from billing.domain.errors import ConfigurationError
from billing.gateway.secrets import REFRESH_SECONDS
from tests.support.aws import WEBHOOK_SECRET, FakePorts, a_lambda_context, put_secret
from tests.support.builders import NOW
from tests.support.stripe import event_json, session_json, subscription_json
from tests.support.template import ROOT
from webhook.relay import handler, relay

FIVE_MEGABYTES = 5_000_000


def signature(
    body: bytes, secrets: Sequence[str] = (WEBHOOK_SECRET,), at: int = NOW, scheme: str = "v1"
) -> str:
    """Sign as Stripe documents it, one member for each secret."""
    signed = b"%d." % at + body
    digests = (hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in secrets)
    return ",".join([f"t={at}", *(f"{scheme}={digest}" for digest in digests)])


def request(
    body: bytes, header: str | None = None, *, name: str = "stripe-signature"
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "headers": {name: signature(body) if header is None else header},
        "body": body.decode(),
        "isBase64Encoded": False,
    }


def as_body(event: Any) -> bytes:
    return json.dumps(event, indent=2).encode()


def an_event(**fields: Any) -> dict[str, Any]:
    return event_json("customer.subscription.created", subscription_json(), **fields)


BODY = as_body(an_event())


def detail_of(answer: dict[str, Any]) -> str:
    detail: str = json.loads(answer["body"])["detail"]
    return detail


def test_a_signed_event_is_put_on_the_bus_as_stripe_sent_it(ports: FakePorts) -> None:
    answer = relay(request(BODY), ports)

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"status": "success"})
    assert ports.bus.held == [
        Envelope(
            source="scai.stripe", detail_type="customer.subscription.created", detail=BODY.decode()
        )
    ]


def test_a_type_that_nobody_knows_is_captured_too(ports: FakePorts) -> None:
    body = as_body(event_json("hologram.projected", {"id": "holo_1"}))

    assert relay(request(body), ports)["statusCode"] == 200
    assert [held.detail_type for held in ports.bus.held] == ["hologram.projected"]


def test_a_base64_body_is_decoded_before_it_is_verified(ports: FakePorts) -> None:
    encoded = request(BODY) | {"body": base64.b64encode(BODY).decode(), "isBase64Encoded": True}

    assert relay(encoded, ports)["statusCode"] == 200
    assert ports.bus.held[0].detail == BODY.decode()


def test_a_body_is_verified_byte_for_byte_whatever_its_script(ports: FakePorts) -> None:
    body = json.dumps(an_event(note="naïve 支払い"), ensure_ascii=False).encode()

    assert relay(request(body), ports)["statusCode"] == 200
    assert ports.bus.held[0].detail == body.decode()


@pytest.mark.parametrize("name", ["Stripe-Signature", "STRIPE-SIGNATURE", "stripe-signature"])
def test_the_signature_header_is_found_in_any_case(ports: FakePorts, name: str) -> None:
    assert relay(request(BODY, name=name), ports)["statusCode"] == 200


def test_one_of_several_signatures_is_enough_while_stripe_rolls_the_secret(
    ports: FakePorts,
) -> None:
    header = signature(BODY, secrets=["whsec_unknown", WEBHOOK_SECRET])

    assert relay(request(BODY, header), ports)["statusCode"] == 200


@pytest.mark.parametrize("secret", ["whsec_old", "whsec_new"])
def test_every_secret_of_ours_is_valid_while_it_is_rolled(ports: FakePorts, secret: str) -> None:
    put_secret(webhook_secrets=["whsec_old", "whsec_new"])

    assert relay(request(BODY, signature(BODY, [secret])), ports)["statusCode"] == 200


def test_a_secret_rolled_since_it_was_cached_is_read_anew(ports: FakePorts) -> None:
    relay(request(BODY), ports)
    put_secret(webhook_secrets=["whsec_new"])
    ports.clock.advance(REFRESH_SECONDS)

    header = signature(BODY, ["whsec_new"], at=ports.clock.now)

    assert relay(request(BODY, header), ports)["statusCode"] == 200


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "missing"),
        ("gibberish", "no timestamp"),
        (f"v1={'0' * 64}", "no timestamp"),
        ("t=soon,v1=00", "no timestamp"),
        ("t=9" + "9" * 5000 + ",v1=00", "no timestamp"),
        (f"t={NOW}", "no v1"),
        (signature(BODY, scheme="v0"), "no v1"),
        (f"t={NOW},v1={'0' * 64}", "No signature matches"),
        (f"t={NOW},v1=ünicode\udcff", "No signature matches"),
        (signature(BODY, ["whsec_of_another_endpoint"]), "No signature matches"),
        (signature(BODY + b" "), "No signature matches"),
        (signature(BODY, at=NOW - 301), "tolerance"),
        (signature(BODY, at=NOW + 301), "tolerance"),
    ],
)
def test_what_stripe_did_not_sign_just_now_is_refused(
    ports: FakePorts, header: str, reason: str
) -> None:
    answer = relay(request(BODY, header), ports)

    assert answer["statusCode"] == 400
    assert reason in detail_of(answer)
    assert ports.bus.held == []


@pytest.mark.parametrize("age", [-300, 300])
def test_the_tolerance_is_five_minutes_either_way(ports: FakePorts, age: int) -> None:
    assert relay(request(BODY, signature(BODY, at=NOW - age)), ports)["statusCode"] == 200


def test_a_request_without_the_header_is_refused(ports: FakePorts) -> None:
    answer = relay(request(BODY) | {"headers": {}}, ports)

    assert answer["statusCode"] == 400
    assert detail_of(answer) == "The Stripe-Signature header is missing"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        as_body(an_event(weight=float("nan"))),
        b"[" * 100_000,
        as_body([]),
        as_body("customer.subscription.created"),
        as_body({}),
        as_body(subscription_json()),
        as_body(an_event(id="")),
        as_body(an_event(type="t" * 129)),
        as_body(an_event(created="yesterday")),
        as_body(an_event(data={})),
        as_body(an_event(data={"object": None})),
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(ports: FakePorts, body: bytes) -> None:
    answer = relay(request(body), ports)

    assert answer["statusCode"] == 400
    assert detail_of(answer).startswith("The body is not ")
    assert ports.bus.held == []


@pytest.mark.parametrize("body", ["not base64!", "ü"])
def test_a_body_that_is_not_base64_is_refused(ports: FakePorts, body: str) -> None:
    answer = relay(request(BODY) | {"body": body, "isBase64Encoded": True}, ports)

    assert (answer["statusCode"], detail_of(answer)) == (400, "The body can't be decoded")


def test_text_that_is_not_utf_8_is_refused(ports: FakePorts) -> None:
    body = b'{"id": "\xff"}'
    encoded = {
        "headers": {"stripe-signature": signature(body)},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }

    assert relay(encoded, ports)["statusCode"] == 400


def test_an_event_that_the_bus_did_not_take_is_asked_for_again(ports: FakePorts) -> None:
    ports.bus.refuse("customer.subscription.created")

    answer = relay(request(BODY), ports)

    assert answer["statusCode"] == 503
    assert int(answer["headers"]["retry-after"]) > 0
    assert detail_of(answer) == "The event could not be captured"


def test_an_unreachable_bus_is_no_success(ports: FakePorts) -> None:
    ports.bus.reachable = False

    assert relay(request(BODY), ports)["statusCode"] == 503


@pytest.mark.parametrize("secrets", [["", WEBHOOK_SECRET], [""]])
def test_an_empty_secret_opens_the_door_to_nobody(ports: FakePorts, secrets: list[str]) -> None:
    put_secret(webhook_secrets=secrets)

    answer = relay(request(BODY, signature(BODY, [""])), ports)

    assert (answer["statusCode"], detail_of(answer)) == (500, "Internal server error")
    assert ports.bus.held == []


def test_an_event_without_an_api_version_gets_the_member_that_the_rules_read(
    ports: FakePorts,
) -> None:
    event = an_event()
    del event["api_version"]

    relay(request(as_body(event)), ports)

    assert json.loads(ports.bus.held[0].detail) == event | {"api_version": None}


def a_large_session(**fields: Any) -> dict[str, Any]:
    return event_json(
        "checkout.session.completed",
        session_json(description="x" * FIVE_MEGABYTES, metadata={"user_id": "user_1"}, **fields),
    )


def captured(event: dict[str, Any], ports: FakePorts) -> dict[str, Any]:
    """What the bus holds of an event, as the machines will read it."""
    assert relay(request(as_body(event)), ports)["statusCode"] == 200
    (held,) = ports.bus.held
    assert len(held.detail.encode()) <= LARGEST_EVENT
    detail: dict[str, Any] = json.loads(held.detail)
    StripeEvent.model_validate(detail)
    return detail


def test_an_event_of_five_megabytes_keeps_what_routes_it_and_says_whose_it_is(
    ports: FakePorts,
) -> None:
    event = a_large_session(line_items={"data": [{"id": "li_1"}]})

    detail = captured(event, ports)

    assert detail["data"] == {
        "object": session_json(metadata={"user_id": "user_1"}),
        "trimmed": True,
    }
    assert {name: detail[name] for name in ("id", "type", "created", "api_version")} == {
        name: event[name] for name in ("id", "type", "created", "api_version")
    }


def test_a_large_event_still_says_which_attributes_changed(ports: FakePorts) -> None:
    event = event_json(
        "customer.subscription.updated",
        subscription_json(description="x" * FIVE_MEGABYTES),
        data={
            "object": subscription_json(description="x" * FIVE_MEGABYTES),
            "previous_attributes": {
                "cancel_at": None,
                "description": "y" * FIVE_MEGABYTES,
                "cancellation_details": {"comment": "z" * FIVE_MEGABYTES, "reason": None},
                "items": {"data": [{"id": "si_1", "quantity": 1}] * 100_000},
            },
        },
    )

    previous = captured(event, ports)["data"]["previous_attributes"]

    assert previous["cancel_at"] is None
    assert set(previous) == {"cancel_at", "description", "cancellation_details", "items"}
    assert set(previous["cancellation_details"]) == {"comment", "reason"}
    assert previous["items"]["data"][0] == {"id": "si_1", "quantity": 1}


@pytest.mark.parametrize(
    "bulk",
    [
        {"data": {"object": session_json(metadata={f"key_{i}": "v" * 499 for i in range(2_000)})}},
        {"data": {"object": {f"field_{i}": "v" * 499 for i in range(2_000)} | session_json()}},
        {"surplus": "x" * FIVE_MEGABYTES},
        {f"surplus_{i}": "v" * 499 for i in range(2_000)},
    ],
    ids=["metadata", "scalars", "a string of the event", "scalars of the event"],
)
def test_wherever_the_bulk_is_an_event_fits_and_keeps_its_ids(
    ports: FakePorts, bulk: dict[str, Any]
) -> None:
    event = event_json("checkout.session.completed", session_json(), **bulk)

    kept = captured(event, ports)["data"]["object"]

    assert (kept["id"], kept["customer"], kept["mode"]) == ("cs_test_1", "cus_1", "subscription")
    assert kept["client_reference_id"] == "user_1"


def test_the_log_names_the_event_and_never_its_content(ports: FakePorts, log: io.StringIO) -> None:
    body = as_body(an_event(data={"object": subscription_json(description="a private matter")}))
    header = signature(body)

    relay(request(body, header), ports)
    relay(request(body, signature(body, ["whsec_wrong"])), ports)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["event captured", "delivery refused"]
    assert (lines[0]["event_id"], lines[0]["event_type"]) == (
        "evt_1",
        "customer.subscription.created",
    )
    for secret in ("a private matter", header.partition("v1=")[2], WEBHOOK_SECRET):
        assert secret not in log.getvalue()


def test_a_failure_of_ours_is_logged_with_its_cause(ports: FakePorts, log: io.StringIO) -> None:
    put_secret(webhook_secrets=[""])

    relay(request(BODY), ports)

    (line,) = (json.loads(line) for line in log.getvalue().splitlines())
    assert (line["level"], line["exception_name"]) == ("ERROR", ConfigurationError.__name__)


def test_the_lambda_itself_answers(aws: None) -> None:
    answer = handler(request(BODY, "t=1,v1=00"), a_lambda_context())

    assert answer["statusCode"] == 400


def test_the_relay_starts_without_stripes_sdk() -> None:
    """Importing the SDK would be most of a cold start."""
    program = "import sys, webhook.relay; sys.exit('stripe' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "functions", check=True)

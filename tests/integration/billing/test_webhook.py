"""``POST /webhook`` as deployed: what is not Stripe's is refused with a reason, nothing starts."""

import json
import time

import pytest

from tests.support.deployed import Deployed, Json, signature


@pytest.fixture
def event(deployed: Deployed) -> Json:
    return deployed.event("customer.subscription.created", {"id": "sub_1", "customer": "cus_1"})


def refused(deployed: Deployed, body: str, header: str | None) -> str:
    headers = {} if header is None else {"Stripe-Signature": header}
    answer = deployed.http.post(deployed.stack.webhook_url, content=body, headers=headers)
    assert answer.status_code == 400
    detail: str = answer.json()["detail"]
    return detail


def test_a_missing_signature_is_refused(deployed: Deployed, event: Json) -> None:
    assert "ignature" in refused(deployed, json.dumps(event), None)


@pytest.mark.parametrize("header", ["", "rubbish", "t=1", "v1=abc", "t=now,v1=abc"])
def test_a_malformed_signature_is_refused(deployed: Deployed, event: Json, header: str) -> None:
    assert "ignature" in refused(deployed, json.dumps(event), header)


def test_a_signature_by_another_secret_is_refused(deployed: Deployed, event: Json) -> None:
    body = json.dumps(event)

    assert "ignature" in refused(deployed, body, signature(body, "whsec_wrong"))


def test_a_signature_of_another_body_is_refused(deployed: Deployed, event: Json) -> None:
    body = json.dumps(event)
    header = signature(body, deployed.stack.webhook_secret)

    assert "ignature" in refused(deployed, body.replace("sub_1", "sub_2"), header)


def test_an_old_signature_is_refused(deployed: Deployed, event: Json) -> None:
    body = json.dumps(event)
    header = signature(body, deployed.stack.webhook_secret, at=int(time.time()) - 301)

    assert "old" in refused(deployed, body, header) or "imestamp" in refused(deployed, body, header)


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "{}", '{"id": 1, "type": []}'])
def test_a_signed_body_that_is_no_event_is_refused(deployed: Deployed, body: str) -> None:
    header = signature(body, deployed.stack.webhook_secret)

    assert refused(deployed, body, header)


def test_nothing_that_was_refused_is_on_record(deployed: Deployed, event: Json) -> None:
    refused(deployed, json.dumps(event), "rubbish")

    deployed.pass_an_event()
    assert deployed.entry(event["id"]) == {}

"""Where something is measured that an alarm watches: it is, and nothing else is taken for it."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from billing import metrics
from billing.contracts.steps import ClaimEventInput, LifecycleInput
from billing.gateway.connection import StripeConnection
from billing.mailer import Delivery
from handlers.publish_facts import publish_facts
from handlers.send_mail import _measure
from steps.claim_event import claim_event
from subscribe.record_subscription import record_subscription
from tests.support.aws import WEBHOOK_SECRET, FakePorts, put_secret
from tests.support.metrics import measured
from tests.support.signing import delivery
from tests.support.stripe import event_json, subscription_json
from webhook.relay import relay

EVENT = event_json("customer.subscription.created", subscription_json())
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:scai-billing-subscribe:"


@pytest.fixture(autouse=True)
def nothing_measured() -> None:
    metrics.forget()


def test_a_delivery_that_eventbridge_holds_is_captured(
    ports: FakePorts, capsys: pytest.CaptureFixture[str]
) -> None:
    relay(delivery(EVENT), ports)

    assert measured(capsys) == {"EventCaptured": 1}


def unreachable(ports: FakePorts) -> None:
    ports.bus.reachable = False


def malformed_secret(ports: FakePorts) -> None:
    put_secret(webhook_secrets=[""])


@pytest.mark.parametrize("fault", [unreachable, malformed_secret])
def test_a_delivery_that_we_fail_to_take_is_a_failed_capture(
    ports: FakePorts, capsys: pytest.CaptureFixture[str], fault: Callable[[FakePorts], None]
) -> None:
    fault(ports)
    relay(delivery(EVENT), ports)

    assert measured(capsys) == {"CaptureFailed": 1}


def test_what_stripe_signed_and_we_cannot_read_is_a_failed_capture(
    ports: FakePorts, capsys: pytest.CaptureFixture[str]
) -> None:
    relay(delivery({"object": "v2.core.event"}), ports)

    assert measured(capsys) == {"CaptureFailed": 1}


def test_a_signature_that_is_not_ours_is_measured_and_none_at_all_is_not(
    ports: FakePorts, capsys: pytest.CaptureFixture[str]
) -> None:
    relay(delivery(EVENT, secret=f"{WEBHOOK_SECRET}_old"), ports)
    relay({"headers": {}, "body": "{}"}, ports)

    assert measured(capsys) == {"SignatureRefused": 1}


def claim(ports: FakePorts, execution: str) -> None:
    claimed = {"event": EVENT, "source": "scai.stripe", "execution": EXECUTION + execution}
    claim_event(ClaimEventInput.model_validate(claimed), ports)


def test_an_events_age_is_taken_once_however_often_it_is_delivered(
    ports: FakePorts, capsys: pytest.CaptureFixture[str]
) -> None:
    ports.clock.now = EVENT["created"] + 90
    claim(ports, "first")
    ports.executions.running.add(f"{EXECUTION}first")
    claim(ports, "second")

    assert measured(capsys) == {"EventAge": 90, "DuplicateIgnored": 1}


def test_facts_are_counted_when_they_are_committed_and_when_they_are_published(
    ports: FakePorts, capsys: pytest.CaptureFixture[str]
) -> None:
    ports.stripe.put(subscription_json())
    claim(ports, "first")
    given = {"user_id": "user_1", "customer_id": "cus_1", "execution": f"{EXECUTION}first"}
    request = LifecycleInput.model_validate({"event": EVENT, **given})
    keys = record_subscription(request, ports).facts
    items = [ports.dynamodb.get_item(**_key(ports, key))["Item"] for key in keys]
    images = [{"SequenceNumber": str(at), "NewImage": item} for at, item in enumerate(items)]
    ports.bus.refuse("AccessChanged")
    publish_facts({"Records": [{"dynamodb": image} for image in images]}, ports)

    told = measured(capsys)
    assert len(keys) == told["FactCommitted"] == 2
    assert told["FactPublished"] == 1


def _key(ports: FakePorts, fact: str) -> Any:
    table = ports.settings.events_table
    return {"TableName": table, "Key": {"event_id": {"S": f"fact:{fact}"}}}


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("sent", {"MailSent": 1}),
        ("refused", {"MailFailed": 1}),
        ("unknown", {"MailFailed": 1}),
        ("deferred", {}),  # it waits in the queue, whose age is watched
        ("no_address", {}),  # nothing is wrong with the mails
    ],
)
def test_mails_are_counted_by_what_came_of_them(
    capsys: pytest.CaptureFixture[str], outcome: Any, told: dict[str, int]
) -> None:
    _measure(Delivery(outcome=outcome))

    assert measured(capsys) == told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (stripe.RateLimitError("slow down", http_status=429), {"StripeRateLimited": 1}),
        (stripe.APIConnectionError("no answer"), {"StripeUnavailable": 1}),
        (stripe.APIError("down", http_status=503), {"StripeUnavailable": 1}),
        (stripe.InvalidRequestError("no", "param", http_status=400), {}),
    ],
)
def test_calls_that_stripe_does_not_answer_are_counted_and_refusals_are_not(
    ports: FakePorts,
    capsys: pytest.CaptureFixture[str],
    error: stripe.StripeError,
    told: dict[str, int],
) -> None:
    connection = StripeConnection(ports.secrets, "https://stripe.test")

    def failing(client: stripe.StripeClient) -> None:
        raise error

    with pytest.raises(Exception, match=r".+"):
        connection._call(failing)
    assert measured(capsys) == told

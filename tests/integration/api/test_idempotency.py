"""Idempotency-Key on the deployed stack: many Lambdas at once, and one DynamoDB between them."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from local.stack.settings import Settings
from tests.integration.api.people import Subscriber, User
from tests.integration.api.tokens import Tokens
from tests.support.api_document import Request
from tests.support.deployed import Deployed, Json
from tests.support.waiting import eventually

AT_ONCE = 20


@pytest.fixture
def user(deployed: Deployed, tokens: Tokens) -> User:
    return User(deployed, tokens)


@pytest.fixture
def subscriber(deployed: Deployed, tokens: Tokens) -> Subscriber:
    return Subscriber(deployed, tokens)


def checkout(user: User) -> Request:
    body = {"priceId": user.price("standard_monthly"), "userId": user.id}
    return Request("POST", "/create-checkout-session", {}, body)


def upgrade(subscriber: Subscriber) -> Request:
    named = subscriber.values
    body = {name: named[name] for name in ("userId", "newPriceId", "quote")}
    return Request("POST", "/update-subscription", {}, body)


def check_out(user: User, key: str, **headers: str) -> httpx.Response:
    return user.send(checkout(user), **{"Idempotency-Key": key}, **headers)


def at_once(user: User, request: Request, **headers: str) -> list[httpx.Response]:
    """Send a request many times at once, each until Lambda has room for it."""

    def answered() -> httpx.Response | None:
        answer = user.send(request, **headers)
        return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(eventually, answered, "an answer") for _ in range(AT_ONCE)]
        return [each.result() for each in asked]


def assert_one_was_done(user: User, request: Request) -> None:
    """Send it at once with one key: each gets the one answer, at once or when told to come back."""
    key = {"Idempotency-Key": str(uuid.uuid4())}

    answers = at_once(user, request, **key)

    done = [answer for answer in answers if answer.status_code == 200]
    told_to_wait = [answer for answer in answers if answer.status_code == 409]
    assert len(done) + len(told_to_wait) == AT_ONCE, Counter(a.status_code for a in answers)
    assert len([answer for answer in done if "Idempotent-Replayed" not in answer.headers]) == 1
    assert {answer.headers["Retry-After"] for answer in told_to_wait} <= {"1"}
    retried = [user.send(request, **key) for _ in told_to_wait] or [user.send(request, **key)]
    assert {answer.content for answer in done} == {answer.content for answer in retried}


def test_a_repeat_gets_the_first_answer(user: User) -> None:
    key = str(uuid.uuid4())
    first = check_out(user, key)

    repeat = check_out(user, key)

    assert (first.status_code, "Idempotent-Replayed" in first.headers) == (200, False)
    assert (repeat.status_code, repeat.headers["Idempotent-Replayed"]) == (200, "true")
    assert repeat.content == first.content


def test_of_many_checkouts_at_once_one_is_opened(user: User) -> None:
    assert_one_was_done(user, checkout(user))

    assert len(sessions(user)) == 1


def test_of_many_upgrades_at_once_one_is_charged(subscriber: Subscriber) -> None:
    charges, changes = len(subscriber.listed("charges")), len(invoiced_changes(subscriber))

    assert_one_was_done(subscriber, upgrade(subscriber))

    assert len(subscriber.listed("charges")) == charges + 1
    assert len(invoiced_changes(subscriber)) == changes + 1
    (subscription,) = subscriber.listed("subscriptions")
    (item,) = subscription["items"]["data"]
    assert item["price"]["id"] == subscriber.values["newPriceId"]


def test_of_many_checkouts_at_once_without_a_key_one_at_most_stays_open(user: User) -> None:
    answers = at_once(user, checkout(user))

    assert {answer.status_code for answer in answers} == {200}
    assert len([each for each in sessions(user) if each["status"] == "open"]) == 1


def sessions(user: User) -> list[Json]:
    """The checkout sessions that Stripe has of the user's customer."""
    customer_id = user.deployed.record(user.id)["customer_id"]
    found: list[Json] = user.deployed.ask(
        "get", "/v1/checkout/sessions", customer=customer_id, limit=100
    )["data"]
    return found


def invoiced_changes(subscriber: Subscriber) -> list[Json]:
    invoices = subscriber.listed("invoices")
    return [each for each in invoices if each["billing_reason"] == "subscription_update"]


def test_a_browser_is_shown_whether_it_is_a_repeat(user: User, stack_settings: Settings) -> None:
    origin = stack_settings.cors_origins.split(",")[0]

    answer = check_out(user, str(uuid.uuid4()), Origin=origin)

    assert "Idempotent-Replayed" in answer.headers["Access-Control-Expose-Headers"]

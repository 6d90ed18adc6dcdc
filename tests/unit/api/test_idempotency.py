"""Idempotency-Key: the first answer to a key is the answer to every repeat of that request."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from billing.domain.errors import PaymentDeclined, StoreUnavailable
from billing.store.dynamodb import client, from_item
from billing.store.users import User
from tests.support.api import ADMIN, Api, ApiAnswer, Request, Trouble
from tests.support.aws import add_user, template
from tests.support.waiting import eventually

CHECKOUT = "/create-checkout-session"
SESSIONS = "/v1/checkout/sessions"
TABLE = template().environment("ApiFunction")["IDEMPOTENCY_TABLE"]
DAY = 24 * 60 * 60
OUTAGES = [EndpointConnectionError(endpoint_url="https://dynamodb"), "ThrottlingException"]


class Died(BaseException):
    """The Lambda is gone, and nothing can catch that."""


class FailingUsers:
    """Users whose first reading fails."""

    def __init__(self, api: Api, error: Exception) -> None:
        self._error: Exception | None = error
        self._users = api.ports.users

    def find(self, user_id: str) -> User | None:
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._users.find(user_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._users, name)


def start(
    api: Api, key: str = "key_1", user: str | None = "user_1", scope: str = "", **fields: Any
) -> ApiAnswer:
    body = {"priceId": api.price("standard_monthly"), "userId": "user_1", **fields}
    return api.post(CHECKOUT, body, user, scope, headers={"Idempotency-Key": key})


def failing_once(api: Api, error: Exception) -> Api:
    api.ports.users = FailingUsers(api, error)  # type: ignore[assignment]  # all of it that is used
    return api


def is_replay(answer: ApiAnswer) -> bool:
    return answer.header("Idempotent-Replayed") == "true"


def entries() -> list[dict[str, Any]]:
    """What the idempotency table holds."""
    return [from_item(item) for item in client().scan(TableName=TABLE)["Items"]]


@contextmanager
def failing_dynamodb(operation: str, reply: Any) -> Iterator[None]:
    """Have an operation on the table end in ``reply``: an exception, or DynamoDB's error code."""

    def fail(params: dict[str, Any], **_: Any) -> Any:
        if json.loads(params["body"])["TableName"] != TABLE:
            return None
        if isinstance(reply, Exception):
            raise reply
        return SimpleNamespace(status_code=400), {"Error": {"Code": reply, "Message": "Not now"}}

    name, events = f"before-call.dynamodb.{operation}", client().meta.events
    events.register(name, fail)
    try:
        yield
    finally:
        events.unregister(name, fail)


@contextmanager
def at_session_creation(api: Api, act: Callable[[], None]) -> Iterator[None]:
    """Act when Stripe has made a session, before our code knows."""

    def observe(request: Request) -> None:
        if (request.method, request.path) == ("POST", SESSIONS):
            act()

    api.ports.wire.observers.append(observe)
    try:
        yield
    finally:
        api.ports.wire.observers.remove(observe)


# -- Repeats --------------------------------------------------------------------------------------


def test_a_repeat_gets_the_first_answer_and_nothing_is_done_again(api: Api) -> None:
    add_user()
    first = start(api)
    asked = list(api.ports.wire.requests)

    repeat = start(api)

    assert (first.status, is_replay(first)) == (200, False)
    assert (repeat.status, is_replay(repeat)) == (200, True)
    assert repeat.body == first.body
    assert repeat.header("Content-Type") == first.header("Content-Type")
    assert api.ports.wire.requests == asked


def test_a_refusal_that_did_nothing_isnt_kept(api: Api) -> None:
    assert start(api).status == 404
    add_user()

    repeat = start(api)

    assert (repeat.status, is_replay(repeat)) == (200, False)


def test_a_declined_payment_stays_declined(api: Api) -> None:
    api.held_to_document = False  # nothing is declined at this route
    add_user()
    failing_once(api, PaymentDeclined("Your card was declined.", "insufficient_funds"))
    first = start(api)

    repeat = start(api)

    assert first.status == repeat.status == 402
    assert is_replay(repeat)
    assert repeat.body["decline_code"] == "insufficient_funds"


@pytest.mark.parametrize(
    ("error", "status"), [(StoreUnavailable("throttled"), 503), (ValueError("a bug"), 500)]
)
def test_a_failure_of_ours_is_no_answer_so_that_a_repeat_may_succeed(
    api: Api, error: Exception, status: int
) -> None:
    add_user()
    failing_once(api, error)
    assert start(api).status == status

    repeat = start(api)

    assert (repeat.status, is_replay(repeat)) == (200, False)
    assert len(api.sessions()) == 1


def test_a_corrected_request_may_come_with_the_same_key(api: Api) -> None:
    add_user()
    assert start(api, quantity=0).status == 422

    assert start(api, quantity=1).status == 200


def test_without_a_key_every_request_is_resolved(api: Api) -> None:
    add_user()
    body = {"priceId": api.price("standard_monthly"), "userId": "user_1"}

    answers = [api.post(CHECKOUT, body) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    assert not any(map(is_replay, answers))
    assert entries() == []


def test_a_read_takes_no_notice_of_a_key(api: Api) -> None:
    add_user()

    answers = [api.get("/dashboard/user_1", headers={"Idempotency-Key": "key_1"}) for _ in "ab"]

    assert not any(map(is_replay, answers))
    assert entries() == []


def test_an_answer_is_kept_for_a_day(api: Api) -> None:
    add_user()
    before = int(time.time())

    start(api)

    (entry,) = entries()
    ttl = template().of_type("AWS::DynamoDB::Table")["IdempotencyTable"]["TimeToLiveSpecification"]
    assert before + DAY <= entry[ttl["AttributeName"]] <= time.time() + DAY


# -- Whose, and for what ---------------------------------------------------------------------------


@pytest.mark.parametrize("stranger", ["user_2", None])
def test_another_user_gets_nothing_of_the_first_ones_answer(api: Api, stranger: str | None) -> None:
    add_user()
    add_user("user_2")
    assert start(api).status == 200

    answer = start(api, user=stranger)

    assert (answer.status, answer.body) == (
        404,
        {"detail": "User not found", "code": "user_not_found"},
    )
    assert not is_replay(answer)


def test_whoever_is_an_admin_no_more_gets_nothing_of_what_an_admin_got(api: Api) -> None:
    add_user()
    assert start(api, user="user_2", scope=ADMIN).status == 200

    answer = start(api, user="user_2")

    assert (answer.status, is_replay(answer)) == (404, False)


def test_a_strangers_refusal_is_not_the_users_answer(api: Api) -> None:
    add_user()
    assert start(api, user="user_2").status == 404

    assert start(api).status == 200


def test_the_same_key_at_another_route_is_another_key(api: Api) -> None:
    add_user()
    assert start(api).status == 200

    body = {"userId": "user_1"}
    elsewhere = api.post("/create-portal-session", body, headers={"Idempotency-Key": "key_1"})

    assert elsewhere.status == 200
    assert elsewhere.body.keys() == {"url"}
    assert not is_replay(elsewhere)


def test_the_same_key_with_another_body_is_a_mistake(api: Api) -> None:
    add_user()
    assert start(api).status == 200

    answer = start(api, quantity=2)

    assert answer.status == 422
    (problem,) = answer.body["detail"]
    assert problem["loc"] == ["header", "idempotency-key"]
    assert set(problem) == {"loc", "msg", "type"}
    assert len(api.sessions()) == 1
    assert is_replay(start(api))


@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel", "a\tb"], ids=ascii)
def test_a_key_is_up_to_255_printable_ascii_characters(api: Api, key: str) -> None:
    add_user()

    answer = start(api, key)

    assert answer.status == 422
    assert [problem["loc"] for problem in answer.body["detail"]] == [["header", "idempotency-key"]]
    assert api.sessions() == []


def test_a_key_of_255_characters_is_one(api: Api) -> None:
    add_user()

    assert start(api, "~" * 255).status == 200


def test_no_key_and_no_user_can_be_read_from_the_table(api: Api) -> None:
    add_user("user_4711")

    start(api, "key_4711", user="user_4711", userId="user_4711")

    (entry,) = entries()
    assert "4711" not in str(entry["id"])


# -- At the same time ------------------------------------------------------------------------------


def test_of_many_at_once_one_is_resolved_and_the_others_are_told_to_wait(api: Api) -> None:
    add_user()
    at_stripe, go_on = Event(), Event()

    def wait() -> None:
        at_stripe.set()
        go_on.wait(30)

    body = {"priceId": api.price("standard_monthly"), "userId": "user_1"}
    post = partial(api.post, CHECKOUT, body, headers={"Idempotency-Key": "key_1"})
    with ThreadPoolExecutor(5) as pool, at_session_creation(api, wait):
        first = pool.submit(post)
        try:
            assert at_stripe.wait(30)
            told = [other.result(30) for other in [pool.submit(post) for _ in range(4)]]
        finally:
            go_on.set()

    assert [(other.status, other.header("Retry-After")) for other in told] == [(409, "1")] * 4
    assert told[0].body["code"] == "request_in_progress"
    assert first.result().status == 200
    assert post().body == first.result().body
    assert len(api.ports.wire.asked("POST", SESSIONS)) == 1


def test_a_function_that_dies_holds_its_key_until_its_time_is_up(api: Api) -> None:
    add_user()

    def die() -> None:
        raise Died

    with at_session_creation(api, die):
        with pytest.raises(Died):
            start(api, "early")
        api.seconds_left = 0
        with pytest.raises(Died):
            start(api, "late")
    api.seconds_left = 29

    def retry() -> ApiAnswer | None:
        answer = start(api, "late")
        return answer if answer.status != 409 else None

    assert start(api, "early").status == 409
    retried = eventually(retry, "a retry")
    assert (retried.status, is_replay(retried)) == (200, False)
    assert len(api.sessions()) == 1


# -- DynamoDB --------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", OUTAGES, ids=["unreachable", "throttled"])
def test_while_dynamodb_cannot_say_whether_it_is_a_repeat_nothing_is_done(
    api: Api, reply: Any
) -> None:
    add_user()
    with failing_dynamodb("PutItem", reply):
        answer = start(api)

    assert (answer.status, answer.header("Retry-After")) == (503, "1")
    assert api.sessions() == []


def test_a_missing_permission_is_our_fault_and_stays_inside(api: Api) -> None:
    add_user()
    with failing_dynamodb("PutItem", "AccessDeniedException"):
        answer = start(api)

    assert (answer.status, answer.body) == (
        500,
        {"detail": "Internal server error", "code": "internal_error"},
    )


@pytest.mark.parametrize("reply", OUTAGES, ids=["unreachable", "throttled"])
def test_an_answer_that_cannot_be_kept_is_given_all_the_same(api: Api, reply: Any) -> None:
    add_user()
    with failing_dynamodb("UpdateItem", reply):
        answer = start(api)

    assert (answer.status, answer.body["sessionId"]) == (200, api.sessions()[0]["id"])


@pytest.mark.parametrize("reply", OUTAGES, ids=["unreachable", "throttled"])
def test_a_failure_that_cannot_be_forgotten_is_told_all_the_same(api: Api, reply: Any) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", SESSIONS, status=None))
    with failing_dynamodb("DeleteItem", reply):
        answer = start(api)

    assert (answer.status, answer.header("Retry-After")) == (503, "1")

"""Every route of the document, asked by everybody who may not: no route can be forgotten here.

Guards that nothing of one user ever reaches another. A foreign user, session or card is answered
byte for byte like one that doesn't exist, and neither answer nor log tells anything of its owner.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.integration.api.people import Caller, Subscriber, User
from tests.integration.api.tokens import IdTokens, Tokens
from tests.support.api_document import OBJECTS, Operation, Request, operations
from tests.support.deployed import Deployed

GUARDED = [operation for operation in operations() if not operation.is_open]
OPEN = [operation for operation in operations() if operation.is_open]
BY_USER = [operation for operation in GUARDED if "userId" in operation.parameters]
BY_OBJECT = [
    pytest.param(operation, name, id=f"{operation} by {name}")
    for operation in GUARDED
    for name in OBJECTS
    if name in operation.parameters
]
EACH_ANSWERS_OWN = {"date", "apigw-requestid"}

UNAUTHORIZED = (401, {"message": "Unauthorized"})


@contextmanager
def nothing_told_or_done(owner: Subscriber, *named: str) -> Iterator[list[httpx.Response]]:
    """Hold answers and log to telling nothing of the owner, whose billing stays as it was.

    What the requests ``named`` may stand in the log: it says what was refused.
    """
    answers: list[httpx.Response] = []
    before, traces, began = owner.state(), owner.traces(), time.time()
    yield answers
    told = [f"{answer.headers} {answer.text}" for answer in answers]
    logged = owner.deployed.api_logged_since(began)
    assert [trace for trace in traces for text in told if trace in text] == []
    assert [line for trace in traces - set(named) for line in logged if trace in line] == []
    assert owner.state() == before


def as_seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer by which the caller could tell it from another."""
    headers = {
        name: value for name, value in answer.headers.items() if name not in EACH_ANSWERS_OWN
    }
    return answer.status_code, answer.content, headers


def unlike(value: str) -> str:
    """A value of the same form that names nothing."""
    kept = len(value) // 2
    return value[:kept] + secrets.token_hex(len(value))[: len(value) - kept]


def problem(operation: Operation, answer: httpx.Response) -> str | None:
    content_type = answer.headers["content-type"].partition(";")[0]
    return operation.problem_of(answer.status_code, content_type, answer.json())


class Users:
    """Users for whom a route can do what it is for."""

    def __init__(self, deployed: Deployed, tokens: Tokens) -> None:
        self._deployed = deployed
        self._tokens = tokens
        self._subscriber = Subscriber(deployed, tokens)

    def fit_for(self, operation: Operation) -> User:
        """A user for one test: whoever is to subscribe hasn't yet."""
        if operation.path == "/create-checkout-session":
            return User(self._deployed, self._tokens)
        return self._subscriber

    def values_of(self, user: User, operation: Operation) -> dict[str, str]:
        """What one request about the user names; a card may be used up by it."""
        match operation.path:
            case "/attach-payment-method":
                return user.values | {"paymentMethodId": self._subscriber.new_card()}
            case "/detach-payment-method":
                return user.values | {"paymentMethodId": self._subscriber.add_card()}
            case "/create-one-time-payment-session":
                return user.values | {"priceId": user.price("self_hosted")}
            case _:
                return user.values


@pytest.fixture(scope="module")
def users(deployed: Deployed, tokens: Tokens) -> Users:
    return Users(deployed, tokens)


@pytest.fixture(scope="module")
def unauthorized(
    owner: Subscriber, tokens: Tokens, admin_of_another_pool: str
) -> dict[str, str | None]:
    """Tokens that open nothing, and none."""
    others = {"none": None, "admin of another pool": admin_of_another_pool}
    return others | tokens.wrong(owner.id)


@pytest.mark.parametrize("operation", GUARDED, ids=str)
def test_without_a_valid_token_nothing_is_told_or_done(
    operation: Operation, owner: Subscriber, unauthorized: dict[str, str | None]
) -> None:
    request = operation.request(owner.values)

    with nothing_told_or_done(owner) as answers:
        answered = {}
        for reason, token in unauthorized.items():
            answer = Caller(owner.deployed, token).send(request)
            answers.append(answer)
            answered[reason] = (answer.status_code, answer.json())

    assert answered == dict.fromkeys(unauthorized, UNAUTHORIZED)
    assert problem(operation, answers[0]) is None


@pytest.mark.parametrize("operation", BY_USER, ids=str)
def test_another_user_is_answered_like_one_that_does_not_exist(
    operation: Operation, owner: Subscriber, stranger: Subscriber, tokens: Tokens
) -> None:
    asked = operation.request(owner.values)
    nobodys = operation.request(owner.values | {"userId": unlike(owner.id)})
    callers = {
        "another user": stranger.token,
        "no user": tokens.of(owner.id, scai_user_id=None),
        "a user without a name": tokens.of(owner.id, scai_user_id=""),
        "another user who is no admin": tokens.of(stranger.id, scope="openid billing.admin"),
    }

    with nothing_told_or_done(owner, *owner.values.values()) as answers:
        for token in callers.values():
            caller = Caller(owner.deployed, token)
            answers += [caller.send(asked), caller.send(nobodys)]

    assert {as_seen(answer)[:2] for answer in answers} == {
        (404, b'{"detail":"User not found","code":"user_not_found"}')
    }
    assert len({str(as_seen(answer)) for answer in answers}) == 1
    assert problem(operation, answers[0]) is None


@pytest.mark.parametrize(("operation", "name"), BY_OBJECT)
def test_what_is_anothers_is_answered_like_what_does_not_exist(
    operation: Operation, name: str, owner: Subscriber, stranger: Subscriber
) -> None:
    theirs, nobodys = owner.values[name], unlike(owner.values[name])

    with nothing_told_or_done(owner, theirs) as answers:
        for value in (theirs, nobodys):
            request = operation.request(stranger.values | {name: value}, name)
            answers.append(stranger.send(request))

    foreign, unknown = answers
    assert as_seen(foreign) == as_seen(unknown)
    assert foreign.status_code in (404, 422)
    assert problem(operation, foreign) is None


@pytest.mark.parametrize("operation", [o for o in GUARDED if o.method == "post"], ids=str)
def test_a_key_gives_nobody_the_answer_that_it_gave_its_owner(
    operation: Operation, users: Users, stranger: Subscriber, tokens: Tokens
) -> None:
    user = users.fit_for(operation)
    request, key = operation.request(users.values_of(user, operation)), secrets.token_hex()
    headers = {"Idempotency-Key": key}
    first = user.send(request, **headers)
    assert first.status_code == 200, first.text

    others = (stranger.token, tokens.of(user.id, scai_user_id=None))
    for token in others:
        answer = Caller(user.deployed, token).send(request, **headers)
        assert (answer.status_code, answer.json()) == (
            404,
            {"detail": "User not found", "code": "user_not_found"},
        )
        assert "idempotent-replayed" not in answer.headers
    assert Caller(user.deployed).send(request, **headers).status_code == 401


@pytest.mark.parametrize("operation", GUARDED, ids=str)
def test_the_user_and_an_admin_are_served(
    operation: Operation, users: Users, admin: Caller
) -> None:
    user = users.fit_for(operation)

    for caller in (user, admin):
        answer = caller.send(operation.request(users.values_of(user, operation)))
        assert (answer.status_code, problem(operation, answer)) == (200, None), answer.text


@pytest.mark.parametrize("operation", BY_USER, ids=str)
def test_an_admin_is_told_that_a_user_does_not_exist(
    operation: Operation, owner: Subscriber, admin: Caller
) -> None:
    request = operation.request(owner.values | {"userId": unlike(owner.id)})

    answer = admin.send(request)

    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": "User not found", "code": "user_not_found"},
    )


@pytest.mark.parametrize("operation", BY_USER, ids=str)
def test_an_id_token_reaches_nobody_elses_billing_even_an_admins(
    operation: Operation, owner: Subscriber, id_tokens: IdTokens
) -> None:
    request = operation.request(owner.values)

    with nothing_told_or_done(owner, *owner.values.values()) as answers:
        for token in (id_tokens.of_user, id_tokens.of_admin):
            answers.append(Caller(owner.deployed, token).send(request))

    assert {as_seen(answer)[:2] for answer in answers} == {
        (404, b'{"detail":"User not found","code":"user_not_found"}')
    }


@pytest.mark.parametrize("operation", OPEN, ids=str)
def test_an_open_route_answers_all_alike(
    operation: Operation, owner: Subscriber, admin: Caller
) -> None:
    request = Request(operation.method.upper(), operation.path, {}, None)
    callers = [Caller(owner.deployed, token) for token in (None, "garbage", owner.token)]

    with nothing_told_or_done(owner) as answers:
        answers += [caller.send(request) for caller in [*callers, admin]]

    assert len({str(as_seen(answer)) for answer in answers}) == 1
    assert answers[0].status_code == (200 if operation.method == "get" else 400)

"""Idempotency-Key on the deployed stack: many Lambdas at once, and one DynamoDB between them."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from local.stack.settings import Settings
from tests.integration.api.people import User
from tests.integration.api.tokens import Tokens
from tests.support.api_document import Request
from tests.support.deployed import Deployed

AT_ONCE = 6


@pytest.fixture
def user(deployed: Deployed, tokens: Tokens) -> User:
    return User(deployed, tokens)


def check_out(user: User, key: str, **headers: str) -> httpx.Response:
    body = {"priceId": user.price("standard_monthly"), "userId": user.id}
    request = Request("POST", "/create-checkout-session", {}, body)
    return user.send(request, **{"Idempotency-Key": key}, **headers)


def test_a_repeat_gets_the_first_answer(user: User) -> None:
    key = str(uuid.uuid4())
    first = check_out(user, key)

    repeat = check_out(user, key)

    assert (first.status_code, "Idempotent-Replayed" in first.headers) == (200, False)
    assert (repeat.status_code, repeat.headers["Idempotent-Replayed"]) == (200, "true")
    assert repeat.content == first.content


def test_of_many_at_once_one_is_done_and_the_others_wait_or_get_its_answer(user: User) -> None:
    key = str(uuid.uuid4())

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: check_out(user, key), range(AT_ONCE)))

    done = [answer for answer in answers if answer.status_code == 200]
    told_to_wait = [answer for answer in answers if answer.status_code == 409]
    assert len(done) + len(told_to_wait) == AT_ONCE
    assert len([answer for answer in done if "Idempotent-Replayed" not in answer.headers]) == 1
    assert {answer.headers["Retry-After"] for answer in told_to_wait} <= {"1"}
    assert {answer.content for answer in done} == {check_out(user, key).content}


def test_a_browser_is_shown_whether_it_is_a_repeat(user: User, stack_settings: Settings) -> None:
    origin = stack_settings.cors_origins.split(",")[0]

    answer = check_out(user, str(uuid.uuid4()), Origin=origin)

    assert "Idempotent-Replayed" in answer.headers["Access-Control-Expose-Headers"]

"""A large body is refused before anything reads it."""

import json
from functools import partial

import pytest

from tests.support.api import Api
from tests.support.aws import add_user

LIMIT = 64 * 1024

KINDS = ["text", "binary", "of two bytes a character"]


@pytest.mark.parametrize(
    "body", ["x" * (LIMIT + 1), b"\xff" * (LIMIT + 1), "é" * (LIMIT // 2 + 1)], ids=KINDS
)
def test_a_body_over_64_kib_is_refused_whatever_is_in_it(api: Api, body: str | bytes) -> None:
    answer = api.post("/create-checkout-session", body)

    assert (answer.status, answer.body) == (
        413,
        {"detail": "Request body too large", "code": "request_too_large"},
    )


@pytest.mark.parametrize("body", ["x" * LIMIT, b"\xff" * LIMIT, "é" * (LIMIT // 2)], ids=KINDS)
def test_a_body_of_64_kib_is_read(api: Api, body: str | bytes) -> None:
    assert api.post("/create-checkout-session", body).status == 422


def test_a_large_request_does_nothing_and_takes_no_idempotency_key(api: Api) -> None:
    add_user()
    request = json.dumps({"priceId": api.price("standard_monthly"), "userId": "user_1"})
    post = partial(api.post, "/create-checkout-session", headers={"Idempotency-Key": "key_1"})

    assert post(request + " " * LIMIT).status == 413

    assert api.sessions() == []
    assert post(request).status == 200

"""The request log: the last requests, without what must not be kept."""

import pytest

from local.stripe_simulator.request_log import KEPT, MASK
from tests.unit.stripe_simulator.account import START, Account


def test_a_request_is_remembered_with_its_answer(stripe: Account) -> None:
    key = {"Idempotency-Key": "op-1"}
    for _ in range(2):
        answer = stripe.request("POST", "/v1/customers", "name=Test%20Customer", **key)
    again, first = stripe.engine.requests
    assert (again.id, again.at) == (answer.headers["Request-Id"], START)
    assert (first.method, first.path, first.status) == ("POST", "/v1/customers", 200)
    assert first.params == {"name": "Test Customer"}
    assert (first.idempotency_key, first.replayed, again.replayed) == ("op-1", False, True)
    assert stripe.engine.requests.find(first.id) is first
    assert stripe.engine.requests.find("req_none") is None


def test_a_refusal_is_remembered_in_its_words_and_names_its_page(stripe: Account) -> None:
    error = stripe.refused("GET", "/v1/customers/cus_none", 404)
    (logged,) = stripe.engine.requests
    assert (logged.status, logged.error) == (404, "No such customer: 'cus_none'")
    assert f"/_sim/requests/{logged.id}?" in error["request_log_url"]


@pytest.mark.parametrize(
    "params",
    [
        {"type": "card", "card": {"number": "4242424242424242", "cvc": "987"}},
        {"metadata": {"note": "his card is 4242 4242 4242 4242"}},
        {"items": [{"note": "4242-4242-4242-4242"}]},
        {"client_secret": "pi_1_secret_987"},
    ],
)
def test_no_card_and_no_secret_is_kept(stripe: Account, params: dict[str, object]) -> None:
    stripe.request("POST", "/v1/payment_methods", params)
    (logged,) = stripe.engine.requests
    kept = repr(logged)
    assert MASK in kept
    for hidden in ("4242", "987"):
        assert hidden not in kept


def test_only_the_last_are_kept(stripe: Account) -> None:
    for _ in range(KEPT + 5):
        stripe.get("/v1/account")
    assert len(stripe.engine.requests) == KEPT

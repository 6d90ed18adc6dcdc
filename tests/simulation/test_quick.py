"""The shortcuts that make histories quick give the same answers as what they stand in for."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from stripe._api_requestor import _APIRequestor

from billing.store import dynamodb
from local.stripe_simulator.faults import Fault
from local.stripe_simulator.inprocess import EngineClient
from tests.simulation import quick
from tests.unit.stripe_simulator.account import Account

_SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=8,
)


@given(_VALUES)
def test_values_are_stored_alike(value: Any) -> None:
    assert quick.serialized(value) == dynamodb._serialize(dynamodb._plain(value))


@given(_VALUES)
def test_values_are_read_alike(value: Any) -> None:
    stored = dynamodb._serialize(dynamodb._plain(value))
    assert quick.deserialized(dict(stored)) == dynamodb._integers(dynamodb._deserialize(stored))


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """To hand requests over as they are, until its `undo`."""
    with monkeypatch.context() as patched:
        patched.setattr(_APIRequestor, "request", quick.requested)
        patched.setattr(EngineClient, "request", quick.handed_over)
        yield patched


@pytest.fixture
def account() -> Account:
    account = Account()
    account.subscribe()
    return account


@pytest.fixture
def client(account: Account) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_x", http_client=EngineClient(account.engine), max_network_retries=1
    )


@pytest.mark.parametrize(
    "listed",
    [
        lambda c: c.v1.subscriptions.list({"status": "all", "limit": 100}),
        lambda c: c.v1.customers.list({"email": "customer@example.test"}),
        lambda c: c.v1.invoices.list({"created": {"gte": 1}, "expand": ["data.customer"]}),
        lambda c: c.v1.events.list({"types": ["invoice.paid", "customer.created"]}),
        lambda c: c.v1.prices.list({"active": True, "expand": ["data.product"]}),
    ],
)
def test_stripes_answers_are_read_alike(
    client: stripe.StripeClient,
    quickly: pytest.MonkeyPatch,
    listed: Callable[[stripe.StripeClient], Any],
) -> None:
    mine = listed(client)
    quickly.undo()
    theirs = listed(client)
    assert _as_json(mine) == _as_json(theirs) != []
    assert (mine.has_more, mine.data[0].id) == (theirs.has_more, theirs.data[0].id)
    assert mine.last_response.headers["date"] == theirs.last_response.headers["date"]


@pytest.mark.usefixtures("quickly")
def test_a_write_that_was_not_heard_of_is_made_once(
    account: Account, client: stripe.StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EngineClient, "_sleep_time_seconds", lambda *_: 0.0)
    account.engine.faults.add(Fault("reset_after"))
    made = client.v1.customers.create({"name": "Test"}, {"idempotency_key": "operation"})
    again = client.v1.customers.create({"name": "Test"}, {"idempotency_key": "operation"})
    assert again.id == made.id
    assert len(account.get("/v1/customers")["data"]) == 2  # the other one subscribed


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda c: c.v1.subscriptions.retrieve("sub_none"), stripe.InvalidRequestError),
        (lambda c: c.v1.invoices.list({"limit": 101}), stripe.InvalidRequestError),
        (lambda c: c.v1.balance.retrieve(), stripe.InvalidRequestError),
    ],
)
def test_stripes_refusals_are_read_alike(
    client: stripe.StripeClient,
    quickly: pytest.MonkeyPatch,
    wrong: Callable[[stripe.StripeClient], Any],
    error: type[stripe.StripeError],
) -> None:
    with pytest.raises(error) as mine:
        wrong(client)
    quickly.undo()
    with pytest.raises(error) as theirs:
        wrong(client)
    assert _as_told(mine.value) == _as_told(theirs.value)


def _as_told(error: stripe.StripeError) -> tuple[Any, ...]:
    return error.user_message, error.code, error.http_status, getattr(error, "param", None)


def _as_json(page: Any) -> list[str]:
    """Decimals, which the SDK makes of some texts, are texts again."""
    return [json.dumps(each.to_dict(), default=str, sort_keys=True) for each in page.data]

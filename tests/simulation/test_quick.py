"""The shortcuts that make histories quick give the same answers as what they stand in for."""

import json
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from billing.store import dynamodb
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


@pytest.mark.parametrize("path", ["subscriptions", "customers", "invoices"])
def test_stripes_answers_are_read_alike(path: str) -> None:
    account = Account()
    account.subscribe()
    client = stripe.StripeClient("sk_test_x", http_client=EngineClient(account.engine))
    page = client.raw_request("get", f"/v1/{path}")
    mine: Any = quick.answered(page)
    theirs: Any = client.deserialize(page, api_mode="V1")
    assert _as_json(mine) == _as_json(theirs)
    assert (mine.has_more, mine.data[0].id) == (theirs.has_more, theirs.data[0].id)


def _as_json(page: Any) -> list[str]:
    """Decimals, which the SDK makes of some texts, are texts again."""
    return [json.dumps(each.to_dict(), default=str, sort_keys=True) for each in page.data]

"""Fixtures of reconciliation: the local Stripe in process, and an account on it."""

import pytest

from billing.gateway import stripe_gateway
from billing.reconciling import debts, subscriptions
from tests.support.api import EnginePorts
from tests.support.reconcile import Account


@pytest.fixture
def ports(aws: None) -> EnginePorts:
    return EnginePorts()


@pytest.fixture
def account(ports: EnginePorts) -> Account:
    return Account(ports)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two to a page, so that a handful of customers makes several."""
    monkeypatch.setattr(stripe_gateway, "PAGE", 2)
    monkeypatch.setattr(subscriptions, "ENTRIES", 2)
    monkeypatch.setattr(debts, "ENTRIES", 2)

"""Fixtures of the simulator's unit tests."""

import pytest

from tests.unit.stripe_simulator.account import Account


@pytest.fixture
def stripe() -> Account:
    return Account()

"""Fixtures of the unit tests; ``tests/support/aws.py`` says how to use them."""

from collections.abc import Iterator

import pytest

from tests.support.aws import FakePorts, fake_account


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with fake_account(monkeypatch):
        yield


@pytest.fixture
def ports(aws: None) -> FakePorts:
    return FakePorts()

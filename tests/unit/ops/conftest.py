"""Executions for the unit tests of ops, on tables that nothing may scan."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing.store.dynamodb import client
from tests.support.aws import FakePorts, quick_account
from tests.support.stepfunctions import Stage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    with quick_account(monkeypatch):
        events = client().meta.events
        events.register_first("before-call.dynamodb.Scan", _refuse)
        yield Stage(FakePorts())
        events.unregister("before-call.dynamodb.Scan", _refuse)


def _refuse(**_: Any) -> None:
    raise AssertionError("a table was scanned")

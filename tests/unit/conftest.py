"""Fixtures of the unit tests; ``tests/support/aws.py`` says how to use them."""

import io
from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket

from billing.observability import logger
from tests.support.aws import FakePorts, fake_account, quick_account


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    account = fake_account if request.node.get_closest_marker("moto") else quick_account
    with account(monkeypatch):
        yield


@pytest.fixture
def ports(aws: None) -> FakePorts:
    return FakePorts()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged meanwhile, a JSON document a line."""
    stream = logger.registered_handler
    captured = io.StringIO()
    before = stream.setStream(captured)  # type: ignore[attr-defined]  # it is a StreamHandler
    yield captured
    stream.setStream(before)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """A unit test that opens a socket is no unit test; asyncio's own pair is none of that."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()

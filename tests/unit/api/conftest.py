"""The API's fixtures: ``api``, a client of it, with ``api.ports`` behind it."""

from collections.abc import Iterator

import pytest

from tests.support.api import Api, FakeApiPorts
from tests.support.aws import quick_account, template


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with quick_account(monkeypatch):
        for name, value in template().environment("ApiFunction").items():
            monkeypatch.setenv(name, value)
        yield Api(FakeApiPorts())

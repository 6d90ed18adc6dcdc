"""The API's fixtures: ``api``, a client of it, with ``api.ports`` behind it."""

import pytest

from tests.support.api import Api, FakeApiPorts
from tests.support.aws import template


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Api:
    for name, value in template().environment("ApiFunction").items():
        monkeypatch.setenv(name, value)
    return Api(FakeApiPorts())

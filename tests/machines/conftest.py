"""The engines that run the definitions with mocked steps.

The embedded one by default; any Step Functions Local that was started with this folder's
MockConfigFile.json if SFN_ENDPOINT_URL names it. The second engine has no mocks of its own: it asks
a Lambda endpoint, which answers here.
"""

import os
from collections.abc import Iterator

import pytest

from local.embedded_aws.process import running
from tests.machines.engine import Engine, engine_at
from tests.machines.mock_config import FILE
from tests.machines.second_engine import SecondEngine, second_engine_running
from tests.support.ports import free_port


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("SFN_ENDPOINT_URL")
    if given:
        yield given
        return
    settings = {"SFN_MOCK_CONFIG": str(FILE), "SFN_WAIT_SCALE": "0"}
    directory = tmp_path_factory.mktemp("engine")
    with running(directory, free_port(), enforce_iam=False, settings=settings) as aws:
        yield aws.endpoint


@pytest.fixture(scope="session")
def engine(endpoint: str) -> Iterator[Engine]:
    with engine_at(endpoint) as engine:
        yield engine


@pytest.fixture(scope="session")
def second_engine() -> Iterator[SecondEngine]:
    with second_engine_running() as engine:
        yield engine

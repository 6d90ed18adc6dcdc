"""The engine that runs the definitions with mocked steps.

The embedded one by default; any Step Functions Local that was started with this folder's
MockConfigFile.json if SFN_ENDPOINT_URL names it.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from local.embedded_aws.process import running
from tests.machines.engine import Engine
from tests.support.definitions import machine_names, runnable

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

MOCKS = Path(__file__).with_name("MockConfigFile.json")


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    given = os.environ.get("SFN_ENDPOINT_URL")
    if given:
        yield given
        return
    settings = {"SFN_MOCK_CONFIG": str(MOCKS), "SFN_WAIT_SCALE": "0"}
    directory = tmp_path_factory.mktemp("engine")
    with running(directory, enforce_iam=False, settings=settings) as aws:
        yield aws.endpoint


@pytest.fixture(scope="session")
def engine(endpoint: str) -> Iterator[Engine]:
    client: SFNClient = boto3.client(
        "stepfunctions",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    arns = {
        name: client.create_state_machine(
            name=name,
            definition=runnable(name),
            roleArn="arn:aws:iam::000000000000:role/machines",
        )["stateMachineArn"]
        for name in machine_names()
    }
    yield Engine(client, arns)
    client.close()


@pytest.fixture
def run_subscribe(engine: Engine) -> Callable[[str], list[str]]:
    return lambda case: engine.run("subscribe", case)

"""Executions: a successor is of the same machine, and there is one of a name."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from billing.executions import Executions
from tests.support.aws import CREDENTIALS

ROLE = "arn:aws:iam::123456789012:role/machines"
NOTHING = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An execution of a machine."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("stepfunctions")
        machine = client.create_state_machine(
            name="reconcile", definition=json.dumps(NOTHING), roleArn=ROLE
        )
        started = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="first")
        yield started["executionArn"]
        client.close()


def test_a_successor_is_started_once_whatever_is_asked(first: str) -> None:
    client = boto3.client("stepfunctions")
    executions = Executions(client)

    executions.start_successor(first, "second", '{"n": 1}')
    executions.start_successor(first, "second", '{"n": 2}')

    machine = client.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    names = [e["name"] for e in client.list_executions(stateMachineArn=machine)["executions"]]
    assert sorted(names) == ["first", "second"]
    assert executions.input_of(first.replace("first", "second")) == '{"n": 1}'
    client.close()

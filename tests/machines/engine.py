"""A Step Functions engine: run a machine on it, and tell the path that it took."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3

from tests.support.definitions import SAMPLE_INPUT, machine_names, runnable
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Engine:
    """A Step Functions endpoint with every definition created on it."""

    def __init__(self, client: "SFNClient", machine_arns: dict[str, str]) -> None:
        self._client = client
        self._machine_arns = machine_arns

    def run(self, machine: str, case: str = "") -> list[str]:
        """Give the states entered, in order, and last how it ended (with the error, if it failed).

        A Task that is retried is entered once; ``xn`` says how often it was tried. ``case`` is one
        of the engine's mock configuration, if it has one.
        """
        selector = f"#{case}" if case else ""
        arn = self._client.start_execution(
            stateMachineArn=f"{self._machine_arns[machine]}{selector}",
            name=f"{case}-{uuid.uuid4()}",
            input=json.dumps(SAMPLE_INPUT),
        )["executionArn"]
        return [*self._path(arn), self._end(arn)]

    def _end(self, execution: str) -> str:
        described = self._client.describe_execution(executionArn=execution)
        return " ".join(filter(None, (described["status"], described.get("error"))))

    def _path(self, execution: str) -> list[str]:
        self._wait(execution)
        path: list[str] = []
        tries = 0
        for event in self._client.get_execution_history(executionArn=execution, maxResults=1000)[
            "events"
        ]:
            if event["type"].endswith("StateEntered"):
                path.append(event["stateEnteredEventDetails"]["name"])
                tries = 0
            elif event["type"] in ("TaskScheduled", "LambdaFunctionScheduled"):
                tries += 1
                if tries > 1:
                    path[-1] = f"{path[-1].split(' x')[0]} x{tries}"
        return path

    def _wait(self, execution: str) -> None:
        def ended() -> bool:
            described = self._client.describe_execution(executionArn=execution)
            return described["status"] != "RUNNING"

        eventually(ended, f"the end of {execution}")


@contextmanager
def engine_at(endpoint: str) -> Iterator[Engine]:
    """Create every definition on the engine at ``endpoint``."""
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

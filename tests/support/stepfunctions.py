"""Step Functions in memory, as far as ops ask it, by AWS's rules.

It lists by pages in AWS's order, takes a redrive once by its token and a name once for ever, and
counts what it was asked. ``Stage`` puts executions on it::

    def test_it_is_listed(stage: Stage) -> None:
        stage.failed("subscribe", "one", error="UserNotFound")
        assert [e.name for e in list_executions(stage.target, Filter()).items] == ["one"]
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from billing.contracts.stripe_events import StripeEvent
from ops.target import Target
from tests.support.aws import FakePorts
from tests.support.builders import NOW
from tests.support.definitions import machine_names, text_of
from tests.support.operators import target_on
from tests.support.stripe import event_json, subscription_json

Json = dict[str, Any]

START = datetime.fromtimestamp(NOW, UTC)
_PREFIX = "arn:aws:states:us-east-1:123456789012"
_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")


def machine_arn(machine: str) -> str:
    return f"{_PREFIX}:stateMachine:scai-billing-{machine}"


def arn_of(machine: str, name: str) -> str:
    return f"{_PREFIX}:execution:scai-billing-{machine}:{name}"


class ExecutionAlreadyExists(ClientError):
    """A name was used before."""


def refusal(code: str, kind: type[ClientError] = ClientError) -> ClientError:
    return kind({"Error": {"Code": code, "Message": f"{code} it is"}}, "Operation")


class FakeStepFunctions:
    """The client. ``held`` are executions by ARN, as DescribeExecution tells them."""

    exceptions = SimpleNamespace(ExecutionAlreadyExists=ExecutionAlreadyExists)

    def __init__(self) -> None:
        self.held: dict[str, Json] = {}
        self.histories: dict[str, list[Json]] = {}
        self.asked: Counter[str] = Counter()
        self.redrives = True
        self._tokens: set[str] = set()
        self._one_at_a_time = Lock()

    def list_executions(
        self,
        *,
        stateMachineArn: str,  # noqa: N803
        maxResults: int = 100,  # noqa: N803
        statusFilter: str | None = None,  # noqa: N803
        nextToken: str | None = None,  # noqa: N803
    ) -> Json:
        self.asked["list"] += 1
        if statusFilter == "PENDING_REDRIVE":  # which only a map run's children may have
            raise refusal("ValidationException")
        found = [
            each
            for each in self.held.values()
            if each["stateMachineArn"] == stateMachineArn and statusFilter in (None, each["status"])
        ]
        found.sort(key=_position, reverse=True)
        if nextToken == "expired":
            raise refusal("InvalidToken")
        if nextToken is not None:
            found = [each for each in found if _position(each) < nextToken]
        answer: Json = {"executions": found[:maxResults]}
        if len(found) > maxResults:
            answer["nextToken"] = _position(found[maxResults - 1])
        return answer

    def describe_execution(self, *, executionArn: str) -> Json:  # noqa: N803
        self.asked["describe"] += 1
        if executionArn not in self.held:
            raise refusal("ExecutionDoesNotExist")
        return dict(self.held[executionArn])

    def get_execution_history(self, *, executionArn: str, **asked: Any) -> Json:  # noqa: N803
        events = self.histories.get(executionArn, [])
        return {"events": events[::-1] if asked.get("reverseOrder") else events}

    def get_paginator(self, operation: str) -> Any:
        assert operation == "get_execution_history"
        return SimpleNamespace(
            paginate=lambda executionArn, **_: (  # noqa: N803
                {"events": [event]} for event in self.histories.get(executionArn, [])
            )
        )

    def describe_state_machine_for_execution(self, *, executionArn: str) -> Json:  # noqa: N803
        machine = self.held[executionArn]["stateMachineArn"].rsplit("scai-billing-", 1)[-1]
        return {"definition": text_of(machine)}

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> Json:  # noqa: A002, N803
        arn = f"{stateMachineArn.replace(':stateMachine:', ':execution:')}:{name}"
        if arn in self.held:
            raise refusal("ExecutionAlreadyExists", ExecutionAlreadyExists)
        self.asked["start"] += 1
        self.held[arn] = {
            "executionArn": arn,
            "stateMachineArn": stateMachineArn,
            "name": name,
            "status": "RUNNING",
            "startDate": START,
            "input": input,
        }
        return {"executionArn": arn}

    def redrive_execution(self, *, executionArn: str, clientToken: str) -> Json:  # noqa: N803
        with self._one_at_a_time:
            execution = self.held[executionArn]
            if clientToken in self._tokens:
                return {}
            if not self.redrives:
                raise refusal("UnknownOperationException")
            if execution["redriveStatus"] != "REDRIVABLE":
                raise refusal("ExecutionNotRedrivable")
            self._tokens.add(clientToken)
            self.asked["redrive"] += 1
            execution.update(
                status="RUNNING",
                stopDate=None,
                redriveCount=execution["redriveCount"] + 1,
                redriveDate=START,
                redriveStatus="NOT_REDRIVABLE",
            )
            return {}


class Stage:
    """A stack whose executions a test puts on; ``at`` and ``stopped`` are seconds after START."""

    def __init__(self, ports: FakePorts) -> None:
        self.ports = ports
        self.stepfunctions = FakeStepFunctions()
        self.target = self.new_target()

    def new_target(self) -> Target:
        """Another process that looks at the same stack."""
        arns = {
            f"{machine.title().replace('_', '')}StateMachineArn": machine_arn(machine)
            for machine in machine_names()
        }
        target = target_on(self.ports, **arns)
        target._clients["stepfunctions"] = self.stepfunctions
        return target

    def put(
        self,
        machine: str,
        name: str,
        *,
        at: float = 0,
        status: str = "SUCCEEDED",
        stopped: float | None = None,
        input_: str | None = None,
        event: Mapping[str, Any] | None = None,
        **told: Any,
    ) -> str:
        """Put an execution on, by an event of its own where none is given; give its ARN."""
        if input_ is None:
            input_ = json.dumps({"event": event or self.event(name), "source": "scai.stripe"})
        ended = status != "RUNNING"
        arn = arn_of(machine, name)
        self.stepfunctions.held[arn] = {
            "executionArn": arn,
            "stateMachineArn": machine_arn(machine),
            "name": name,
            "status": status,
            "startDate": START + timedelta(seconds=at),
            "stopDate": START + timedelta(seconds=stopped or at) if ended else None,
            "input": input_,
            "redriveCount": 0,
            "redriveStatus": "REDRIVABLE" if status in _UNSUCCESSFUL else "NOT_REDRIVABLE",
        } | told
        return arn

    def failed(
        self, machine: str, name: str, *, error: str = "StripeNotFound", cause: str = "", **how: Any
    ) -> str:
        """Put one on that failed as a Lambda fails."""
        told = {"errorMessage": cause, "errorType": error, "stackTrace": ["a line"]}
        return self.put(
            machine, name, **{"status": "FAILED", "error": error, "cause": json.dumps(told)} | how
        )

    @staticmethod
    def event(name: str, type_: str = "customer.subscription.updated", **fields: Any) -> Json:
        """An event named after an execution."""
        return event_json(type_, subscription_json(), id=f"evt_{name}") | fields

    def claimed(self, arn: str, *, at: float = 0) -> StripeEvent:
        """Have an execution hold its event in the ledger; give the event."""
        event = StripeEvent.model_validate(
            json.loads(self.stepfunctions.held[arn]["input"])["event"]
        )
        self.ports.ledger.open(event, "scai.stripe", arn, NOW + int(at))
        return event

    def history(self, arn: str, types: Sequence[tuple[str, Json]]) -> None:
        self.stepfunctions.histories[arn] = [
            {"id": n, "timestamp": START + timedelta(seconds=n), "type": type_, **details}
            for n, (type_, details) in enumerate(types, 1)
        ]


def _position(execution: Json) -> str:
    """As AWS sorts: a running one by its start or redrive, any other by its end."""
    moment = execution.get("stopDate") or execution.get("redriveDate") or execution["startDate"]
    return f"{moment.isoformat(timespec='microseconds')} {execution['executionArn']}"

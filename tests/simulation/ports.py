"""The real ports on stand-ins: every call out of a step is a turn, and may go wrong.

The stores, the gateway with Stripe's SDK, the bus and the question after executions are the
product's own; below them are DynamoDB in memory, the local Stripe, and what the cloud keeps. So
what a step sees of a fault is what the product's own translation makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Protocol, cast
from unittest.mock import patch

import stripe
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)

from billing import runtime
from billing.bus import Bus
from billing.config import Settings
from billing.executions import Executions
from billing.gateway.secrets import SecretReader
from billing.gateway.stripe_gateway import StripeGateway
from billing.runtime import Ports
from local.stripe_simulator.engine import Engine, Response, http_date
from local.stripe_simulator.faults import Fault
from local.stripe_simulator.inprocess import EngineClient
from tests.simulation.dynamodb.client import MemoryDynamoDB
from tests.simulation.kernel import Kernel, Process

Json = dict[str, Any]

ENDPOINT = "https://service.simulated"
READS = ("throttled", "no_answer")
WRITES = ("throttled", "conflict", "no_request", "no_answer", "sent_twice")
STRIPE_READS = (
    "rate_limit",
    "lock_timeout",
    "error_before",
    "reset_before",
    "reset_after",
    "timeout",
)
STRIPE_WRITES = (*STRIPE_READS, "error_after", "idempotency_key_in_use", "timeout_after")
#: Seconds that a client waits for an answer.
PATIENCE = 5.0


class PortedDynamoDB:
    """A boto3 client whose calls are turns. ``wrote`` hears of every write that took effect."""

    def __init__(
        self,
        kernel: Kernel,
        tables: MemoryDynamoDB,
        users: str,
        wrote: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._users = users
        self._wrote = wrote
        self._tokens = 0

    def get_item(self, **call: Any) -> Json:
        return self._read("GetItem", self._tables.get_item, call)

    def batch_get_item(self, **call: Any) -> Json:
        return self._read("BatchGetItem", self._tables.batch_get_item, call)

    def query(self, **call: Any) -> Json:
        return self._read("Query", self._tables.query, call)

    def scan(self, **call: Any) -> Json:
        return self._read("Scan", self._tables.scan, call)

    def put_item(self, **call: Any) -> Json:
        return self._write("PutItem", self._tables.put_item, call)

    def update_item(self, **call: Any) -> Json:
        return self._write("UpdateItem", self._tables.update_item, call)

    def delete_item(self, **call: Any) -> Json:
        return self._write("DeleteItem", self._tables.delete_item, call)

    def transact_write_items(self, **call: Any) -> Json:
        # As botocore does before it sends, so that its own retries are the same request.
        self._tokens += 1
        call.setdefault("ClientRequestToken", f"token-{self._tokens}")
        return self._write("TransactWriteItems", self._tables.transact_write_items, call)

    def _read(self, operation: str, serve: Callable[..., Json], call: Json) -> Json:
        def effect(fault: str | None) -> Json:
            if fault == "throttled":
                raise _throttled(operation)
            if fault == "no_answer":
                raise ReadTimeoutError(endpoint_url=ENDPOINT)
            return serve(**call)

        return cast("Json", self._kernel.current.call(READS, effect))

    def _write(self, operation: str, serve: Callable[..., Json], call: Json) -> Json:
        def effect(fault: str | None) -> Json:
            if fault == "throttled":
                raise _throttled(operation)
            if fault == "no_request":
                raise ConnectTimeoutError(endpoint_url=ENDPOINT)
            if fault == "conflict":
                raise _conflict(operation, call)
            if call.get("TableName") == self._users:
                self._hold_indexes()
            answer = serve(**call)
            self._wrote(operation, call)
            if fault == "no_answer":
                raise ConnectionClosedError(endpoint_url=ENDPOINT)
            if fault == "sent_twice":  # the answer was lost, and botocore sent it again
                answer = serve(**call)
                self._wrote(operation, call)
            return answer

        return cast("Json", self._kernel.current.call(WRITES, effect))

    def _hold_indexes(self) -> None:
        """An index learns of a write a little later."""
        process = self._kernel.current
        self._tables.hold_indexes(self._users)
        process.kernel.after(process.fates.between(0.0, 3.0), self._catch_up)

    def _catch_up(self) -> None:
        self._tables.catch_up(self._users)


class PortedStripe(EngineClient):
    """The SDK's transport to the local Stripe: each request is a turn, and may go wrong.

    ``reachable`` says whether Stripe is up at all, ``tell`` hands over what a request caused, and
    ``skew`` is by how many seconds Stripe's own clocks may be off.
    """

    def __init__(
        self,
        kernel: Kernel,
        engine: Engine,
        tell: Callable[[], None],
        skew: int,
        reachable: Callable[[], bool],
    ) -> None:
        super().__init__(engine)
        self._kernel = kernel
        self._tell = tell
        self._skew = skew
        self._reachable = reachable
        self.reads = 0

    def serve(
        self, method: str, path: str, params: Mapping[str, Any] | str, headers: Mapping[str, str]
    ) -> Response:
        process = self._kernel.current

        def effect(fault: str | None) -> Response:
            self._suffer(fault, process)
            answer = super(PortedStripe, self).serve(method, path, params, headers)
            self._tell()
            process.pause(process.fates.pause())  # Stripe is slow: its Date says when it answered
            if fault == "timeout_after":
                process.pause(PATIENCE)
                raise stripe.APIConnectionError("Read timed out.", should_retry=True)
            return self._dated(answer, process)

        reading = method == "GET"
        if reading:
            self.reads += 1
        answer = process.call(STRIPE_READS if reading else STRIPE_WRITES, effect)
        return cast("Response", answer)

    def _suffer(self, fault: str | None, process: Process) -> None:
        if fault == "timeout":
            process.pause(PATIENCE)
            raise stripe.APIConnectionError("Request timed out.", should_retry=True)
        if not self._reachable():
            fault = "error_before"
        if fault is not None and fault != "timeout_after":
            self._engine.faults.add(Fault(cast("Any", fault)))

    def _dated(self, answer: Response, process: Process) -> Response:
        off = process.fates.skew(self._skew)
        date = http_date(int(self._kernel.now + off))
        return replace(answer, headers={**answer.headers, "Date": date})

    def _sleep_time_seconds(self, num_retries: int) -> float:
        """The SDK's wait before its own retry: in the simulation's time, not in ours."""
        self._kernel.current.pause(0.5 * num_retries)
        return 0.0


class PortedEvents:
    """EventBridge's client: what is put goes to ``take``."""

    def __init__(self, kernel: Kernel, take: Callable[[str, str, str], None]) -> None:
        self._kernel = kernel
        self._take = take

    def put_events(self, Entries: Sequence[Mapping[str, Any]]) -> Json:  # noqa: N803 - boto3's
        def effect(fault: str | None) -> Json:
            if fault == "no_request":
                raise ConnectTimeoutError(endpoint_url=ENDPOINT)
            refused = len(Entries) // 2 if fault == "refused" else None
            results: list[Json] = []
            for position, entry in enumerate(Entries):
                if position == refused:
                    results.append({"ErrorCode": "ThrottlingException"})
                    continue
                self._take(entry["Source"], entry["DetailType"], entry["Detail"])
                results.append({"EventId": str(position)})
            if fault == "no_answer":
                raise ReadTimeoutError(endpoint_url=ENDPOINT)
            return {"Entries": results, "FailedEntryCount": int(refused is not None)}

        kinds = ("no_request", "no_answer", "refused")
        return cast("Json", self._kernel.current.call(kinds, effect))


class ExecutionDoesNotExist(ClientError):
    """Step Functions' own exception of that name."""


class ExecutionAlreadyExists(ClientError):
    """Step Functions' own exception of that name."""


class StepFunctions(Protocol):
    """Step Functions itself."""

    def describe(self, arn: str) -> Json | None:
        """What it knows of an execution, None where it knows none."""
        ...

    def start_named(self, machine: str, name: str, text: str) -> bool:
        """Start an execution; False where the name is taken."""
        ...


class PortedStepFunctions:
    """Step Functions' client, as far as the product uses it."""

    exceptions = SimpleNamespace(
        ExecutionDoesNotExist=ExecutionDoesNotExist, ExecutionAlreadyExists=ExecutionAlreadyExists
    )

    def __init__(self, kernel: Kernel, service: StepFunctions) -> None:
        self._kernel = kernel
        self._service = service

    def describe_execution(self, executionArn: str) -> Json:  # noqa: N803 - boto3's name
        def effect(fault: str | None) -> Json:
            if fault == "throttled":
                raise _throttled("DescribeExecution")
            if fault == "no_answer":
                raise ReadTimeoutError(endpoint_url=ENDPOINT)
            found = self._service.describe(executionArn)
            if found is None:
                error = {"Error": {"Code": "ExecutionDoesNotExist", "Message": executionArn}}
                raise ExecutionDoesNotExist(cast("Any", error), "DescribeExecution")
            return found

        return cast("Json", self._kernel.current.call(READS, effect))

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> Json:  # noqa: A002, N803 - boto3's
        def effect(fault: str | None) -> Json:
            if fault == "throttled":
                raise _throttled("StartExecution")
            machine = stateMachineArn.rsplit(":", 1)[-1].removeprefix("scai-billing-")
            if not self._service.start_named(machine, name, input):
                error = {"Error": {"Code": "ExecutionAlreadyExists", "Message": name}}
                raise ExecutionAlreadyExists(cast("Any", error), "StartExecution")
            if fault == "no_answer":
                raise ReadTimeoutError(endpoint_url=ENDPOINT)
            return {}

        return cast("Json", self._kernel.current.call(READS, effect))


class _Secrets:
    """Secrets Manager's client."""

    TEXT = json.dumps({"api_key": "sk_test_simulation", "webhook_secrets": ["whsec_simulation"]})

    def get_secret_value(self, SecretId: str) -> Json:  # noqa: N803 - boto3's name
        return {"SecretString": self.TEXT}


@dataclass(frozen=True)
class Clients:
    """What the ports stand on."""

    dynamodb: PortedDynamoDB
    stripe: PortedStripe
    events: PortedEvents
    step_functions: PortedStepFunctions


class SimulatedPorts(Ports):
    """The product's ports, on the stand-ins. Made once for a deployment: its settings are fixed."""

    def __init__(self, kernel: Kernel, settings: Settings, clients: Clients) -> None:
        self._kernel = kernel
        self.__dict__["settings"] = settings
        self.__dict__["executions"] = Executions(cast("Any", clients.step_functions))
        self.__dict__["bus"] = Bus(settings.event_bus, cast("Any", clients.events))
        self.__dict__["secrets"] = SecretReader(
            settings.stripe_secret_id, self.monotonic, cast("Any", _Secrets())
        )
        self.__dict__["stripe"] = StripeGateway(
            self.secrets, settings.stripe_api_base, self.monotonic, clients.stripe
        )
        with patch.object(runtime, "client", lambda: clients.dynamodb):
            for store in ("users", "customers", "records", "ledger", "runs", "reducer"):
                getattr(self, store)

    def monotonic(self) -> float:
        return self._kernel.now

    def now(self) -> int:
        """By the clock of the node that the running process is on."""
        return int(self._kernel.now) + self._kernel.current.skew


def _throttled(operation: str) -> ClientError:
    error = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
    return ClientError(cast("Any", error), operation)


def _conflict(operation: str, call: Mapping[str, Any]) -> ClientError:
    if operation != "TransactWriteItems":
        error: Json = {"Error": {"Code": "TransactionConflictException", "Message": "Ongoing"}}
        return ClientError(cast("Any", error), operation)
    reasons = [{"Code": "None"} for _ in call["TransactItems"]]
    reasons[0] = {"Code": "TransactionConflict"}
    error = {
        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
        "CancellationReasons": reasons,
    }
    return ClientError(cast("Any", error), operation)

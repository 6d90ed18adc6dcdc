"""EventBridge, Step Functions, Lambda and the ledger's stream, as far as histories need them.

Events come in by the template's rules, machines are walked by their own definitions, and each Task
runs the real step in a process of its own, that may die, be killed, or go on unheard. Guards that
nothing here is kinder than AWS: delivery at least once, hints that get lost, a stream that sends a
batch again until it is taken.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from billing.contracts.facts import SOURCE
from billing.contracts.status_changes import ExecutionFailed
from billing.contracts.stripe_events import explain
from billing.contracts.trimmed import trimmed
from billing.domain.errors import BillingError, ContractViolation
from billing.runtime import Ports
from handlers import publish_facts as outbox
from handlers import record_failure as failures
from tests.simulation import deployment
from tests.simulation.dynamodb.client import MemoryDynamoDB
from tests.simulation.faults import Fates, Weather
from tests.simulation.kernel import Died, Kernel, Life, Process
from tests.simulation.walker.definition import Machine
from tests.simulation.walker.execution import (
    Execution,
    Failed,
    InputTooLarge,
    Invoke,
    Sleep,
    Succeeded,
)

Json = dict[str, Any]
Ended = Callable[[Any, BaseException | None], None]

FUNCTION_LIFE = 30.0
BATCH = 10
#: Tries of a status change before Lambda gives it up to its dead-letter queue.
HINT_TRIES = 3
ARN = "arn:aws:states:us-east-1:123456789012:execution:scai-billing-"


@dataclass
class Run:
    """An execution, and what Step Functions knows of it."""

    arn: str
    machine: str
    source: str
    label: str
    event_id: str | None
    execution: Execution
    fates: Fates
    data: Json  # what it was started with
    status: Literal["RUNNING", "SUCCEEDED", "FAILED"] = "RUNNING"
    started: float = 0.0
    stopped: float | None = None  # when it last ended
    heard: object | None = None  # the invocation whose end it waits for

    @property
    def text(self) -> str:
        """Its input as Step Functions tells it."""
        return self.execution.input.decode()

    @property
    def failed(self) -> Failed:
        effect = self.execution.effect
        assert isinstance(effect, Failed)
        return effect


@dataclass
class DeadLetter:
    """An event that no machine could be started with."""

    rule: str
    envelope: Json


@dataclass
class Told:
    """Facts as consumers get them: each by its id, and those told anew in another way."""

    by_id: dict[str, Json] = field(default_factory=dict)
    contradicted: list[str] = field(default_factory=list)


class Broken(Exception):
    """A function raised what nobody raises on purpose."""


class Cloud:
    """The deployed system. ``ports`` may be replaced: a deployment with other settings."""

    def __init__(
        self,
        kernel: Kernel,
        tables: MemoryDynamoDB,
        weather: Weather,
        fates_of: Callable[[str], Fates],
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._fates_of = fates_of
        self.weather = weather
        self.ports: Ports
        self.ledger_table: str = deployment.template().environment()["EVENTS_TABLE"]
        self.runs: dict[str, Run] = {}
        self.dead_letters: list[DeadLetter] = []
        self.lost_hints = 0
        self.unwanted: list[str] = []
        self.told = Told()
        self.ended: Callable[[Run], None] = lambda run: None
        self.waiting = 0  # machines in a Wait state, perhaps for days
        self._started = 0
        self._brought = 0
        self._read = 0
        self._publishing = False

    # -- Events in

    def receive(self, event: Json, source: str, label: str) -> None:
        """An event of Stripe's is on our bus: start what wants it, or leave it as a dead letter."""
        envelope = {"source": source, "detail-type": event["type"], "detail": event}
        wanting = [rule for rule in deployment.rules_for(event["type"]) if rule.wants(envelope)]
        assert len(wanting) <= 1, f"{event['type']} is wanted by {[r.name for r in wanting]}"
        for rule in wanting:
            try:
                self.start(rule.machine, rule.input_for(envelope), label, event["id"], source)
            except InputTooLarge:
                self.dead_letters.append(DeadLetter(rule.name, envelope))
        if not wanting:
            self.unwanted.append(event["id"])

    def redrive_dead_letter(self, letter: DeadLetter, label: str) -> None:
        """Send it again by id alone, as our own door would have."""
        self.dead_letters.remove(letter)
        event = letter.envelope["detail"]
        self.receive(trimmed(event), deployment.WEBHOOK, label)

    def start(
        self, machine: str, data: Json, label: str, event_id: str | None = None, source: str = ""
    ) -> Run:
        self._started += 1
        arn = f"{ARN}{machine}:{self._started}-{label}"
        execution = Execution(Machine.named(machine), data, arn=arn)
        run = Run(arn, machine, source, label, event_id, execution, self._fates_of(label), data)
        run.started = self._kernel.now
        self.runs[arn] = run
        self._go_on(run)
        return run

    def start_named(self, machine: str, name: str, text: str) -> bool:
        """StartExecution: False where the name is taken."""
        if any(run.label == name for run in self.runs.values()):
            return False
        self.start(machine, json.loads(text), name)
        return True

    def redrive(self, run: Run) -> None:
        """Go on from the state that failed."""
        assert run.status == "FAILED"
        run.status, run.stopped = "RUNNING", None
        run.execution.redrive()
        self._go_on(run)

    def describe(self, arn: str) -> Json | None:
        """What DescribeExecution answers."""
        run = self.runs.get(arn)
        return {"status": run.status, "input": run.text} if run else None

    def failed_runs(self) -> list[Run]:
        return [run for run in self.runs.values() if run.status == "FAILED"]

    # -- Machines

    def _go_on(self, run: Run) -> None:
        match run.execution.effect:
            case Invoke() as effect:
                self._invoke(run, effect)
            case Sleep() as effect:
                self._sleep(run, effect)
            case Succeeded():
                run.status, run.stopped = "SUCCEEDED", self._kernel.now
                self.ended(run)
            case Failed():
                run.status, run.stopped = "FAILED", self._kernel.now
                self.ended(run)
                self._hint(run)

    def _sleep(self, run: Run, effect: Sleep) -> None:
        seconds = effect.seconds
        if seconds is None:
            assert effect.until is not None
            seconds = effect.until - self._kernel.now
        if effect.jitter:
            seconds = run.fates.between(0.0, seconds)
        waits = effect.reason == "wait"
        self.waiting += waits
        self._kernel.after(seconds, lambda: self._wake(run, waits))

    def _wake(self, run: Run, waited: bool) -> None:
        self.waiting -= waited
        run.execution.wake()
        self._go_on(run)

    def _invoke(self, run: Run, effect: Invoke) -> None:
        """Run the step in a process of its own; an answer that nobody waits for is dropped."""
        ticket = run.heard = object()

        def ended(result: Any, error: BaseException | None) -> None:
            if run.heard is ticket:
                run.heard = None
                if error is None:
                    run.execution.succeed(result)
                else:
                    run.execution.fail(_name_of(error), str(error))
                self._go_on(run)

        def unheard() -> None:
            ended(None, Died("Lambda.SdkClientException"))

        def work() -> Any:
            result = self._step(effect)
            self._kernel.current.call((), lambda _: None)
            return result

        life = deployment.function(effect.resource).life
        self._process(run.fates, work, ended, life)
        if run.fates.happens(f"unheard {effect.state}", self.weather.calls / 4):
            self._kernel.after(run.fates.between(0.0, 5.0), unheard)

    def _step(self, effect: Invoke) -> BaseModel:
        function = deployment.function(effect.resource)
        try:
            request = function.input_model.model_validate(effect.payload)
        except ValidationError as error:
            raise ContractViolation(explain(error)) from None
        return function.step(request, self.ports)

    def _process(
        self, fates: Fates, work: Callable[[], Any], ended: Ended, life: float = FUNCTION_LIFE
    ) -> None:
        def checked(result: Any, error: BaseException | None) -> None:
            if not isinstance(error, BillingError | Died | None):
                raise Broken(repr(error)) from error
            ended(result, error)

        born = Life(life, fates, fates.skew(self.weather.skew))
        Process(self._kernel, born, work, checked)

    # -- Hints of failures

    def _hint(self, run: Run) -> None:
        """Step Functions reports a failed execution: best effort."""
        fates = run.fates
        failure = ExecutionFailed.model_validate(
            {
                "executionArn": run.arn,
                "status": "FAILED",
                "input": run.text,
                "error": run.failed.error,
                "cause": run.failed.cause,
                "redriveCount": run.execution.redrive_count,
                "stopDate": int(self._kernel.now * 1000),
            }
        )
        if fates.happens("hint lost", self.weather.hints_lost):
            self.lost_hints += 1
            return
        for _ in range(1 + fates.happens("hint twice", self.weather.hints_lost)):
            late = fates.happens("hint late", self.weather.hints_lost)
            delay = fates.between(60.0, 3600.0) if late else fates.between(0.0, 2.0)
            self._kernel.after(delay, lambda: self._tell_of(failure, fates, HINT_TRIES))

    def _tell_of(self, failure: ExecutionFailed, fates: Fates, tries: int) -> None:
        def ended(_result: Any, error: BaseException | None) -> None:
            if error is not None and tries > 1:
                self._kernel.after(60.0, lambda: self._tell_of(failure, fates, tries - 1))
            elif error is not None:
                self.lost_hints += 1

        def work() -> bool:
            return failures.record_failure(failure, self.ports)

        self._process(fates, work, ended)

    # -- Facts out

    def wrote(self) -> None:
        """Something was written to the ledger: its stream will tell of it."""
        if not self._publishing:
            self._publishing = True
            fates = self._fates_of(f"stream {self._read}")
            self._kernel.after(fates.between(0.0, 0.5), lambda: self._publish(fates))

    def _publish(self, fates: Fates) -> None:
        """Hand the stream's next batch to the publisher, until nothing is left."""
        records = self._tables.stream(self.ledger_table, after=self._read)
        batch: list[Json] = []
        passed = 0
        for record in records:
            if _is_fact(record):
                if len(batch) == BATCH:
                    break
                batch.append(record)
            passed += 1
        if not batch:
            self._read += passed
            self._publishing = False
            return

        def ended(result: Any, error: BaseException | None) -> None:
            failed = batch if error is not None else _left(batch, result)
            if failed:
                before = next(n for n, record in enumerate(records) if record is failed[0])
                self._read += before
                self._kernel.after(fates.between(1.0, 60.0), lambda: self._publish(fates))
            else:
                self._read += passed
                self._kernel.after(0.0, lambda: self._publish(fates))

        def work() -> Json:
            return outbox.publish_facts({"Records": batch}, self.ports)

        self._process(fates, work, ended)

    def take(self, source: str, detail_type: str, detail: str) -> None:
        """EventBridge holds an entry: a fact for consumers, or an event that was brought back."""
        if source != SOURCE:
            self._brought += 1
            event = json.loads(detail)
            label = f"brought {self._brought}"
            self._kernel.after(0.0, lambda: self.receive(event, source, label))
            return
        fact = json.loads(detail)
        assert detail_type == fact["type"]
        known = self.told.by_id.setdefault(fact["id"], fact)
        if known != fact:
            self.told.contradicted.append(fact["id"])


def _name_of(error: BaseException) -> str:
    return error.error if isinstance(error, Died) else type(error).__name__


def _is_fact(record: Json) -> bool:
    """The filter of the publisher's event source, in the template."""
    return bool(
        record["eventName"] == "INSERT"
        and record["dynamodb"]["NewImage"].get("kind", {}).get("S") == "fact"
    )


def _left(batch: list[Json], answer: Json) -> list[Json]:
    """What must be delivered again: from the first that failed on."""
    failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
    for position, record in enumerate(batch):
        if record["dynamodb"]["SequenceNumber"] in failed:
            return batch[position:]
    return []

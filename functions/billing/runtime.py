"""Wire a Lambda to AWS and Stripe: the one place where adapters are made.

Everything is made on first use and kept for the life of the process, and Stripe's SDK is imported
only by a step that calls Stripe: it is most of a cold start.
"""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ValidationError

from billing.aws import SHORT_CALLS
from billing.bus import Bus
from billing.config import Settings, load
from billing.contracts.stripe_events import UnreadEvent, explain
from billing.domain.errors import ContractViolation
from billing.domain.policy import Policy
from billing.executions import Executions
from billing.gateway.secrets import SecretReader
from billing.observability import log_context, logger, observed
from billing.operations import Operations
from billing.reducer import Reducer
from billing.store.commit import Committer
from billing.store.customers import CustomerStore
from billing.store.dynamodb import client
from billing.store.ledger import Ledger
from billing.store.records import RecordStore
from billing.store.runs import RunStore
from billing.store.users import UserStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Input = TypeVar("Input", bound=BaseModel)
Input_contra = TypeVar("Input_contra", bound=BaseModel, contravariant=True)


class Step(Protocol[Input_contra]):
    """A step: its validated input and the ports in, a model out."""

    def __call__(self, request: Input_contra, ports: "Ports") -> BaseModel: ...


class Ports:
    """What the steps need of the outside. A test makes its own with the same attributes."""

    @cached_property
    def settings(self) -> Settings:
        return load(Settings)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return client()

    @cached_property
    def users(self) -> UserStore:
        return UserStore(self.dynamodb, self.settings.users_table, self.settings.users_table_key)

    @cached_property
    def customers(self) -> CustomerStore:
        return CustomerStore(self.dynamodb, self.settings.customers_table)

    @cached_property
    def records(self) -> RecordStore:
        return RecordStore(self.dynamodb, self.settings.subscriptions_table)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.dynamodb, self.settings.events_table, self.settings.ledger_ttl_days)

    @cached_property
    def runs(self) -> RunStore:
        return RunStore(self.dynamodb, self.settings.events_table, self.settings.ledger_ttl_days)

    @cached_property
    def executions(self) -> Executions:
        return Executions(boto3.client("stepfunctions", config=SHORT_CALLS))

    @cached_property
    def bus(self) -> Bus:
        return Bus(self.settings.event_bus)

    @cached_property
    def secrets(self) -> SecretReader:
        return SecretReader(self.settings.stripe_secret_id)

    @cached_property
    def stripe(self) -> Any:
        from billing.gateway.stripe_gateway import StripeGateway  # noqa: PLC0415 - see above

        return StripeGateway(self.secrets, self.settings.stripe_api_base)

    @cached_property
    def reducer(self) -> Reducer:
        committer = Committer(self.dynamodb, self.records, self.ledger)
        return Reducer(committer, self.customers, self.stripe, self.policy, self.now)

    @cached_property
    def operations(self) -> Operations:
        return Operations(self.records)

    @cached_property
    def policy(self) -> Policy:
        return self.settings.policy

    def now(self) -> int:
        """The time in UTC seconds."""
        return int(time.time())


def step_handler(
    input_model: type[Input], step: Step[Input], ports: Ports | None = None
) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Make a step's Lambda handler: validate the input, run the step, return its output as JSON."""
    wired = ports or Ports()

    @observed
    def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        log_context(execution=event.get("execution"))
        request = _read(input_model, event)
        about = getattr(request, "event", None)
        named = {**event.get("run", {}), **event}
        log_context(
            event_id=named.get("event_id") or getattr(about, "id", None),
            user_id=named.get("user_id"),
            customer_id=named.get("customer_id") or getattr(about, "customer_id", None),
        )
        answer = step(request, wired).model_dump(mode="json")
        log_context(user_id=answer.get("user_id"), customer_id=answer.get("customer_id"))
        logger.info("step done", result=answer)
        return answer

    return handler


def _read(input_model: type[Input], event: dict[str, Any]) -> Input:
    """Read a step's input; what is wrong with it is told without its values."""
    try:
        return input_model.model_validate(event)
    except ValidationError as error:
        log_context(event_id=_id_in(event))
        raise ContractViolation(explain(error)) from None


def _id_in(event: dict[str, Any]) -> str | None:
    """The id of an event that the contracts refuse, by which its failure is looked for."""
    try:
        return UnreadEvent.model_validate(event.get("event")).id
    except ValidationError:
        return None

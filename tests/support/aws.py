"""AWS in unit tests: moto, with the environment that ``template.yaml`` declares, and its tables.

Fixtures, made in ``tests/unit/conftest.py``:

- ``aws``: an empty account in moto with all tables of the template, the settings that the template
  gives every function, and Stripe's secret. Function-scoped, undone afterwards. The tables are in
  memory, which is many times faster; a test that is marked ``moto`` has them there as well.
- ``ports``: :class:`FakePorts` on it. What a step or handler takes besides its input.

A step's test calls the step itself::

    def test_a_new_event_is_claimed(ports: FakePorts) -> None:
        request = ClaimEventInput.model_validate({"event": event_json(...), ...})
        assert claim_event(request, ports).claimed

``ports.clock`` is moved by the test, ``ports.stripe`` is a ``tests.support.stripe.FakeStripe``,
``ports.executions.running`` says which executions run, ``ports.bus.held`` is what EventBridge took
(``refuse`` and ``reachable`` make it fail); the stores are the real ones. ``add_user`` adds
a user to the SaaS's own table, ``ledger_item`` and ``facts`` look into the ledger.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from billing.bus import Bus, Envelope
from billing.domain.errors import BusUnavailable
from billing.gateway.secrets import SecretReader
from billing.runtime import Ports
from billing.store.dynamodb import client, from_item, to_item
from tests.support.clock import Clock
from tests.support.dynamodb import dynamodb_in_memory
from tests.support.stripe import FakeStripe
from tests.support.template import Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}
WEBHOOK_SECRET = "whsec_test"


@cache
def template() -> Template:
    """The template as a fresh environment deploys it: with the users table."""
    return Template({"CreateUsersTable": "true"})


@contextmanager
def fake_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enter an AWS account of moto's that holds what the template declares."""
    with _account(monkeypatch):
        create_tables(client())
        yield


@contextmanager
def quick_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enter such an account, its tables in memory."""
    with _account(monkeypatch), dynamodb_in_memory():
        yield


@contextmanager
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in (CREDENTIALS | template().environment()).items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        put_secret(webhook_secrets=[WEBHOOK_SECRET])
        yield


def create_tables(dynamodb: "DynamoDBClient") -> None:
    """Create every table of the template, indexes included."""
    for table in template().of_type("AWS::DynamoDB::Table").values():
        dynamodb.create_table(**_as_api_call(table))


def _as_api_call(table: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's properties as CreateTable takes them."""
    names = ("TableName", "AttributeDefinitions", "KeySchema", "BillingMode")
    call = {name: table[name] for name in names}
    if "GlobalSecondaryIndexes" in table:
        call["GlobalSecondaryIndexes"] = table["GlobalSecondaryIndexes"]
    if "StreamSpecification" in table:
        call["StreamSpecification"] = {"StreamEnabled": True, **table["StreamSpecification"]}
    return call


@cache
def secrets_manager() -> "SecretsManagerClient":
    """One client for all tests: making one takes longer than a test."""
    return boto3.client("secretsmanager")


def put_secret(webhook_secrets: Sequence[str], api_key: str = "sk_test_1") -> None:
    """Store Stripe's secret, or roll it."""
    secrets, name = secrets_manager(), template().environment()["STRIPE_SECRET_ID"]
    text = json.dumps({"api_key": api_key, "webhook_secrets": list(webhook_secrets)})
    try:
        secrets.create_secret(Name=name, SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=name, SecretString=text)


class FakeBus(Bus):
    """A bus that holds its entries in ``held``, refuses some types, or isn't reachable."""

    def __init__(self) -> None:
        self.held: list[Envelope] = []
        self.reachable = True
        self._refusals: dict[str, float] = {}

    def refuse(self, detail_type: str, times: float = math.inf) -> None:
        """Refuse the next entries of a type."""
        self._refusals[detail_type] = times

    def put_all(self, envelopes: Sequence[Envelope]) -> Mapping[int, str]:
        assert 1 <= len(envelopes) <= 10, "PutEvents takes one to ten entries"
        assert sum(len(e.detail.encode()) for e in envelopes) < 1_000_000, "and a megabyte"
        if not self.reachable:
            raise BusUnavailable("EventBridge did not answer: ConnectTimeoutError")
        refused = {
            position: "ThrottlingException"
            for position, envelope in enumerate(envelopes)
            if self._refuses(envelope.detail_type)
        }
        self.held += [e for position, e in enumerate(envelopes) if position not in refused]
        return refused

    def _refuses(self, detail_type: str) -> bool:
        left = self._refusals.get(detail_type, 0)
        self._refusals[detail_type] = left - 1
        return left > 0


class FakeExecutions:
    """Step Functions with the executions that a test says are running, and their inputs.

    ``successors`` are those that were started by another, by name with their input.
    """

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.inputs: dict[str, str] = {}
        self.successors: dict[str, str] = {}

    def is_running(self, execution: str) -> bool:
        return execution in self.running

    def input_of(self, execution: str) -> str:
        return self.inputs[execution]

    def start_successor(self, execution: str, name: str, input_: str) -> None:
        self.successors.setdefault(name, input_)


class FakePorts(Ports):
    """Ports on such an account; time, Stripe, Step Functions and the bus are the test's."""

    def __init__(self) -> None:
        self.clock = Clock()

    def now(self) -> int:
        return self.clock.now

    @cached_property
    def stripe(self) -> FakeStripe:
        return FakeStripe(self.clock)

    @cached_property
    def executions(self) -> FakeExecutions:  # type: ignore[override]  # the part that is used
        return FakeExecutions()

    @cached_property
    def bus(self) -> FakeBus:
        return FakeBus()

    @cached_property
    def secrets(self) -> SecretReader:
        return SecretReader(self.settings.stripe_secret_id, self.clock, secrets_manager())


def add_user(user_id: str = "user_1", **attributes: Any) -> None:
    """Add a user to the SaaS's own table."""
    user = {"_id": user_id, "email": f"{user_id}@example.test", "firstName": "Test", **attributes}
    client().put_item(TableName=_table("USERS_TABLE"), Item=to_item(user))


def user_item(email: str = "user_1@example.test") -> dict[str, Any]:
    """A user as it stands in the SaaS's own table."""
    answer = client().get_item(TableName=_table("USERS_TABLE"), Key={"email": {"S": email}})
    return from_item(answer.get("Item", {}))


def ledger_item(key: str) -> dict[str, Any]:
    """An item of the ledger, by a Stripe event's id or ``fact:`` and a fact's key."""
    answer = client().get_item(TableName=_table("EVENTS_TABLE"), Key={"event_id": {"S": key}})
    return from_item(answer.get("Item", {}))


def facts() -> list[dict[str, Any]]:
    """All facts that were committed, in no order."""
    items = client().scan(TableName=_table("EVENTS_TABLE"))["Items"]
    return [item["fact"] for item in map(from_item, items) if item["kind"] == "fact"]


class _Context(LambdaContext):
    """Lambda's context, with the time that is left as it was at the invocation's start."""

    def __init__(self, seconds_left: float) -> None:
        self._seconds_left = seconds_left

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # theirs is static
        return int(self._seconds_left * 1000)


def a_lambda_context(seconds_left: float = 30) -> LambdaContext:
    """What Lambda tells a handler of its invocation."""
    context = _Context(seconds_left)
    context._function_name = "function"
    context._function_version = "1"
    context._memory_limit_in_mb = 512
    context._invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function:live"
    context._aws_request_id = "request-1"
    return context


def _table(setting: str) -> str:
    return template().environment()[setting]

"""The in-memory DynamoDB answers the real stores as moto does, whatever they do.

moto is not DynamoDB either, but it is another's reading of the same documentation.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

import boto3
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from billing.contracts.stripe_events import StripeEvent
from billing.domain.facts import Fact
from billing.domain.lease import Lease
from billing.domain.record import Dunning, Record, Stamp
from billing.store.commit import Committer
from billing.store.customers import CustomerStore
from billing.store.dynamodb import to_item
from billing.store.ledger import Entry, Failure, Ledger
from billing.store.records import RecordStore
from billing.store.users import User, UserStore
from tests.simulation.dynamodb.client import MemoryDynamoDB, schemas
from tests.simulation.dynamodb.values import Item, admitted_all
from tests.support.aws import create_tables
from tests.support.builders import NOW, a_purchase, a_subscription, an_invoice
from tests.support.stripe import event_json, subscription_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: A store, its method and the arguments.
Operation = tuple[str, str, tuple[Any, ...]]


class Walks:
    """What is read of many items, where DynamoDB promises no order among equals."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def records(self, user_ids: list[str]) -> list[Record]:
        return sorted(self._records.load_all(user_ids), key=lambda record: record.user_id)

    def subscriptions(self, created: int, limit: int) -> list[str]:
        pages = self._all(partial(self._records.subscriptions_after, created), limit)
        return sorted(held.position.user_id for held in pages)

    def grace_over(self, before: int, limit: int) -> list[str]:
        return sorted(self._all(partial(self._records.grace_over, before), limit))

    @staticmethod
    def _all(read: Callable[[Any, int], tuple[list[Any], Any]], limit: int) -> list[Any]:
        found, position = read(None, limit)
        while position is not None:
            more, position = read(position, limit)
            found += more
        return found


@dataclass
class Stores:
    """The real stores on one client."""

    client: "DynamoDBClient"

    def __post_init__(self) -> None:
        self.records = RecordStore(self.client, "user_scai_subscriptions")
        self.ledger = Ledger(self.client, "scai_billing_events", ttl_days=400)
        self.committer = Committer(self.client, self.records, self.ledger)
        self.customers = CustomerStore(self.client, "scai_billing_customers")
        self.users = UserStore(self.client, "users_scai", "email")
        self.walks = Walks(self.records)

    def answer(self, operation: Operation) -> tuple[str, Any]:
        """What the caller sees: an answer, or an exception."""
        store, method, arguments = operation
        try:
            return "answered", getattr(getattr(self, store), method)(*arguments)
        except Exception as error:
            return type(error).__name__, str(error)

    def add_user(self, **attributes: Any) -> None:
        self.client.put_item(TableName="users_scai", Item=to_item(attributes))

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """All that is stored, sets sorted."""
        return {
            schema.name: sorted(
                map(admitted_all, items_of(self.client, schema.name)), key=schema.key_of
            )
            for schema in schemas()
        }


def items_of(client: Any, table: str) -> list[Item]:
    items: list[Item] = client.scan(TableName=table)["Items"]
    return items


@cache
def aws_client() -> "DynamoDBClient":
    """One client for all examples: making one takes longer than an example."""
    return boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@contextmanager
def moto() -> Iterator[Stores]:
    with mock_aws():
        create_tables(aws_client())
        yield Stores(aws_client())


def in_memory() -> Stores:
    return Stores(cast("DynamoDBClient", MemoryDynamoDB()))


event_ids = st.sampled_from(["evt_1", "evt_2"])
executions = st.sampled_from(["arn:machine:e1", "arn:machine:e2"])
user_ids = st.sampled_from(["user_1", "user_2", "user_3"])
customer_ids = st.sampled_from(["cus_1", "cus_2"])
versions = st.integers(0, 3)
times = st.integers(NOW, NOW + 3)
limits = st.integers(1, 3)


@st.composite
def an_event(draw: st.DrawFn) -> StripeEvent:
    id_ = draw(event_ids)
    return StripeEvent.model_validate(
        event_json("customer.subscription.created", subscription_json(), id=id_)
    )


records = st.builds(
    Record,
    user_id=user_ids,
    version=versions,
    customer_id=st.none() | customer_ids,
    former_customers=st.sampled_from([(), ("cus_0",)]),
    had_trial=st.booleans(),
    subscription=st.none() | st.just(a_subscription(cancel_at=NOW, test_clock_id="clock_1")),
    stamp=st.none() | st.just(Stamp(lo=1, hi=2)),
    invoices=st.sampled_from([{}, {"in_1": an_invoice()}, {"in_2": an_invoice(error="declined")}]),
    purchases=st.sampled_from([{}, {"pi_1": a_purchase()}]),
    dunning=st.none() | st.just(Dunning(invoice_id="in_1", since=1, until=2)),
    attention_since=st.none() | times,
    updated_at=st.none() | times,
)
entries = st.builds(
    Entry,
    event_id=event_ids,
    execution=executions,
    user_id=user_ids,
    outcome=st.sampled_from(["applied", "stale"]),
    reason=st.none() | st.just("why"),
    changes=st.none() | st.just({"status": [None, "active"], "amounts": {"total": 2900}}),
    facts=st.sampled_from([(), ("A:1", "B:2")]),
    at=times,
)
failures = st.builds(
    Failure,
    execution=executions,
    status=st.just("FAILED"),
    error=st.sampled_from(["StoreUnavailable", "ContractViolation"]),
    cause=st.text(max_size=5),
    redrive_count=st.integers(0, 2),
    at=times,
    user_id=st.none() | user_ids,
)
facts = st.builds(
    Fact,
    key=st.sampled_from(["A:1", "B:2", "C:3"]),
    type=st.just("A"),
    user_id=user_ids,
    customer_id=st.none() | customer_ids,
    version=versions,
    cause=event_ids,
    occurred_at=times,
    before=st.none(),
    after=st.none() | st.just({"status": "active", "quantity": 2, "list": [1, "two", None]}),
)
leases = st.builds(Lease, holder=executions, until=times, done=st.booleans(), counted=st.booleans())
users = st.builds(
    User,
    id=user_ids,
    key=st.sampled_from(["one@example.test", "two@example.test", "nobody@example.test"]),
)


def an_operation(store: str, method: str, *arguments: st.SearchStrategy[Any]) -> Any:
    return st.tuples(st.just(store), st.just(method), st.tuples(*arguments))


operations = st.one_of(
    an_operation("records", "load", user_ids),
    an_operation("records", "save", records, versions),
    an_operation("walks", "records", st.lists(user_ids, min_size=1)),
    an_operation("walks", "subscriptions", st.sampled_from([0, NOW]), limits),
    an_operation("walks", "grace_over", versions, limits),
    an_operation(
        "committer",
        "commit",
        records,
        versions,
        st.none() | entries,
        st.lists(facts, max_size=3, unique_by=lambda fact: fact.key),
    ),
    an_operation("ledger", "open", an_event(), st.just("scai.stripe"), executions, times),
    an_operation("ledger", "take", event_ids, executions, leases, times),
    an_operation("ledger", "count", event_ids, executions),
    an_operation(
        "ledger", "set_aside", event_ids, executions, st.just("unattributed"), customer_ids
    ),
    an_operation("ledger", "take_up", customer_ids, user_ids, times),
    an_operation("ledger", "oldest_unreplayed", times),
    an_operation("ledger", "lease_of", event_ids, executions),
    an_operation("ledger", "outcome_of", event_ids),
    an_operation("ledger", "standing_of", st.lists(event_ids, min_size=1)),
    an_operation("ledger", "close", entries),
    an_operation("ledger", "mark_published", st.sampled_from(["A:1", "B:2"]), times),
    an_operation("ledger", "mark_failed", event_ids, failures),
    an_operation("customers", "user_of", customer_ids),
    an_operation("customers", "assign", customer_ids, user_ids),
    an_operation("customers", "retire", customer_ids, user_ids),
    an_operation("customers", "is_retired", customer_ids),
    an_operation("customers", "users_of", st.lists(customer_ids, min_size=1)),
    an_operation("users", "find", user_ids),
    an_operation("users", "of_customer", customer_ids),
    an_operation("users", "id_of", st.sampled_from(["one@example.test", "nobody@example.test"])),
    an_operation("users", "link", users, customer_ids, st.none() | customer_ids),
)


@settings(max_examples=40)
@given(st.lists(operations, min_size=5, max_size=30))
def test_the_stores_cannot_tell_it_from_moto(sequence: list[Operation]) -> None:
    memory = in_memory()
    with moto() as reference:
        for stores in (memory, reference):
            stores.add_user(_id="user_1", email="one@example.test", firstName="One", plan="old")
            stores.add_user(_id="user_2", email="two@example.test", hasPaidForSelfHosted=True)
        for operation in sequence:
            assert memory.answer(operation) == reference.answer(operation), operation
        assert memory.contents() == reference.contents()

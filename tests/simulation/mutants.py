"""Deliberately wrong policies: the checker is worth something only if it catches each of them.

Each is a small patch of the product, with the invariants that it must break and a seed whose
history shows it. They are the mistakes that billing code makes in the wild, and those against which
the record's rules were made.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import billing.reducer
from billing import checkout, enrolment, leasing, looking, operations, outbox
from billing.bus import Envelope
from billing.contracts.facts import SOURCE, told
from billing.domain import access, decide, derive, dunning, facts, merge
from billing.domain.decide import Apply, Decision, Ignore
from billing.domain.events import InvoiceEvent
from billing.domain.facts import Fact
from billing.domain.record import Record, Stamp, Subscription
from billing.gateway.stripe_gateway import StripeGateway
from billing.reducer import Reducer
from billing.store.commit import Committer
from billing.store.ledger import Entry, Ledger
from billing.store.records import RecordStore
from billing.store.users import UserStore
from tests.simulation import invariants, play
from tests.simulation.hearsay import DAY
from tests.simulation.histories import drawn
from tests.simulation.ports import SimulatedPorts
from tests.simulation.shrinking import failure_of

Patch = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Mutant:
    """A wrong policy: what it breaks, and the seed of a history that shows it."""

    name: str
    breaks: tuple[str, ...]
    seed: int
    applied: Patch


MUTANTS: list[Mutant] = []


def seed_that_kills(mutant: Mutant, most: int) -> int | None:
    """The first seed whose history breaks what it must under the mutant, and holds without it."""
    for seed in range(most):
        with mutant.applied():
            failure = failure_of(drawn(seed))
        caught = failure is not None and failure.violation.invariant in mutant.breaks
        if caught and failure_of(drawn(seed)) is None:
            return seed
    return None


def _mutant(seed: int, *breaks: str) -> Callable[[Callable[[], Iterator[None]]], Patch]:
    def register(patching: Callable[[], Iterator[None]]) -> Patch:
        applied = contextmanager(patching)
        MUTANTS.append(Mutant(patching.__name__, breaks, seed, applied))
        return applied

    return register


# -- Order


@_mutant(23, invariants.NEVER_BACK, invariants.CONVERGES, invariants.FACTS)
def no_compare_and_swap() -> Iterator[None]:
    """The record is saved whoever wrote it meanwhile."""
    original = RecordStore.update

    def update(self: RecordStore, record: Record, replacing: int) -> dict[str, Any]:
        call = original(self, record, replacing)
        call["ExpressionAttributeValues"].pop(":replacing", None)
        return {**call, "ConditionExpression": "attribute_not_exists(nothing)"}

    with patch.object(RecordStore, "update", update):
        yield


@_mutant(43, invariants.CONVERGES, invariants.SUCCESS_MEANS_STORED, invariants.FACTS)
def strict_created() -> Iterator[None]:
    """Only a strictly newer ``created`` counts; nothing is ever fetched."""

    def by_time(record: Record, _stored: Subscription, event: Any, _now: int) -> Decision:
        known = record.stamp.hi if record.stamp else 0
        if event.payload is None or event.created <= known:
            return Ignore(reason="not newer")
        return Apply(subscription=event.payload, stamp=Stamp(lo=event.created, hi=event.created))

    with patch.object(decide, "_decide_by_time", by_time):
        yield


@_mutant(5, invariants.CONVERGES, invariants.NEVER_BACK, invariants.SUCCESS_MEANS_STORED)
def blind_snapshot() -> Iterator[None]:
    """Whatever event comes last is what is stored."""

    def by_time(_record: Record, _stored: Subscription, event: Any, _now: int) -> Decision:
        if event.payload is None:
            return Ignore(reason="no payload")
        return Apply(subscription=event.payload, stamp=Stamp(lo=event.created, hi=event.created))

    with patch.object(decide, "_decide_by_time", by_time):
        yield


@_mutant(
    113,
    invariants.CONVERGES,
    invariants.NEVER_BACK,
    invariants.SUCCESS_MEANS_STORED,
    invariants.ACCESS,
)
def shared_stamp() -> Iterator[None]:
    """An invoice's event moves the subscription's stamp on."""
    original = merge.with_event

    def with_event(record: Record, event: Any) -> Record:
        merged = original(record, event)
        if not isinstance(event, InvoiceEvent) or merged.stamp is None:
            return merged
        moved = Stamp(lo=event.created, hi=event.created).raised_to(merged.stamp)
        return merged.model_copy(update={"stamp": moved})

    with patch.object(billing.reducer, "with_event", with_event):
        yield


@_mutant(1644, invariants.CONVERGES, invariants.NEVER_BACK, invariants.SUCCESS_MEANS_STORED)
def point_stamp() -> Iterator[None]:
    """What is fetched is taken to be true at Stripe's ``Date``, however long the answer took."""
    original = StripeGateway._stamp

    def stamp(self: StripeGateway, *args: Any) -> Stamp:
        date = original(self, *args).hi - 1
        return Stamp(lo=date, hi=date)

    with patch.object(StripeGateway, "_stamp", stamp):
        yield


@_mutant(
    5,
    invariants.CONVERGES,
    invariants.NEVER_BACK,
    invariants.SUCCESS_MEANS_STORED,
    invariants.FACTS,
)
def version_after_fetch() -> Iterator[None]:
    """The version that is replaced is read only after Stripe was asked."""
    original = Reducer._commit

    def commit(self: Reducer, before: Record, after: Record, *rest: Any) -> Any:
        version = self._records.load(before.user_id).version
        return original(
            self,
            before.model_copy(update={"version": version}),
            after.model_copy(update={"version": version + 1}),
            *rest,
        )

    with patch.object(Reducer, "_commit", commit):
        yield


@_mutant(4, invariants.CONVERGES, invariants.MONEY)
def fetch_one_instead_of_list() -> Iterator[None]:
    """A customer is taken to have one subscription: the newest."""
    original = StripeGateway.subscriptions_of

    def subscriptions_of(self: StripeGateway, customer_id: str) -> Any:
        listed = original(self, customer_id)
        return listed.model_copy(update={"value": listed.value[:1]})

    with patch.object(StripeGateway, "subscriptions_of", subscriptions_of):
        yield


@_mutant(0, invariants.CONVERGES, invariants.SUCCESS_MEANS_STORED)
def ignore_all() -> Iterator[None]:
    """Every event is stale."""
    with patch.object(
        billing.reducer, "decide", lambda _record, _event, _now: Ignore(reason="stale")
    ):
        yield


# -- Once


@_mutant(11, invariants.CONVERGES, invariants.SUCCESS_MEANS_STORED, invariants.OUTCOMES)
def dedupe_before_the_work() -> Iterator[None]:
    """An event is marked done first, and worked on then."""
    apply, close, commit = Reducer.apply_event, Ledger.close, Committer.commit

    def apply_event(self: Reducer, event: Any, user_id: str, execution: str) -> Entry:
        done: Entry | None = self._ledger.outcome_of(event.event_id)
        if done is not None:
            return done
        entry = Entry(
            event_id=event.event_id,
            execution=execution,
            user_id=user_id,
            outcome="applied",
            at=self._now(),
        )
        close(self._ledger, entry)
        applied: Entry = apply(self, event, user_id, execution)
        return applied

    def commit_alone(
        self: Committer, record: Record, replacing: int, _entry: Any, facts: Sequence[Fact]
    ) -> None:
        commit(self, record, replacing, None, facts)

    with (
        patch.object(Reducer, "apply_event", apply_event),
        patch.object(Ledger, "close", lambda _self, _entry: None),
        patch.object(Committer, "commit", commit_alone),
    ):
        yield


@_mutant(0, invariants.OUTCOMES)
def no_lease_expiry() -> Iterator[None]:
    """Who has claimed an event keeps it, also once it has failed."""

    def may_claim(lease: Any, execution: str, _ports: Any) -> bool:
        return bool(lease.holder == execution)

    with (
        patch.object(leasing, "may_claim", may_claim),
        patch("steps.claim_event.may_claim", may_claim),
    ):
        yield


@_mutant(5, invariants.FACTS)
def publish_before_commit() -> Iterator[None]:
    """Facts are told first, and committed then."""
    original, made = Committer.commit, SimulatedPorts.__init__

    def commit(
        self: Any, record: Record, replacing: int, entry: Entry | None, facts: Sequence[Fact]
    ) -> None:
        for fact in facts:
            detail = told(fact).model_dump_json()
            self.bus.put(Envelope(source=SOURCE, detail_type=fact.type, detail=detail))
        original(self, record, replacing, entry, facts)

    def make(self: Any, *args: Any) -> None:
        made(self, *args)
        self.reducer._committer.bus = self.bus

    with (
        patch.object(Committer, "commit", commit),
        patch.object(SimulatedPorts, "__init__", make),
    ):
        yield


@_mutant(74, invariants.FACTS)
def published_whatever_the_bus_said() -> Iterator[None]:
    """Facts that the bus refused are taken to be told."""
    with patch.object(outbox, "_put", _put_once):
        yield


def _put_once(waiting: Any, bus: Any) -> dict[str, Envelope]:
    if waiting:
        bus.put_all(list(waiting.values()))
    return {}


@_mutant(0, invariants.FACTS)
def facts_without_a_key() -> Iterator[None]:
    """A fact is told as often as it is derived."""
    original = facts.facts_between

    def facts_between(before: Record, after: Record, cause: str, *rest: Any) -> list[Fact]:
        found = original(before, after, cause, *rest)
        return [f.model_copy(update={"key": f"{f.key}:{cause}"}) for f in found]

    with patch.object(billing.reducer, "facts_between", facts_between):
        yield


@_mutant(22, invariants.MONEY)
def retry_with_a_fresh_key() -> Iterator[None]:
    """Each try of an operation on Stripe has an idempotency key of its own."""
    with (
        patch.object(checkout, "operation_key", _fresh_key),
        patch.object(operations, "operation_key", _fresh_key),
    ):
        yield


def _fresh_key(_user_id: str, _op_seq: int) -> str:
    return f"op:{uuid.uuid4()}"


# -- Access


@_mutant(53, invariants.ACCESS)
def grace_from_current_period_end() -> Iterator[None]:
    """Grace is counted from the end of the period, which a failed renewal has moved on."""

    def grace_until(record: Record, _debt: Any, policy: Any) -> int:
        assert record.subscription is not None
        days: int = policy.grace_days
        return record.subscription.current_period_end + days * DAY

    with (
        patch.object(dunning, "grace_until", grace_until),
        patch.object(access, "grace_until", grace_until),
    ):
        yield


@_mutant(53, invariants.ACCESS)
def grace_per_invoice() -> Iterator[None]:
    """Every unpaid invoice begins a grace of its own."""
    original = dunning.debt_of

    def debt_of(record: Record) -> Any:
        first = original(record)
        unpaid = [i for i in record.invoices_of_subscription() if i.unpaid]
        return first and max(unpaid, key=lambda i: i.payable_since)

    with (
        patch.object(dunning, "debt_of", debt_of),
        patch.object(access, "debt_of", debt_of),
    ):
        yield


@_mutant(206, invariants.ACCESS, invariants.FACTS)
def only_cancel_at_period_end() -> Iterator[None]:
    """A cancellation is looked for in one of Stripe's two fields."""

    def ends_at(self: Subscription) -> int | None:
        return self.current_period_end if self.cancel_at_period_end else None

    with patch.object(Subscription, "ends_at", property(ends_at)):
        yield


@_mutant(68, invariants.ACCESS)
def dunning_never_ends() -> Iterator[None]:
    """Who is past due stays in grace."""
    original = access.access_of

    def access_of(record: Record, policy: Any, now: int) -> Any:
        found = original(record, policy, now)
        past_due = record.subscription is not None and record.subscription.status == "past_due"
        return found.model_copy(update={"level": "grace"}) if past_due else found

    with (
        patch.object(derive, "access_of", access_of),
        patch.object(facts, "access_of", access_of),
    ):
        yield


@_mutant(46, invariants.ACCESS)
def access_as_announced() -> Iterator[None]:
    """Who asks is told the level that was last announced, whatever time has made of it."""
    original = access.access_of

    def access_of(record: Record, policy: Any, now: int) -> Any:
        return original(record, policy, now).model_copy(update={"level": record.access_level})

    with patch.object(access, "access_of", access_of):
        yield


@_mutant(1, invariants.ACCESS)
def paid_until_the_period_ends() -> Iterator[None]:
    """Whose subscription renews is told that access ends with the period."""
    original = access.access_of

    def access_of(record: Record, policy: Any, now: int) -> Any:
        found = original(record, policy, now)
        if found.level != "full" or record.subscription is None:
            return found
        return found.model_copy(update={"until": record.subscription.current_period_end})

    with patch.object(access, "access_of", access_of):
        yield


@_mutant(410, invariants.ACCESS)
def nobody_waits_for_the_end_of_grace() -> Iterator[None]:
    """Access ends with grace, but nobody announces it before Stripe tells something else."""
    with patch.object(billing.reducer, "decide_on_debt", lambda _record: Ignore(reason="waited")):
        yield


@_mutant(607, invariants.ACCESS)
def a_change_of_policy_is_not_announced() -> Iterator[None]:
    """What paused collection means is announced by the policy that was there first."""
    original = access.access_of

    def access_of(record: Record, policy: Any, now: int) -> Any:
        return original(record, policy.model_copy(update={"paused_collection": "full"}), now)

    with patch.object(derive, "access_of", access_of), patch.object(facts, "access_of", access_of):
        yield


@_mutant(6, invariants.MONEY)
def a_customer_is_never_looked_for() -> Iterator[None]:
    """A try whose answer was lost more than a day ago makes a second customer."""
    with patch.object(enrolment.Enrolment, "_made_for", lambda _self, _user: None):
        yield


@_mutant(5, invariants.OUTCOMES)
def who_was_late_stays_unknown() -> Iterator[None]:
    """A user whom an event named before there was one is never looked for again."""
    original, unknown = UserStore.find, set()

    def find(self: UserStore, user_id: str) -> Any:
        found = None if (self._client, user_id) in unknown else original(self, user_id)
        if found is None:
            unknown.add((self._client, user_id))
        return found

    with patch.object(UserStore, "find", find):
        yield


# -- Recovery, and other people's things


@_mutant(24, invariants.CONVERGES, invariants.FACTS)
def no_reconciler() -> Iterator[None]:
    """What was lost stays lost."""
    with patch.object(play, "reconcile", lambda _world: None):
        yield


@_mutant(0, invariants.CONVERGES)
def first_contact_without_history() -> Iterator[None]:
    """A customer that is new to us is taken to have nothing but a subscription."""

    def synced(record: Record, customer_id: str, ended: Any, stripe: Any) -> Record:
        record = looking._listed(record, customer_id, ended, stripe)
        return record.model_copy(update={"synced_customer_id": customer_id})

    with patch.object(looking, "_synced", synced):
        yield


@_mutant(0, invariants.CONVERGES, invariants.OUTCOMES)
def unattributed_is_done() -> Iterator[None]:
    """An event of a customer that isn't ours yet is never looked at again."""
    original = Ledger.set_aside

    def set_aside(self: Ledger, event_id: str, execution: str, *rest: Any) -> None:
        original(self, event_id, execution, *rest)
        self._update(
            event_id,
            "SET done_at = :now, outcome = :stale, user_id = :nobody, facts = :none",
            condition="attribute_exists(event_id)",
            values={":now": 1, ":stale": "stale", ":nobody": "nobody", ":none": []},
        )

    with patch.object(Ledger, "set_aside", set_aside):
        yield


@_mutant(0, invariants.USERS_TABLE)
def user_overwritten() -> Iterator[None]:
    """The link is written with whatever else we know of the user."""
    original = UserStore.link

    def link(self: UserStore, user: Any, customer_id: str, *rest: Any) -> bool:
        item = {"email": {"S": user.key}, "_id": {"S": user.id}}
        item |= {"stripe_customer_id": {"S": customer_id}}
        self._client.put_item(TableName=self._table, Item=item)
        return original(self, user, customer_id, *rest)

    with patch.object(UserStore, "link", link):
        yield

"""The reducer: the only way a record changes, for events and for everything else that looks.

Load, decide, look at Stripe where in doubt, commit; overtaken, begin again. The record is loaded
before Stripe is asked, so that its version vouches for nobody having written in between.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from billing.domain.decide import Decision, Ignore, SyncCustomer, decide, decide_on_debt
from billing.domain.derive import say_the_same, with_derived
from billing.domain.drift import RecordKind, drift_between
from billing.domain.errors import LeaseLost, RecordContended
from billing.domain.events import BillingEvent, InvoiceEvent, ReadEvent
from billing.domain.facts import facts_between, facts_of_healing
from billing.domain.merge import (
    changes_between,
    with_customer,
    with_event,
    with_former,
    without_checkout,
)
from billing.domain.policy import Policy
from billing.domain.record import Record, Subscription, Value
from billing.looking import StripeReads, learnt, readable
from billing.store.commit import Committer, FactsExist, RecordOvertaken
from billing.store.customers import CustomerStore
from billing.store.ledger import Entry

#: Tries before a contended record is left to the state machine's backoff.
ATTEMPTS = 8


class Cause(Value):
    """Why a record changes: an event that ``execution`` holds, or our own look, without one.

    ``waiter`` is the execution that will wait for the end of grace if nobody does yet; ``healing``
    says that we look because the record has drifted.
    """

    id: str
    user_id: str
    customer_id: str
    event: BillingEvent | None = None
    session_id: str | None = None
    execution: str | None = None
    waiter: str | None = None
    healing: bool = False


class Reduction(NamedTuple):
    """The record as it was and as it is at ``now``, and how the event ended if there was one."""

    before: Record
    after: Record
    entry: Entry | None
    now: int


class Reducer:
    """Applies what happened at Stripe to one user's record, exactly once in effect."""

    def __init__(
        self,
        committer: Committer,
        customers: CustomerStore,
        stripe: StripeReads,
        policy: Policy,
        now: Callable[[], int],
    ) -> None:
        self._committer = committer
        self._customers = customers
        self._records = committer.records
        self._ledger = committer.ledger
        self._stripe = stripe
        self._policy = policy
        self._now = now

    def apply_event(self, told: ReadEvent, user_id: str, execution: str) -> Entry:
        """Apply an event that ``execution`` holds, and close its ledger entry.

        Where another execution has closed it meanwhile, that one's entry is the answer.

        Raises:
            LeaseLost: another execution holds the event and hasn't finished it.
            RecordContended: others won the record every time.
        """
        event = readable(told, self._stripe)
        fails = isinstance(event, InvoiceEvent) and event.invoice.unpaid
        cause = Cause(
            id=event.event_id,
            user_id=user_id,
            customer_id=event.customer_id,
            event=event,
            execution=execution,
            waiter=execution if fails else None,
        )
        try:
            entry = self._reduce(cause, lambda record, now: decide(record, event, now)).entry
        except LeaseLost:
            entry = self._ledger.outcome_of(event.event_id)
            if entry is None:
                raise
        assert entry is not None, "an event's reduction ends in its entry"
        return entry

    def sync_customer(
        self, user_id: str, customer_id: str, session_id: str | None = None
    ) -> Record:
        """Bring the record up to what Stripe holds now, without an event.

        That is on return from ``session_id``, and when a customer with a history is linked.

        Raises:
            RecordContended: others won the record every time.
        """
        cause = Cause(
            id=session_id or customer_id,
            user_id=user_id,
            customer_id=customer_id,
            session_id=session_id,
        )
        sync = SyncCustomer(customer_id=customer_id)
        return self._reduce(cause, lambda _record, _now: sync).after

    def look_again(
        self,
        user_id: str,
        customer_id: str,
        operation: str,
        decide_on: Callable[[Record], Decision],
    ) -> Record:
        """Bring the record up to what our own ``operation`` on Stripe did, before any event tells.

        ``decide_on`` says what to look at: ``at_subscription``, ``at_payments`` or ``at_customer``
        of ``billing.domain.decide``.

        Raises:
            RecordContended: others won the record every time.
        """
        cause = Cause(id=operation, user_id=user_id, customer_id=customer_id)
        return self._reduce(cause, lambda record, _now: decide_on(record)).after

    def heal(
        self, user_id: str, customer_id: str, run_id: str, ended: Subscription | None = None
    ) -> tuple[RecordKind, ...]:
        """Bring a record that has drifted up to what Stripe holds; say what was wrong with it.

        Nothing was where an event has mended it meanwhile. ``run_id`` is the reconciliation that
        found it. Of a former customer the present one is looked at, and ``ended`` is the record's
        own subscription, where Stripe says that it has ended: it may be the former one's.

        Raises:
            RecordContended: others won the record every time.
        """
        cause = Cause(id=run_id, user_id=user_id, customer_id=customer_id, healing=True)

        def sync(record: Record, _now: int) -> Decision:
            is_former = customer_id in record.former_customers
            present = record.customer_id if is_former else None
            return SyncCustomer(customer_id=present or customer_id, ended=ended)

        reduction = self._reduce(cause, sync)
        return drift_between(reduction.before, reduction.after)

    def check_debt(self, user_id: str, customer_id: str, execution: str) -> tuple[Record, int]:
        """Look at what is owed once grace is over, and announce what that takes away.

        Gives the record and the time by which it was judged (UTC seconds): clocks differ, and
        Stripe takes its time, so no other says whether grace was over.

        Raises:
            RecordContended: others won the record every time.
        """
        cause = Cause(id=execution, user_id=user_id, customer_id=customer_id, waiter=execution)
        reduction = self._reduce(cause, lambda record, _now: decide_on_debt(record))
        return reduction.after, reduction.now

    def _reduce(self, cause: Cause, decide_on: Callable[[Record, int], Decision]) -> Reduction:
        for _ in range(ATTEMPTS):
            before = self._load(cause)
            now = self._time_after(before)
            decision = decide_on(before, now)
            if isinstance(decision, Ignore):
                return Reduction(before, before, self._closed(cause, now, decision.reason), now)
            after = self._after(before, decision, cause, now)
            if cause.execution is None and say_the_same(before, after):
                reduction = Reduction(before, before, None, now)
            else:
                try:
                    entry = self._commit(before, after, cause, now)
                except RecordOvertaken:
                    continue
                reduction = Reduction(before, after, entry, now)
            if isinstance(decision, SyncCustomer):
                self._ledger.take_up(cause.customer_id, cause.user_id, now)
            return reduction
        raise RecordContended(f"the record of user {cause.user_id} is contended")

    def _time_after(self, record: Record) -> int:
        """The time now, but never before the record's: what one node saw end has ended for all."""
        return max(self._now(), record.updated_at or 0)

    def _load(self, cause: Cause) -> Record:
        """Load the record, which may never have heard of a customer that had its day before.

        The map is asked after the record is loaded: whoever took that customer's place retired it
        first, so either the map says so, or the record is overtaken.
        """
        record = self._records.load(cause.user_id)
        known = (None, record.customer_id, *record.former_customers)
        if cause.customer_id in known or record.customer_id is None:
            return record
        if self._customers.is_retired(cause.customer_id):
            return with_former(record, cause.customer_id)
        return record

    def _closed(self, cause: Cause, now: int, reason: str) -> Entry | None:
        """Close an event that changes nothing."""
        entry = _entry(cause, now, outcome="stale", reason=reason)
        if entry is not None:
            self._ledger.close(entry)
        return entry

    def _after(self, before: Record, decision: Decision, cause: Cause, now: int) -> Record:
        record = learnt(with_customer(before, cause.customer_id), decision, self._stripe)
        record = without_checkout(record, cause.session_id)
        if cause.event is not None:
            record = with_event(record, cause.event)
        return with_derived(record, self._policy, now, cause.waiter).model_copy(
            update={
                "version": before.version + 1,
                "updated_at": now,
                "last_event_id": cause.id if cause.execution else before.last_event_id,
            }
        )

    def _commit(self, before: Record, after: Record, cause: Cause, now: int) -> Entry | None:
        facts = facts_between(before, after, cause.id, self._policy, now)
        if cause.healing:
            facts += facts_of_healing(before, after, cause.id, now)
        changes = changes_between(before, after)
        while True:
            keys = tuple(fact.key for fact in facts)
            entry = _entry(
                cause,
                now,
                outcome="applied",
                changes=changes,
                version=after.version,
                facts=keys,
            )
            try:
                self._committer.commit(after, before.version, entry, facts)
            except FactsExist as told:
                facts = [fact for fact in facts if fact.key not in told.keys]
                continue
            return entry


def _entry(cause: Cause, now: int, **ending: Any) -> Entry | None:
    """How an event ends; None where there is none."""
    if cause.execution is None:
        return None
    return Entry(
        event_id=cause.id, execution=cause.execution, user_id=cause.user_id, at=now, **ending
    )

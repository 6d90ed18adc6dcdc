"""The reducer: the only way a record changes, for events and for a return from Checkout alike.

Load, decide, look at Stripe where in doubt, commit; overtaken, begin again. The record is loaded
before Stripe is asked, so that its version vouches for nobody having written in between.
"""

from collections.abc import Callable
from typing import Any, Protocol

from billing.contracts.stripe_objects import StripeSubscription
from billing.domain.decide import (
    Apply,
    Decision,
    FetchSubscription,
    Ignore,
    Keep,
    ListSubscriptions,
    decide,
)
from billing.domain.errors import LeaseLost, RecordContended
from billing.domain.events import BillingEvent
from billing.domain.facts import Fact, facts_between
from billing.domain.merge import (
    changes_between,
    with_customer,
    with_listed,
    with_subscription,
    without_checkout,
)
from billing.domain.record import TERMINAL, Record, Subscription, Value
from billing.gateway.fetched import Fetched
from billing.store.commit import Committer, FactsExist, RecordOvertaken
from billing.store.ledger import Entry, Ledger
from billing.store.records import RecordStore

#: Tries before a contended record is left to the state machine's backoff.
ATTEMPTS = 8


class SubscriptionReads(Protocol):
    """What the reducer asks of Stripe."""

    def subscription(self, subscription_id: str) -> Fetched[StripeSubscription]:
        """Fetch one subscription."""
        ...

    def subscriptions_of(self, customer_id: str) -> Fetched[tuple[StripeSubscription, ...]]:
        """List all of a customer's subscriptions, ended ones included."""
        ...


class Cause(Value):
    """Why a record changes: an event held by ``execution``, or our own call (without one)."""

    id: str
    user_id: str
    customer_id: str
    session_id: str | None = None
    execution: str | None = None


class Reducer:
    """Applies what happened at Stripe to one user's record, exactly once in effect."""

    def __init__(
        self,
        records: RecordStore,
        ledger: Ledger,
        committer: Committer,
        stripe: SubscriptionReads,
        now: Callable[[], int],
    ) -> None:
        self._records = records
        self._ledger = ledger
        self._committer = committer
        self._stripe = stripe
        self._now = now

    def apply_event(
        self, event: BillingEvent, user_id: str, customer_id: str, execution: str
    ) -> Entry:
        """Apply an event that ``execution`` holds, and close its ledger entry.

        Where another execution has closed it meanwhile, that one's entry is the answer.

        Raises:
            LeaseLost: another execution holds the event and hasn't finished it.
            RecordContended: others won the record every time.
        """
        cause = Cause(
            id=event.event_id,
            user_id=user_id,
            customer_id=customer_id,
            session_id=event.session_id,
            execution=execution,
        )
        try:
            return self._reduce(cause, lambda record, now: decide(record, event, now))
        except LeaseLost:
            done = self._ledger.outcome_of(event.event_id)
            if done is None:
                raise
            return done

    def sync_customer(self, user_id: str, customer_id: str, session_id: str | None = None) -> None:
        """Bring the record up to what Stripe holds now, without an event.

        That is on return from ``session_id``, or when a customer with a history is linked.

        Raises:
            RecordContended: others won the record every time.
        """
        cause = Cause(
            id=session_id or customer_id,
            user_id=user_id,
            customer_id=customer_id,
            session_id=session_id,
        )
        self._reduce(cause, lambda _record, _now: ListSubscriptions(customer_id=customer_id))

    def _reduce(self, cause: Cause, decide_on: Callable[[Record, int], Decision]) -> Entry:
        for _ in range(ATTEMPTS):
            before, now = self._records.load(cause.user_id), self._now()
            decision = decide_on(before, now)
            if isinstance(decision, Ignore):
                entry = _entry(cause, now, outcome="stale", reason=decision.reason)
                self._ledger.close(entry)
                return entry
            after = self._after(before, decision, cause, now)
            try:
                return self._commit(before, after, cause, now)
            except RecordOvertaken:
                continue
        raise RecordContended(f"the record of user {cause.user_id} is contended")

    def _after(self, before: Record, decision: Decision, cause: Cause, now: int) -> Record:
        learnt = self._learn(with_customer(before, cause.customer_id), decision)
        return without_checkout(learnt, cause.session_id).model_copy(
            update={
                "version": before.version + 1,
                "updated_at": now,
                "last_event_id": cause.id if cause.execution else before.last_event_id,
                "attention_since": (before.attention_since or now) if learnt.other_live else None,
            }
        )

    def _learn(self, record: Record, decision: Decision) -> Record:
        match decision:
            case Apply(subscription=subscription, stamp=stamp):
                return with_subscription(record, subscription, stamp)
            case FetchSubscription(subscription_id=subscription_id):
                fetched = self._stripe.subscription(subscription_id)
                subscription = fetched.value.projected()
                if subscription.status in TERMINAL:
                    return self._listed(record, fetched.value.customer, subscription)
                return with_subscription(record, subscription, fetched.stamp)
            case ListSubscriptions(customer_id=customer_id, ended=ended):
                return self._listed(record, customer_id, ended)
            case Keep() | Ignore():
                return record

    def _listed(self, record: Record, customer_id: str, ended: Subscription | None) -> Record:
        listed = self._stripe.subscriptions_of(customer_id)
        subscriptions = [subscription.projected() for subscription in listed.value]
        return with_listed(record, subscriptions, listed.stamp, ended)

    def _commit(self, before: Record, after: Record, cause: Cause, now: int) -> Entry:
        facts, changes = facts_between(before, after, cause.id, now), changes_between(before, after)
        while True:
            keys = tuple(fact.key for fact in facts)
            entry = _entry(cause, now, outcome="applied", changes=changes, facts=keys)
            try:
                self._committer.commit(
                    after, before.version, entry if cause.execution else None, facts
                )
            except FactsExist as told:
                facts = _without(facts, told)
                continue
            return entry


def _entry(cause: Cause, now: int, **ending: Any) -> Entry:
    return Entry(
        event_id=cause.id,
        execution=cause.execution or "",
        user_id=cause.user_id,
        at=now,
        **ending,
    )


def _without(facts: list[Fact], told: FactsExist) -> list[Fact]:
    return [fact for fact in facts if fact.key not in told.keys]

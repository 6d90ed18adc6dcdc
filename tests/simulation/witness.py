"""Watches while a history happens: what must never be is seen at the write that makes it so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulation import oracle
from tests.simulation.asking import Asking
from tests.simulation.cloud import Run
from tests.simulation.invariants import (
    ACCESS,
    NEVER_BACK,
    OUTCOMES,
    OWN_OBJECTS,
    SUCCESS_MEANS_STORED,
    Violation,
    difference,
)
from tests.simulation.world import Person, World

Json = dict[str, Any]

#: No function lives longer (seconds).
LONGEST_LIFE = 60
#: Ends that say nothing of the record.
IGNORED = ("Duplicate Ignored", "Unattributed Ignored")


@dataclass
class Place:
    """Where in the history of a subscription the stored state is known to be."""

    revision: int = 0
    attributes: Json | None = None


@dataclass(frozen=True)
class Debt:
    """What a record says is owed: for which subscription's invoice, since when (UTC seconds)."""

    subscription: str
    invoice: str
    since: int


class Witness:
    """Follows every record and every execution; ``known_since``: when a customer was first listed.

    Where all is quiet, ``check_truth`` is called.
    """

    def __init__(self, world: World, check_truth: Callable[[], None]) -> None:
        self._world = world
        self._asking = Asking(world, self.shown, check_truth)
        self._stripe = world.stripe
        self._places: dict[tuple[str, str], Place] = {}
        self._told_at: dict[str, int] = {}
        self._projected: dict[str, list[Json]] = {}
        self._debts: dict[str, Debt] = {}
        self.known_since: dict[str, float] = {}
        world.heard = self.heard
        world.wrote_record = self.wrote
        world.cloud.ended = self.ended

    def heard(self, event: Json) -> None:
        """Stripe told of something: note which revision of its subscription that shows."""
        obj = event["data"]["object"]
        if obj.get("object") == "subscription":
            versions = self._stripe.versions.of(obj["id"])
            at = next(n for n in reversed(range(len(versions))) if versions[n] == obj)
            self._told_at[event["id"]] = at

    def wrote(self, user_id: str) -> None:
        """A record was written."""
        record = self._world.record(user_id)
        assert record is not None
        if synced := record.get("synced_customer_id"):
            self.known_since.setdefault(synced, self._world.kernel.now)
        self._check_owner(record)
        if "subscription_id" in record:
            self._check_revision(record, 0)
            self._check_level(record)
        self._check_grace(record)
        self._asking.wrote(user_id)

    def shown(self, record: Json) -> Json | None:
        """The subscription that a record shows, as it was at Stripe."""
        if "subscription_id" not in record:
            return None
        place = self._places[record["_id"], record["subscription_id"]]
        return self._stripe.versions.of(record["subscription_id"])[place.revision]

    def ended(self, run: Run) -> None:
        """An execution ended: where it says that its event is applied, it is."""
        last = run.execution.path[-1]
        if last == "Duplicate Ignored":
            self._check_duplicate(run)
        if run.status != "SUCCEEDED" or last in IGNORED or run.event_id is None:
            return
        entry = self._world.item("EVENTS_TABLE", run.event_id)
        if entry is None or "done_at" not in entry:
            if entry is None or run.machine != "payment_failure":
                raise Violation(OUTCOMES, f"{run.arn} ended at {last} without closing its event")
            return
        at = self._told_at.get(run.event_id)
        record = self._world.record(entry["user_id"])
        if at is None or record is None:
            return
        if self._stripe.versions.of(record.get("subscription_id", "")):
            told = self.event(run.event_id)["data"]["object"]["id"]
            over = record.get("status") in oracle.OVER  # what still changes then doesn't matter
            if told == record.get("subscription_id") and not over:
                self._check_revision(record, at)

    def _check_duplicate(self, run: Run) -> None:
        """A duplicate is only what is done, or what somebody else was at work on."""
        entry = self._world.item("EVENTS_TABLE", str(run.event_id)) or {}
        holder = self._world.cloud.runs.get(entry.get("lease_execution", ""))
        if "done_at" in entry or holder is None or holder.status != "FAILED":
            return
        assert holder.stopped is not None
        if holder.stopped < run.started:
            raise Violation(OUTCOMES, f"{run.arn} left its event to {holder.arn}, which had failed")

    def event(self, event_id: str) -> Json:
        return next(event for event in self._world.sent if event["id"] == event_id)

    def _check_revision(self, record: Json, least: int) -> None:
        """The stored state is some revision that Stripe had, no older than what we knew."""
        subscription = record["subscription_id"]
        revisions = self._revisions(subscription)
        stored = oracle.recorded_subscription(record)
        place = self._places.setdefault((record["_id"], subscription), Place())
        if stored == place.attributes and place.revision >= least:
            return
        first = max(place.revision, least)
        for number in range(first, len(revisions)):
            if revisions[number] == stored:
                place.revision, place.attributes = number, stored
                return
        older = [n for n in range(min(first, len(revisions))) if revisions[n] == stored]
        name = NEVER_BACK if least <= place.revision else SUCCESS_MEANS_STORED
        if not older:
            near = difference(revisions[-1], stored) if revisions else "nothing"
            raise Violation(NEVER_BACK, f"{subscription} was never as it is stored: {near}")
        raise Violation(
            name,
            f"{subscription} is stored as of revision {older[-1]}, after {first} was known: "
            f"{difference(revisions[first], stored)}",
        )

    def _revisions(self, subscription: str) -> list[Json]:
        known = self._projected.setdefault(subscription, [])
        versions = self._stripe.versions.of(subscription)
        known += [oracle.subscription_as_recorded(each) for each in versions[len(known) :]]
        return known

    def _check_level(self, record: Json) -> None:
        """What is announced agrees with the status that is stored."""
        truth = self.shown(record)
        assert truth is not None
        if truth["status"] == "past_due":
            expected = {"grace", "restricted"}
        else:
            # Nodes' clocks differ, so just around its end either answer is right; and who was at
            # work when a policy changed goes on with the former.
            now, off = self._world.kernel.now, self._world.setting.weather.skew + 1
            policies = oracle.in_force(self._world.policies, now - LONGEST_LIFE)
            expected = oracle.levels(truth, [], policies, (now - off, now + off))
        if record["access_level"] not in expected:
            raise Violation(
                ACCESS,
                f"{record['_id']} is announced {record['access_level']}, not {expected}: "
                f"{truth['status']}",
            )

    def _check_grace(self, record: Json) -> None:
        """One grace per debt: while what is owed stays owed, it doesn't begin anew."""
        user_id = record["_id"]
        before = self._debts.pop(user_id, None)
        if "dunning_since" not in record:
            return
        debt = self._debts[user_id] = Debt(
            record["subscription_id"], record["dunning_invoice_id"], record["dunning_since"]
        )
        if before is None or before.subscription != debt.subscription:
            return
        later = debt.since - before.since
        if later > 0 and self._is_owed(before):
            raise Violation(ACCESS, f"{user_id}'s grace began anew, {later} s later")

    def _is_owed(self, debt: Debt) -> bool:
        """Whether an invoice is still unpaid, and nothing newer of its subscription was paid."""
        invoice = self._stripe.find(debt.invoice)
        if invoice is None or invoice["status"] not in ("open", "uncollectible"):
            return False
        subscription = oracle.subscription_of(invoice)
        newer = (
            each
            for each in self._stripe.all("invoice", customer=invoice["customer"])
            if oracle.subscription_of(each) == subscription and each["created"] > invoice["created"]
        )
        return not any(each["status"] == "paid" and oracle.counts(each) for each in newer)

    def _check_owner(self, record: Json) -> None:
        """Nothing of anybody else's."""
        person = self._world.person(record["_id"])
        ids = [
            record.get("customer_id"),
            record.get("subscription_id"),
            *record.get("invoices", {}),
            *(p["session_id"] for p in record.get("purchases", {}).values()),
            *(other["subscription_id"] for other in record.get("other_live", ())),
            *(
                m["payment_method_id"]
                for m in record.get("customer", {}).get("payment_methods", ())
            ),
        ]
        for object_id in ids:
            found = self._stripe.find(object_id)
            if found is None or found.get("deleted"):
                continue
            owner = found["id"] if found["object"] == "customer" else found["customer"]
            if owner is not None and owner not in self._customers_of(person):
                raise Violation(OWN_OBJECTS, f"{record['_id']} has {object_id} of {owner}")

    def _customers_of(self, person: Person) -> set[str]:
        """Theirs, and what our API made for them and hasn't handed out yet."""
        made = {
            customer["id"]
            for customer in self._stripe.all("customer")
            if (customer.get("metadata") or {}).get("user_id") == person.user_id
        }
        return made | set(person.customers)

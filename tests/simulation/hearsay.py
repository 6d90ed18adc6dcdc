"""Judges what was told: each fact once, chains go on, and nothing that happened is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.simulation import oracle
from tests.simulation.invariants import FACTS, MONEY, Violation, difference
from tests.simulation.world import Person, World

Json = dict[str, Any]

DAY = 86_400
#: Stripe keeps events for so long (seconds): what is older when we get to know it is history.
NEWS = 30 * DAY


class Reader:
    """What somebody knows of a user who only reads the facts, in the order of their versions."""

    def __init__(self) -> None:
        self._level = "none"
        self._plan: tuple[Any, ...] | None = None
        self._ending = False

    def hear(self, fact: Json) -> None:
        before, after = fact.get("before") or {}, fact.get("after") or {}
        match fact["type"]:
            case "AccessChanged":
                self._goes_on(fact, before["level"], self._level)
                self._level = after["level"]
            case "SubscriptionActivated":
                self._plan, self._ending = _plan(after), _is_ending(after)
            case "SubscriptionChanged":
                self._goes_on(fact, _plan(before), self._plan or _plan(before))
                self._plan = _plan(after)
            case "SubscriptionEnded":
                self._plan, self._ending = None, False
            case "CancellationScheduled" | "CancellationUndone" as type_:
                self._ending = type_ == "CancellationScheduled"

    def _goes_on(self, fact: Json, told: Any, known: Any) -> None:
        if told != known:
            raise Violation(FACTS, f"{fact['key']} goes on from {told}, not {known}")

    def check(self, user_id: str, record: Json) -> None:
        """It is what the record says."""
        status = record.get("status")
        known: Json = {"level": self._level}
        truth: Json = {"level": record.get("access_level", "none")}
        if status in oracle.GOOD:
            known |= {"plan": self._plan, "ending": self._ending}
            truth |= {"plan": _plan(record), "ending": _is_ending(record)}
        if status in (*oracle.OVER, None):
            known["plan"], truth["plan"] = self._plan, None
        if known != truth:
            raise Violation(FACTS, f"{user_id}, by the facts: {difference(truth, known)}")


class Hearsay:
    """Compares the facts with the records; ``known_since`` is when a customer was first listed."""

    def __init__(self, world: World, known_since: Mapping[str, float]) -> None:
        self._world = world
        self._known_since = known_since

    def check(self) -> None:
        """Each fact exactly once, and changes chain."""
        committed = {
            item["event_id"].removeprefix("fact:"): item["fact"]
            for item in self._world.items("EVENTS_TABLE")
            if item["kind"] == "fact"
        }
        told = set(self._world.cloud.told.by_id)
        if contradicted := self._world.cloud.told.contradicted:
            raise Violation(FACTS, f"{contradicted[0]} was told in two ways")
        if told != set(committed):
            raise Violation(
                FACTS,
                f"told and not committed: {sorted(told - set(committed))}, committed and not "
                f"told: {sorted(set(committed) - told)}",
            )
        for person in self._world.people:
            facts = [fact for fact in committed.values() if fact["user_id"] == person.user_id]
            self._check_chains(person, sorted(facts, key=lambda fact: fact["version"]))
            self._check_payments(person, set(committed))

    def _check_chains(self, person: Person, facts: list[Json]) -> None:
        """Who only reads the facts knows at last what the record says."""
        record = self._world.record(person.user_id) or {}
        reader = Reader()
        for fact in facts:
            reader.hear(fact)
        reader.check(person.user_id, record)
        flagged = Counter(
            fact["after"]["subscription_id"]
            for fact in facts
            if fact["type"] == "DuplicateSubscriptionFound"
        )
        for other in record.get("other_live", ()):
            if not flagged[other["subscription_id"]]:
                raise Violation(MONEY, f"{other['subscription_id']} was never flagged")

    def _check_payments(self, person: Person, keys: set[str]) -> None:
        """Whatever was paid or taken back was told."""
        record = self._world.record(person.user_id) or {}
        for invoice_id, invoice in record.get("invoices", {}).items():
            if self._is_history(record, invoice["invoice_created"]):
                continue
            paid = invoice["status"] == "paid" and invoice["amount_paid"] > 0
            if paid != (f"PaymentSucceeded:{invoice_id}" in keys):
                raise Violation(FACTS, f"PaymentSucceeded of {invoice_id}: paid is {paid}")
        for purchase_id, purchase in record.get("purchases", {}).items():
            if self._is_history(record, purchase["purchase_created"]):
                continue
            self._check_purchase_facts(purchase_id, purchase, keys)

    def _check_purchase_facts(self, purchase_id: str, purchase: Json, keys: set[str]) -> None:
        paid = purchase["status"] == "paid"
        if paid and f"PurchaseCompleted:{purchase_id}" not in keys:
            raise Violation(FACTS, f"PurchaseCompleted of {purchase_id} wasn't told")
        charge, refunded = purchase.get("charge_id"), purchase.get("amount_refunded", 0)
        largest = max(
            (
                int(part)
                for key in keys
                if key.startswith(f"PurchaseReversed:{charge}:")
                and (part := key.rsplit(":", 1)[1]).isdigit()
            ),
            default=0,
        )
        if refunded > largest:
            raise Violation(FACTS, f"{charge} gave back {refunded}, told were {largest}")
        lost = f"PurchaseReversed:{charge}:dispute_lost" in keys
        if lost != (purchase.get("dispute") == "lost"):
            raise Violation(FACTS, f"{charge}: dispute lost is told: {lost}")

    def _is_history(self, record: Json, created: int) -> bool:
        """Whether it was too long ago to be news when we got to know the customer.

        What was lost is brought back for as long, and no longer.
        """
        known = self._known_since[record["synced_customer_id"]]
        lost = bool(self._world.lost) and created < self._world.kernel.now - NEWS + DAY
        return lost or created < known - NEWS


def _plan(subscription: Json) -> tuple[Any, ...]:
    return tuple(subscription.get(part) for part in ("price_id", "quantity", "pause_collection"))


def _is_ending(subscription: Json) -> bool:
    return bool(subscription.get("cancel_at_period_end") or subscription.get("cancel_at"))

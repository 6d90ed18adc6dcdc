"""Judges the end of a history by Stripe's truth: every record is equal to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.simulation import oracle
from tests.simulation.invariants import (
    ACCESS,
    CONVERGES,
    MONEY,
    USERS_TABLE,
    Violation,
    difference,
    said,
)
from tests.simulation.witness import LONGEST_LIFE
from tests.simulation.world import Person, World

Json = dict[str, Any]

#: What Stripe may still change of a subscription that is over; nobody asks for it.
AFTER_THE_END = ("latest_invoice_id", "default_payment_method_id")


class Convergence:
    """Compares records with the truth."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stripe = world.stripe

    def check(self) -> None:
        """Every record is equal to Stripe's truth, whatever happened."""
        for person in self._world.people:
            if person.is_user:
                self._check_person(person)
        self._check_users_table()

    def _check_person(self, person: Person) -> None:
        record = self._world.record(person.user_id)
        linked = self._linked(person)
        if record is None or record.get("customer_id") is None:
            if linked and self._must_be_known(linked):
                raise Violation(CONVERGES, f"{person.user_id} has no record of {linked}")
            return
        customer = record["customer_id"]
        if linked not in (None, customer) and self._must_be_known(str(linked)):
            raise Violation(CONVERGES, f"{person.user_id} is recorded as {customer}, not {linked}")
        self._check_customer(record)
        chosen = self._check_subscription(record)
        self._check_invoices(record)
        self._check_purchases(record)
        self._check_access(record, chosen)

    def _linked(self, person: Person) -> str | None:
        user = self._world.item("USERS_TABLE", person.email) or {}
        linked: str | None = user.get("stripe_customer_id")
        return linked if linked and self._world.item("CUSTOMERS_TABLE", linked) else None

    def _must_be_known(self, customer: str) -> bool:
        """Whether some machine was started for it, or it has ever bought anything.

        Of one that is only made, for a checkout that nobody paid, we listen to no event at all.
        """
        return bool(
            self._was_told_of(customer)
            or self._stripe.all("subscription", customer=customer)
            or self._stripe.all("invoice", customer=customer)
            or list(self._purchases(customer))
        )

    def _was_told_of(self, customer: str) -> bool:
        """Whether some machine was started by an event of this customer's."""
        started = {run.event_id for run in self._world.cloud.runs.values()}
        return any(
            customer in (event["data"]["object"].get("customer"), event["data"]["object"].get("id"))
            for event in self._world.sent
            if event["id"] in started
        )

    def _check_customer(self, record: Json) -> None:
        customer = record["customer_id"]
        if record.get("synced_customer_id") != customer and not self._must_be_known(customer):
            return
        truth = self._stripe.find(customer)
        assert truth is not None
        methods = self._stripe.all("payment_method", customer=customer)
        expected = oracle.customer_as_recorded(truth, methods)
        if "customer" not in record:
            raise Violation(CONVERGES, f"{customer} isn't in the record")
        stored = oracle.recorded_customer(record)
        if expected["deleted"]:
            expected, stored = {"deleted": True}, {"deleted": stored["deleted"]}
        if stored != expected:
            raise Violation(CONVERGES, f"{customer}: {difference(expected, stored)}")

    def _check_subscription(self, record: Json) -> Json | None:
        """The one that matters most is stored as it is, and the other live ones are noted."""
        theirs = self._stripe.all("subscription", customer=record["customer_id"])
        stored = record.get("subscription_id")
        if stored is None:
            if theirs:
                raise Violation(CONVERGES, f"{record['_id']} has no subscription: {theirs[0]}")
            return None
        chosen = self._stripe.find(stored)
        if chosen is None:
            return self._check_gone(record)
        best = min(map(oracle.standing, theirs), default=3)
        if oracle.standing(chosen) > best:
            raise Violation(
                CONVERGES, f"{record['_id']} shows {stored}, {chosen['status']}, of {said(theirs)}"
            )
        self._check_state(record, chosen)
        others = {s["id"] for s in theirs if s["status"] in oracle.ALIVE} - {stored}
        noted = {other["subscription_id"] for other in record.get("other_live", ())}
        if noted != others:
            raise Violation(MONEY, f"{record['_id']} notes {noted}, not {others}")
        return chosen

    def _check_state(self, record: Json, chosen: Json) -> None:
        expected = oracle.subscription_as_recorded(chosen)
        attributes = oracle.recorded_subscription(record)
        if chosen["status"] in oracle.OVER:
            for name in AFTER_THE_END:
                expected.pop(name, None)
                attributes.pop(name, None)
        if attributes != expected:
            raise Violation(CONVERGES, f"{chosen['id']}: {difference(expected, attributes)}")

    def _check_gone(self, record: Json) -> Json:
        """With a test clock its subscriptions go: one is stored as Stripe has told of it.

        That it has ended is told once; who can't read that can't ask any more.
        """
        stored = oracle.recorded_subscription(record)
        for version in reversed(self._stripe.versions.of(record["subscription_id"])):
            if oracle.subscription_as_recorded(version) == stored:
                return version
        raise Violation(CONVERGES, f"{record['_id']} shows what never was: {stored}")

    def _check_invoices(self, record: Json) -> None:
        known = record.get("invoices", {})
        theirs = self._stripe.all("invoice", customer=record["customer_id"])
        closed = [i for i in theirs if i["status"] in ("paid", "void", "uncollectible")]
        recent = {i["id"] for i in closed[-oracle.KEPT_CLOSED + 4 :]}
        for invoice in theirs:
            stored = known.get(invoice["id"])
            tried = invoice["status"] == "open" and invoice["attempt_count"] > 0
            if stored is None:
                if tried or (invoice["id"] in recent):
                    raise Violation(CONVERGES, f"{said([invoice])} isn't recorded")
                continue
            if invoice["status"] == "open" and not tried:
                continue
            for theirs_name, ours in (("status", "status"), ("amount_paid", "amount_paid")):
                if stored[ours] != invoice[theirs_name]:
                    raise Violation(
                        CONVERGES,
                        f"{invoice['id']}'s {ours} is {stored[ours]}, not {invoice[theirs_name]}",
                    )
            if tried and stored["attempts"] != invoice["attempt_count"]:
                raise Violation(
                    CONVERGES,
                    f"{invoice['id']} was tried {invoice['attempt_count']} times, "
                    f"not {stored['attempts']}",
                )

    def _purchases(self, customer: str) -> Iterable[tuple[Json, Json]]:
        """A customer's one-time purchases: as they should be recorded, and their sessions."""
        for session in self._stripe.all("checkout.session", customer=customer):
            if session["mode"] != "payment" or session["status"] != "complete":
                continue
            intent = self._stripe.find(session["payment_intent"])
            charge = self._stripe.find(intent["latest_charge"]) if intent else None
            yield oracle.purchase_as_recorded(session, charge, intent), session

    def _check_purchases(self, record: Json) -> None:
        known = record.get("purchases", {})
        for expected, session in self._purchases(record["customer_id"]):
            stored = known.get(expected["purchase_id"])
            if stored is None:
                raise Violation(CONVERGES, f"{session['id']} isn't recorded")
            shown = {name: stored.get(name, 0) for name in expected}
            if shown != expected:
                raise Violation(
                    CONVERGES, f"{expected['purchase_id']}: {difference(expected, shown)}"
                )
            self._check_dispute(stored)

    def _check_dispute(self, stored: Json) -> None:
        disputes = self._stripe.all("dispute", payment_intent=stored["purchase_id"])
        truth = disputes[-1]["status"] if disputes else None
        final = ("won", "lost", "warning_closed")
        if (truth in final or truth is None) and stored.get("dispute") != truth:
            raise Violation(
                CONVERGES, f"{stored['purchase_id']}: dispute {stored.get('dispute')}, not {truth}"
            )

    def _check_access(self, record: Json, chosen: Json | None) -> None:
        """What was last announced is what the user may use.

        Nobody announces anew because a policy has changed: until a record is next written it may
        say what one of those in force since would give. And where a new policy gave more grace
        after the last failed payment nobody waits for its end, so that the nightly reconciliation
        announces it. What the API answers isn't delayed so.
        """
        invoices = self._stripe.all("invoice", customer=record["customer_id"])
        ours = [
            invoice
            for invoice in invoices
            if chosen is not None and oracle.subscription_of(invoice) == chosen["id"]
        ]
        now, off = self._world.kernel.now, self._world.setting.weather.skew + 1
        written = record.get("updated_at", now)
        policies = oracle.in_force(self._world.policies, written - LONGEST_LIFE)
        moments = {now - off, now, now + off, self._time_of(chosen)}
        expected = oracle.levels(chosen, ours, policies, moments)
        if len(self._world.policies) > 1 and _nobody_waits(record):
            expected.add("grace")
        if record["access_level"] not in expected:
            raise Violation(
                ACCESS,
                f"{record['_id']} is announced {record['access_level']}, not {expected}: "
                f"{said([chosen] if chosen else [])} {said(ours)}",
            )

    def _time_of(self, subscription: Json | None) -> float:
        """By which it ends: on a test clock that stands still, not when our time has come."""
        clock = self._stripe.find((subscription or {}).get("test_clock"))
        return float(clock["frozen_time"]) if clock else self._world.kernel.now

    def _check_users_table(self) -> None:
        """Of the users table only the link has changed."""
        for user in self._world.items("USERS_TABLE"):
            expected = self._world.original_users[user["_id"]]
            changed = {name: v for name, v in user.items() if name != "stripe_customer_id"}
            if changed != {k: v for k, v in expected.items() if k != "stripe_customer_id"}:
                raise Violation(USERS_TABLE, f"{user}")
        if len(self._world.items("USERS_TABLE")) != len(self._world.original_users):
            raise Violation(USERS_TABLE, "a user was made")


def _nobody_waits(record: Json) -> bool:
    return "dunning_since" in record and "dunning_execution" not in record

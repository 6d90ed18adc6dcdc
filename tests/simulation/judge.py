"""Judges a history: what must never be is looked for as it happens, the rest at its end.

The invariants are numbered as they are in the design; a violation names the one that it breaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.simulation import oracle
from tests.simulation.cloud import Run
from tests.simulation.walker.execution import Failed
from tests.simulation.world import Person, World

Json = dict[str, Any]

#: The numbered invariants, by name.
SUCCESS_MEANS_STORED = "1 success means stored"
NEVER_BACK = "2 never back"
CONVERGES = "3 converges"
ACCESS = "4 access"
FACTS = "5 facts"
MONEY = "6 money"
OUTCOMES = "7 outcomes"
OWN_OBJECTS = "8 own objects"
USERS_TABLE = "users table"
NOTHING_CHANGES = "replay changes nothing"

#: Stripe keeps events for so long (seconds): what is older when we get to know it is history.
DAY = 86_400
NEWS = 30 * DAY
#: Stripe knows an idempotency key for so long (seconds).
KEY_LASTS = DAY
#: What Stripe may still change of a subscription that is over; nobody asks for it.
AFTER_THE_END = ("latest_invoice_id", "default_payment_method_id")
IGNORED = ("Duplicate Ignored", "Unattributed Ignored")


class Violation(AssertionError):
    """Something that must never be."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"[{invariant}] {what}")
        self.invariant = invariant
        self.struck: frozenset[str] = frozenset()  # the faults that had struck until then


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
            raise Violation(FACTS, f"{user_id}, by the facts: {_difference(truth, known)}")


@dataclass
class Place:
    """Where in the history of a subscription the stored state is known to be."""

    revision: int = 0
    attributes: Json | None = None


@dataclass(frozen=True)
class Debt:
    """What a record says is owed: for which invoice, and since when (UTC seconds)."""

    invoice: str
    since: int


class Judge:
    def __init__(self, world: World) -> None:
        self._world = world
        self._stripe = world.stripe
        self._places: dict[tuple[str, str], Place] = {}
        self._told_at: dict[str, int] = {}
        self._projected: dict[str, list[Json]] = {}
        self._debts: dict[str, Debt] = {}
        self._known_since: dict[str, float] = {}  # when a customer was first listed
        self._policy_changed = False
        world.heard = self.heard
        world.wrote_record = self.wrote
        world.cloud.ended = self.ended

    # -- While it happens

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
            self._known_since.setdefault(synced, self._world.kernel.now)
        self._check_owner(record)
        if "subscription_id" in record:
            self._check_revision(record, 0)
            self._check_level(record)
        self._check_grace(record)

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
            told = self._event(run.event_id)["data"]["object"]["id"]
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

    def _event(self, event_id: str) -> Json:
        return next(event for event in self._world.sent if event["id"] == event_id)

    def _check_revision(self, record: Json, least: int) -> None:
        """The stored state is some revision that Stripe had, no older than what we knew."""
        subscription = record["subscription_id"]
        revisions = self._revisions(subscription)
        stored = {name: record[name] for name in _attributes(record)}
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
            near = _difference(revisions[-1], stored) if revisions else "nothing"
            raise Violation(NEVER_BACK, f"{subscription} was never as it is stored: {near}")
        raise Violation(
            name,
            f"{subscription} is stored as of revision {older[-1]}, after {first} was known: "
            f"{_difference(revisions[first], stored)}",
        )

    def _revisions(self, subscription: str) -> list[Json]:
        known = self._projected.setdefault(subscription, [])
        versions = self._stripe.versions.of(subscription)
        known += [oracle.subscription_as_recorded(each) for each in versions[len(known) :]]
        return known

    def _check_level(self, record: Json) -> None:
        """What is announced agrees with the status that is stored."""
        place = self._places[record["_id"], record["subscription_id"]]
        truth = self._stripe.versions.of(record["subscription_id"])[place.revision]
        if truth["status"] == "past_due":
            expected: tuple[str, ...] = ("grace", "restricted")
        else:
            # Nodes' clocks differ, so just around its end either answer is right.
            now, off = self._world.kernel.now, self._world.setting.weather.skew + 1
            policy = self._world.environment
            expected = tuple(oracle.level(truth, [], policy, now + d) for d in (-off, off))
        if not self._policy_changed and record["access_level"] not in expected:
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
        self._debts[user_id] = Debt(record["dunning_invoice_id"], record["dunning_since"])
        since = self._debts[user_id].since
        if before is not None and since > before.since and self._is_owed(before):
            raise Violation(ACCESS, f"{user_id}'s grace began anew, {since - before.since} s later")

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
        person = self._person(record["_id"])
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

    def _person(self, user_id: str) -> Person:
        return next(person for person in self._world.people if person.user_id == user_id)

    def _customers_of(self, person: Person) -> set[str]:
        """Theirs, and what our API made for them and hasn't handed out yet."""
        made = {
            customer["id"]
            for customer in self._stripe.all("customer")
            if (customer.get("metadata") or {}).get("user_id") == person.user_id
        }
        return made | set(person.customers)

    def policy_changed(self) -> None:
        self._policy_changed = True

    # -- At its end

    def check_outcomes(self) -> None:
        """Every event has one outcome; what failed is there to be redriven."""
        letters = {letter.envelope["detail"]["id"] for letter in self._world.cloud.dead_letters}
        runs: dict[str, list[Run]] = {}
        for run in self._world.cloud.runs.values():
            if run.event_id is not None:
                runs.setdefault(run.event_id, []).append(run)
        lost = {event["id"] for event in self._world.lost}
        unwanted = set(self._world.cloud.unwanted)
        for event in self._world.sent:
            event_id = event["id"]
            if event_id not in runs:
                if event_id not in letters | lost | unwanted:
                    raise Violation(OUTCOMES, f"{event['type']} {event_id} vanished")
                continue
            self._check_outcome(event, runs[event_id])

    def _check_outcome(self, event: Json, runs: list[Run]) -> None:
        if any(run.status == "FAILED" for run in runs):
            return
        entry = self._world.item("EVENTS_TABLE", event["id"]) or {}
        outcome = entry.get("outcome")
        settled = "done_at" in entry and outcome in ("applied", "stale")
        aside = outcome == "ignored" and "reason" in entry
        if not settled and not aside:
            raise Violation(OUTCOMES, f"{event['type']} {event['id']} has no outcome: {entry}")

    def check_recovered(self) -> None:
        """After all was redriven nothing is failed, but what waits for a user who never comes."""
        for run in self._world.cloud.failed_runs():
            failed = run.execution.effect
            assert isinstance(failed, Failed)
            if failed.error != "UserNotFound":
                raise Violation(
                    OUTCOMES, f"{run.arn} can't be redriven: {failed.error} {failed.cause}"
                )

    def check_truth(self) -> None:
        """Every record is equal to Stripe's truth, whatever happened."""
        for person in self._world.people:
            if person.is_user:
                self._check_person(person)
        self._check_users_table()

    def _check_person(self, person: Person) -> None:
        record = self._world.record(person.user_id)
        linked = self._linked(person)
        if record is None or record.get("customer_id") is None:
            if linked and self._was_told_of(linked):
                raise Violation(CONVERGES, f"{person.user_id} has no record of {linked}")
            return
        customer = record["customer_id"]
        if linked not in (None, customer) and self._was_told_of(str(linked)):
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
        if not self._was_told_of(customer):  # made for a checkout that nobody has paid
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
            raise Violation(CONVERGES, f"{customer}: {_difference(expected, stored)}")

    def _check_subscription(self, record: Json) -> Json | None:
        """The one that matters most is stored as it is, and the other live ones are noted."""
        theirs = self._stripe.all("subscription", customer=record["customer_id"])
        stored = record.get("subscription_id")
        if stored is None:
            if theirs:
                raise Violation(CONVERGES, f"{record['_id']} has no subscription: {theirs[0]}")
            return None
        chosen = self._stripe.find(stored)
        assert chosen is not None
        best = min(map(oracle.standing, theirs), default=3)
        if oracle.standing(chosen) > best:
            raise Violation(
                CONVERGES, f"{record['_id']} shows {stored}, {chosen['status']}, of {_said(theirs)}"
            )
        expected = oracle.subscription_as_recorded(chosen)
        attributes = {name: record[name] for name in _attributes(record)}
        if chosen["status"] in oracle.OVER:
            for name in AFTER_THE_END:
                expected.pop(name, None)
                attributes.pop(name, None)
        if attributes != expected:
            raise Violation(CONVERGES, f"{stored}: {_difference(expected, attributes)}")
        others = {s["id"] for s in theirs if s["status"] in oracle.ALIVE} - {stored}
        noted = {other["subscription_id"] for other in record.get("other_live", ())}
        if noted != others:
            raise Violation(MONEY, f"{record['_id']} notes {noted}, not {others}")
        return chosen

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
                    raise Violation(CONVERGES, f"{_said([invoice])} isn't recorded")
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
                    CONVERGES, f"{expected['purchase_id']}: {_difference(expected, shown)}"
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
        """What was last announced is what the user may use."""
        invoices = self._stripe.all("invoice", customer=record["customer_id"])
        ours = [
            invoice
            for invoice in invoices
            if chosen is not None and oracle.subscription_of(invoice) == chosen["id"]
        ]
        world = self._world
        expected = oracle.level(chosen, ours, world.environment, world.kernel.now)
        if not self._policy_changed and record["access_level"] != expected:
            raise Violation(
                ACCESS,
                f"{record['_id']} is announced {record['access_level']}, not {expected}: "
                f"{_said([chosen] if chosen else [])} {_said(ours)}",
            )

    def _check_users_table(self) -> None:
        """Of the users table only the link has changed."""
        for user in self._world.items("USERS_TABLE"):
            expected = self._world.original_users[user["_id"]]
            changed = {name: v for name, v in user.items() if name != "stripe_customer_id"}
            if changed != {k: v for k, v in expected.items() if k != "stripe_customer_id"}:
                raise Violation(USERS_TABLE, f"{user}")
        if len(self._world.items("USERS_TABLE")) != len(self._world.original_users):
            raise Violation(USERS_TABLE, "a user was made")

    # -- Facts

    def check_facts(self) -> None:
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

    # -- Money

    def check_money(self) -> None:
        """Nobody was made a customer twice by us, nor sold two sessions at once."""
        for person in self._world.people:
            made = [
                customer
                for customer in self._stripe.all("customer")
                if (customer.get("metadata") or {}).get("user_id") == person.user_id
                and customer["id"] not in self._world.made_by_others
            ]
            for one, next_ in pairwise(made):
                if next_["created"] - one["created"] < KEY_LASTS:
                    ids = [customer["id"] for customer in made]
                    raise Violation(MONEY, f"{person.user_id} was made a customer as {ids}")


def _attributes(record: Json) -> list[str]:
    return [name for name in SUBSCRIPTION_ATTRIBUTES if name in record]


def _plan(subscription: Json) -> tuple[Any, ...]:
    return tuple(subscription.get(part) for part in ("price_id", "quantity", "pause_collection"))


def _is_ending(subscription: Json) -> bool:
    return bool(subscription.get("cancel_at_period_end") or subscription.get("cancel_at"))


def _difference(expected: Json, found: Json) -> str:
    """In which attributes two states differ."""
    names = sorted(expected.keys() | found.keys())
    return ", ".join(
        f"{name} is {found.get(name)!r}, not {expected.get(name)!r}"
        for name in names
        if found.get(name) != expected.get(name)
    )


def _said(objects: Iterable[Json]) -> str:
    return ", ".join(f"{each['id']} {each['status']}" for each in objects) or "nothing"


SUBSCRIPTION_ATTRIBUTES = (
    "subscription_id",
    "status",
    "item_id",
    "price_id",
    "product_id",
    "quantity",
    "currency",
    "current_period_start",
    "current_period_end",
    "cancel_at",
    "cancel_at_period_end",
    "canceled_at",
    "ended_at",
    "trial_end",
    "pause_collection",
    "pending_update_expires_at",
    "schedule_id",
    "default_payment_method_id",
    "latest_invoice_id",
    "subscription_created",
)

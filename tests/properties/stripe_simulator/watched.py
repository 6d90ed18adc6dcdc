"""A store and an event log that watch what the engine does, and stop it at the first wrong step.

What is watched holds for whatever is asked: statuses change as Stripe's do, an id is given once,
an event holds the object as it is at that moment, and is never changed.
"""

from __future__ import annotations

import json

from local.stripe_simulator.events import EventLog, Recorded
from local.stripe_simulator.store import Json, Store

# By type and status, what may follow. BEGIN are those in which an object may first be seen.
BEGIN = ""
TRANSITIONS: dict[str, dict[str, set[str]]] = {
    "subscription": {
        BEGIN: {"incomplete", "trialing", "active"},
        "incomplete": {"active", "trialing", "incomplete_expired", "canceled"},
        "trialing": {"active", "past_due", "paused", "canceled"},
        "active": {"past_due", "trialing", "paused", "canceled"},
        "past_due": {"active", "trialing", "unpaid", "paused", "canceled"},
        "unpaid": {"active", "trialing", "canceled"},
        "paused": {"active", "trialing", "past_due", "canceled"},
    },
    "invoice": {
        BEGIN: {"draft"},
        "draft": {"open", "paid"},
        "open": {"paid", "void", "uncollectible"},
        "uncollectible": {"paid", "void"},
    },
    "invoice_payment": {BEGIN: {"open", "paid", "canceled"}, "open": {"paid", "canceled"}},
    "payment_intent": {
        BEGIN: {"requires_payment_method", "requires_confirmation"},
        "requires_payment_method": {
            "requires_confirmation",
            "requires_action",
            "processing",
            "requires_capture",
            "succeeded",
            "canceled",
        },
        "requires_confirmation": {
            "requires_payment_method",
            "requires_action",
            "processing",
            "requires_capture",
            "succeeded",
            "canceled",
        },
        "requires_action": {
            "requires_payment_method",
            "requires_confirmation",
            "processing",
            "requires_capture",
            "succeeded",
            "canceled",
        },
        "processing": {"requires_payment_method", "requires_capture", "succeeded", "canceled"},
        "requires_capture": {"succeeded", "canceled"},
    },
    "setup_intent": {
        BEGIN: {"requires_payment_method", "requires_confirmation"},
        "requires_payment_method": {
            "requires_confirmation",
            "requires_action",
            "processing",
            "succeeded",
            "canceled",
        },
        "requires_confirmation": {
            "requires_payment_method",
            "requires_action",
            "processing",
            "succeeded",
            "canceled",
        },
        "requires_action": {"requires_payment_method", "processing", "succeeded", "canceled"},
        "processing": {"requires_payment_method", "succeeded"},
    },
    "checkout.session": {BEGIN: {"open"}, "open": {"complete", "expired"}},
    "subscription_schedule": {
        BEGIN: {"not_started", "active"},
        "not_started": {"active", "released", "canceled"},
        "active": {"completed", "released", "canceled"},
    },
    "charge": {BEGIN: {"pending", "succeeded", "failed"}, "pending": {"succeeded", "failed"}},
    "refund": {
        BEGIN: {"pending", "requires_action", "succeeded", "failed"},
        "pending": {"requires_action", "succeeded", "failed", "canceled"},
        "requires_action": {"succeeded", "failed", "canceled"},
        "succeeded": {"failed"},  # a refund that the bank sends back
    },
    "dispute": {
        BEGIN: {"needs_response", "warning_needs_response"},
        "needs_response": {"under_review", "won", "lost"},
        "under_review": {"won", "lost"},
        "warning_needs_response": {"warning_under_review", "warning_closed", "needs_response"},
        "warning_under_review": {"warning_closed", "needs_response"},
    },
    "test_helpers.test_clock": {
        BEGIN: {"ready"},
        "ready": {"advancing"},
        "advancing": {"ready"},
    },
}


class Violation(BaseException):
    """Something that must never be; no Exception, so that the engine can't answer it with a 500."""


class WatchedStore(Store):
    """Notes what changes, and checks what may be seen of it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[str, list[str]] = {}  # of all that was ever made, by type
        self.changed: dict[str, None] = {}  # ids, since it was last emptied
        self.paid_by_hand: set[str] = set()  # invoices, by money that Stripe never sees
        self.told: dict[str, str] = {}  # what each event told, as text
        self._statuses: dict[str, str] = {}  # as last seen
        self._marked: tuple[dict[str, None], dict[str, str]] = {}, {}

    def insert(self, obj: Json) -> Json:
        object_id, kind = obj["id"], obj["object"]
        former = self.find(object_id)
        if former and former["created"] != obj["created"]:
            raise Violation(f"the id {object_id} was given twice")
        if kind == "event":
            self.told[object_id] = json.dumps(obj["data"])
        self.ids.setdefault(kind, []).append(object_id)
        self.changed[object_id] = None
        return super().insert(obj)

    def update(self, obj: Json, **changes: object) -> Json:
        self.changed[obj["id"]] = None
        return super().update(obj, **changes)

    def mark(self) -> None:
        self.settle()
        self._marked = dict(self.changed), dict(self._statuses)
        super().mark()

    def undo(self) -> None:
        self.changed, self._statuses = self._marked
        super().undo()

    def settle(self) -> None:
        """What a request or a timer leaves behind may be seen by anybody."""
        for object_id in self.changed:
            if obj := self.find(object_id):
                self.see(obj)

    def see(self, obj: Json) -> None:
        """Somebody sees the object as it is: in a status that may follow the one seen before."""
        kind, status = obj["object"], obj.get("status")
        before = self._statuses.get(obj["id"], BEGIN)
        if kind not in TRANSITIONS or status is None or status == before:
            return
        if status not in TRANSITIONS[kind].get(before, ()):
            raise Violation(f"{kind} {obj['id']} went from {before or 'nothing'} to {status}")
        self._statuses[obj["id"]] = status


class WatchedLog(EventLog):
    """Checks that what is recorded is what the store has at that moment."""

    def __init__(self, store: WatchedStore) -> None:
        super().__init__()
        self._store = store

    def add(self, recorded: Recorded) -> None:
        obj = recorded.obj
        stored = (
            self._store.find(obj["id"]) if "id" in obj else None
        )  # an upcoming invoice has none
        if stored is not None and not stored.get("deleted"):
            if stored != obj:
                raise Violation(f"{recorded.kind} tells {obj['id']} as it isn't")
            self._store.see(obj)
        super().add(recorded)

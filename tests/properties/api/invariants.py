"""What must hold at Stripe, whatever was asked, went wrong or happened meanwhile."""

from typing import Any

from tests.support.troubles import Cloud

Json = dict[str, Any]

LIVE = ("incomplete", "trialing", "active", "past_due", "unpaid", "paused")


class AtStripe:
    """What Stripe holds of one user, however many customers they have had."""

    def __init__(self, cloud: Cloud, user_id: str) -> None:
        self._store = cloud.engine.world.store
        made = self._store.everything()
        self.customers = [
            obj["id"]
            for obj in made
            if obj["object"] == "customer" and (obj.get("metadata") or {}).get("user_id") == user_id
        ]

    def of(self, kind: str) -> list[Json]:
        """The user's objects of a type, the newest first."""
        found = self._store.newest_first(kind)
        return [obj for obj in found if obj.get("customer") in self.customers]

    def find(self, object_id: str | None) -> Json | None:
        return self._store.find(object_id) if object_id else None

    @property
    def live(self) -> Json | None:
        """The subscription that hasn't ended."""
        return next((s for s in self.of("subscription") if s["status"] in LIVE), None)

    @property
    def schedule(self) -> Json | None:
        return self.find(self.live["schedule"]) if self.live else None

    @property
    def changes_paid(self) -> int:
        """How many changes of plan were charged for."""
        return sum(invoice["amount_paid"] > 0 for invoice in self._changes("paid"))

    @property
    def changes_open(self) -> list[Json]:
        """Invoices of changes of plan that wait for their payment."""
        return self._changes("open")

    def _changes(self, status: str) -> list[Json]:
        return [
            invoice
            for invoice in self.of("invoice")
            if (invoice["billing_reason"], invoice["status"]) == ("subscription_update", status)
        ]

    def everything(self) -> dict[str, Json]:
        """All that is the user's, by id, to compare."""
        return {
            obj["id"]: obj
            for obj in self._store.everything()
            if obj["id"] in self.customers or obj.get("customer") in self.customers
        }


def check(cloud: Cloud, user_id: str) -> None:
    """Check what holds at any moment."""
    user = AtStripe(cloud, user_id)
    customers = [id_ for id_ in user.customers if not (user.find(id_) or {}).get("deleted")]
    assert len(customers) <= 1, f"two customers: {customers}"
    live = [s["id"] for s in user.of("subscription") if s["status"] in LIVE]
    assert len(live) <= 1, f"two subscriptions: {live}"
    sessions = [s["id"] for s in user.of("checkout.session") if _may_be_subscribed_by(s)]
    assert len(sessions) <= 1, f"two sessions that may be paid: {sessions}"
    for invoice in user.changes_open:
        # Of what has ended, Stripe collects nothing more.
        waits = user.live is None or user.live["pending_update"]
        assert waits, f"{invoice['id']} is open, and no change waits for it"
    _check_charges(user)


def _may_be_subscribed_by(session: Json) -> bool:
    return (session["mode"], session["status"]) == ("subscription", "open")


def _check_charges(user: AtStripe) -> None:
    """Whatever was charged paid one thing, and whatever was paid by card was charged once."""
    bought = {s["payment_intent"] for s in user.of("checkout.session") if s["mode"] == "payment"}
    invoices = {invoice["id"]: 0 for invoice in user.of("invoice")}
    paid_by = {
        payment["payment"]["payment_intent"]: payment["invoice"]
        for invoice_id in invoices
        for payment in user._store.newest_first("invoice_payment", invoice=invoice_id)
    }
    charged: set[str] = set()
    for charge in user.of("charge"):
        if not charge["paid"]:
            continue
        intent = charge["payment_intent"]
        assert intent not in charged, f"{intent} is charged twice"
        charged.add(intent)
        if intent not in bought:
            invoices[paid_by[intent]] += charge["amount"]
    for invoice in user.of("invoice"):
        paid = invoices[invoice["id"]]
        assert paid == invoice["amount_paid"], f"{invoice['id']}: {paid} charged"
        assert not paid or invoice["status"] == "paid", f"{invoice['id']} is {invoice['status']}"

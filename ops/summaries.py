"""A domain event's change in a line, for people."""

from collections.abc import Callable, Mapping
from typing import Any

from billing.domain.facts import Fact
from ops.amounts import Amount, moment

State = Mapping[str, Any]


def summary_of(fact: Fact) -> str:
    """Say what changed. Empty where the type says it all, or isn't known."""
    before, after = fact.before or {}, fact.after or {}
    say = _SUMMARIES.get(fact.type)
    return say(before, after) if say else ""


def _access(before: State, after: State) -> str:
    until = f" until {_time(after['until'])}" if after.get("until") else ""
    return f"{before.get('level')} → {after.get('level')}{until} ({after.get('reason')})"


def _invoice(_before: State, after: State) -> str:
    """What is owed, or was paid."""
    paid = after.get("status") == "paid"
    parts = [
        _amount(after, "amount_paid" if paid else "amount_due"),
        f"attempt {after['failed_attempts']}" if not paid and after.get("failed_attempts") else "",
        str(after.get("error") or ""),
        f"next attempt {_time(after['next_attempt_at'])}" if after.get("next_attempt_at") else "",
    ]
    return ", ".join(filter(None, parts))


def _subscription(before: State, after: State) -> str:
    """Which of what a customer would notice is another; of a new subscription, all of it."""
    noticed = ("status", "price_id", "quantity", "pause_collection")
    if not before:
        return ", ".join(str(after[name]) for name in noticed if after.get(name) is not None)
    return ", ".join(
        f"{name} {before.get(name, 'none')} → {after.get(name, 'none')}"
        for name in noticed
        if after.get(name) != before.get(name)
    )


def _ending(_before: State, after: State) -> str:
    ends = after.get("cancel_at") or after.get("ended_at") or after.get("current_period_end")
    return f"ends {_time(ends)}" if ends else ""


def _ended(before: State, after: State) -> str:
    status = f"{before.get('status')} → {after.get('status')}" if after else "replaced by another"
    return f"{status}, {_time(after['ended_at'])}" if after.get("ended_at") else status


def _trial(_before: State, after: State) -> str:
    return f"ends {_time(after['trial_end'])}" if after.get("trial_end") else ""


def _purchase(_before: State, after: State) -> str:
    what = after.get("lookup_key") or after.get("price_id") or ""
    refunded = after.get("amount_refunded")
    given_back = f"{_amount(after, 'amount_refunded')} given back" if refunded else ""
    return ", ".join(filter(None, (what, _amount(after, "amount"), given_back)))


def _drift(_before: State, after: State) -> str:
    return ", ".join(after.get("kinds", ()))


def _amount(state: State, name: str) -> str:
    if name not in state or "currency" not in state:
        return ""
    return Amount(amount=state[name], currency=state["currency"]).text


def _time(seconds: int) -> str:
    return moment(seconds).strftime("%Y-%m-%d %H:%M")


_SUMMARIES: Mapping[str, Callable[[State, State], str]] = {
    "AccessChanged": _access,
    "PaymentSucceeded": _invoice,
    "PaymentFailed": _invoice,
    "PaymentActionRequired": _invoice,
    "PaymentRecovered": _invoice,
    "SubscriptionActivated": _subscription,
    "SubscriptionChanged": _subscription,
    "CancellationScheduled": _ending,
    "CancellationUndone": _subscription,
    "SubscriptionEnded": _ended,
    "TrialEnding": _trial,
    "PurchaseCompleted": _purchase,
    "PurchaseReversed": _purchase,
    "DuplicateSubscriptionFound": _subscription,
    "DriftHealed": _drift,
}

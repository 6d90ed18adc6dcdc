"""Which of Stripe's events start a machine, as the template's rules have it; a test compares them.

For who lists events rather than gets them sent: what no rule wants was never lost.
"""

from collections.abc import Mapping
from typing import Any

from billing.contracts.stripe_events import StripeEvent

#: In groups of at most twenty: more types Stripe's list of events doesn't take at once.
ROUTED_TYPES = (
    (
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.pending_update_applied",
        "customer.subscription.pending_update_expired",
        "customer.subscription.paused",
        "customer.subscription.resumed",
        "customer.subscription.trial_will_end",
        "customer.subscription.deleted",
        "subscription_schedule.aborted",
        "subscription_schedule.canceled",
        "subscription_schedule.completed",
        "subscription_schedule.created",
        "subscription_schedule.expiring",
        "subscription_schedule.released",
        "subscription_schedule.updated",
    ),
    (
        "customer.deleted",
        "customer.updated",
        "invoice.payment_failed",
        "invoice.payment_action_required",
        "invoice.finalization_failed",
        "invoice.overdue",
        "invoice.marked_uncollectible",
        "invoice.paid",
        "invoice.voided",
        "charge.refunded",
        "refund.failed",
        "charge.dispute.created",
        "charge.dispute.closed",
        "payment_method.attached",
        "payment_method.detached",
        "payment_method.updated",
        "payment_method.automatically_updated",
    ),
)


def is_routed(event: StripeEvent) -> bool:
    """Whether a rule wants an event, which is of one of the types above."""
    if event.type.startswith("checkout.session."):
        mode = event.data.object.get("mode")
        return mode == "payment" or (mode == "subscription" and not event.type.endswith(".expired"))
    if event.type == "customer.updated":
        return _changes_default(event.data.previous_attributes or {})
    return True


def _changes_default(before: Mapping[str, Any]) -> bool:
    settings = before.get("invoice_settings")
    in_settings = isinstance(settings, dict) and "default_payment_method" in settings
    return in_settings or "default_source" in before

"""The checkout slot's rules: one open session per user, one trial, one key per operation.

A session's address is handed out only once the slot holds the session, so one that Stripe made but
whose answer was lost can never be paid.
"""

from typing import Any

from billing.domain.errors import AlreadySubscribed
from billing.domain.operation import settled
from billing.domain.record import TERMINAL, CheckoutRequest, CheckoutSlot, Record, Value


class CheckoutPages(Value):
    """Where Stripe sends the customer afterwards."""

    success_url: str
    cancel_url: str


def is_subscribed(record: Record) -> bool:
    """Whether there is a subscription that hasn't ended; one still being paid counts too."""
    return record.subscription is not None and record.subscription.status not in TERMINAL


def refuse_if_subscribed(record: Record) -> None:
    """Refuse a checkout beside a subscription.

    Raises:
        AlreadySubscribed: the subscription is to be changed instead.
    """
    if is_subscribed(record):
        raise AlreadySubscribed(f"the subscription of user {record.user_id} hasn't ended")


def with_one_trial(request: CheckoutRequest, record: Record) -> CheckoutRequest:
    """Leave the trial out where the user had one before."""
    return request.model_copy(update={"trial_days": None}) if record.had_trial else request


def answers(slot: CheckoutSlot, request: CheckoutRequest) -> bool:
    """Whether the slot's session is what ``request`` asks for."""
    return slot.model_dump(exclude={"op_seq", "session_id"}) == request.model_dump()


def reserved(record: Record, request: CheckoutRequest) -> Record:
    """Take the slot for the next operation, before Stripe is called: its number is the slot's."""
    slot = CheckoutSlot(op_seq=record.op_seq, **request.model_dump())
    return _written(settled(record), {"checkout": slot})


def opened(record: Record, slot: CheckoutSlot, session_id: str) -> Record:
    """Note the session that Stripe made."""
    return _written(record, {"checkout": slot.model_copy(update={"session_id": session_id})})


def released(record: Record) -> Record:
    """Free the slot: its session is closed, or Stripe has refused to make one."""
    return _written(record, {"checkout": None})


def customer_params(
    user_id: str, email: str | None, first_name: str | None, last_name: str | None
) -> dict[str, Any]:
    """The parameters of a user's customer: what is known, and whose it is."""
    name = " ".join(part for part in (first_name, last_name) if part)
    known = {"email": email, "name": name}
    return {
        "metadata": {"user_id": user_id},
        **{field: value for field, value in known.items() if value},
    }


def session_params(
    slot: CheckoutSlot, user_id: str, customer_id: str, pages: CheckoutPages
) -> dict[str, Any]:
    """The parameters of the slot's session.

    The user stands in the metadata of session and subscription alike: Stripe copies none of it
    from the one to the other.
    """
    metadata = {**slot.metadata, "user_id": user_id}
    trial = {"trial_period_days": slot.trial_days} if slot.trial_days else {}
    promotion = {"allow_promotion_codes": True} if slot.allow_promotion_codes else {}
    return {
        "mode": "subscription",
        "client_reference_id": user_id,
        "customer": customer_id,
        "line_items": [{"price": slot.price_id, "quantity": slot.quantity}],
        "metadata": metadata,
        "subscription_data": {"metadata": metadata, **trial},
        "success_url": pages.success_url,
        "cancel_url": pages.cancel_url,
        **promotion,
    }


def _written(record: Record, changes: dict[str, Any]) -> Record:
    """The next version of the record."""
    return record.model_copy(update={**changes, "version": record.version + 1})

"""The checkout slot's rules: one open session per user, one trial, one key per operation.

A session's address is handed out only once the slot holds the session, so one that Stripe made but
whose answer was lost can never be paid. One-time purchases take no slot: a user may buy again.
"""

from collections.abc import Mapping
from typing import Any

from billing.domain.errors import AlreadySubscribed, CurrencyMismatch
from billing.domain.operation import settled
from billing.domain.record import TERMINAL, CheckoutRequest, CheckoutSlot, Record, Value

#: Stripe refuses automatic tax for a known customer without an address, unless Checkout may save
#: the one it asks for; later invoices are taxed by it (Stripe, "Collect tax in Checkout").
_AUTOMATIC_TAX = {
    "automatic_tax": {"enabled": True},
    "billing_address_collection": "auto",
    "customer_update": {"address": "auto", "name": "auto"},
}


class CheckoutPages(Value):
    """Where Stripe sends the customer afterwards, and whether it works out the tax."""

    success_url: str
    cancel_url: str
    automatic_tax: bool = False


class PurchaseRequest(Value):
    """What a user wants to buy once."""

    price_id: str
    quantity: int
    metadata: dict[str, str]


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


def refuse_other_currency(customer_id: str, billed_in: str | None, currency: str) -> None:
    """Refuse a price that isn't in the currency that the customer is billed in, if in any yet.

    Raises:
        CurrencyMismatch: it isn't.
    """
    if billed_in not in (None, currency):
        raise CurrencyMismatch(f"customer {customer_id} pays in {billed_in}")


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
    metadata = _metadata(slot.metadata, user_id)
    trial = {"trial_period_days": slot.trial_days} if slot.trial_days else {}
    return {
        "mode": "subscription",
        "line_items": [{"price": slot.price_id, "quantity": slot.quantity}],
        "metadata": metadata,
        "subscription_data": {"metadata": metadata, **trial},
        **_promotion(slot),
        **_common(user_id, customer_id, pages),
    }


def purchase_params(
    request: PurchaseRequest, user_id: str, customer_id: str, pages: CheckoutPages
) -> dict[str, Any]:
    """The parameters of a one-time purchase's session; its payment names the user too."""
    metadata = _metadata(request.metadata, user_id)
    return {
        "mode": "payment",
        "line_items": [{"price": request.price_id, "quantity": request.quantity}],
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        **_common(user_id, customer_id, pages),
    }


def _metadata(said: Mapping[str, str], user_id: str) -> dict[str, str]:
    """What the caller says, and whose it is: that can't be said otherwise."""
    return {**said, "user_id": user_id}


def _promotion(request: CheckoutRequest) -> dict[str, Any]:
    """Stripe takes a discount, or asks the customer for a code, but not both."""
    if request.promotion_code_id is not None:
        return {"discounts": [{"promotion_code": request.promotion_code_id}]}
    return {"allow_promotion_codes": True} if request.allow_promotion_codes else {}


def _common(user_id: str, customer_id: str, pages: CheckoutPages) -> dict[str, Any]:
    return {
        "client_reference_id": user_id,
        "customer": customer_id,
        "success_url": pages.success_url,
        "cancel_url": pages.cancel_url,
        **(_AUTOMATIC_TAX if pages.automatic_tax else {}),
    }


def _written(record: Record, changes: dict[str, Any]) -> Record:
    """The next version of the record."""
    return record.model_copy(update={**changes, "version": record.version + 1})

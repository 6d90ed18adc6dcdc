"""The record: one user's billing state, as stored flat in ``user_scai_subscriptions``.

Field names are the stored attribute names. Amounts are minor currency units, times UTC epoch
seconds, and every period comes from Stripe: nothing here is computed that Stripe computes.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal[
    "incomplete",
    "incomplete_expired",
    "trialing",
    "active",
    "past_due",
    "canceled",
    "unpaid",
    "paused",
]

#: No event changes a subscription that has one of these (Stripe, "How subscriptions work").
TERMINAL: frozenset[Status] = frozenset({"canceled", "incomplete_expired"})
#: In good standing: paid for, or in its trial.
PAID: frozenset[Status] = frozenset({"active", "trialing"})
#: Gives or may regain access. ``incomplete`` isn't live: nothing was ever paid.
LIVE: frozenset[Status] = PAID | {"past_due", "unpaid", "paused"}


class Value(BaseModel):
    """An immutable value with exactly the fields it declares."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Stored(BaseModel):
    """An immutable value that is stored: what a later version has added is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Subscription(Stored):
    """A Stripe subscription, projected to the flat attributes that billing decides by."""

    subscription_id: str
    status: Status
    item_id: str
    price_id: str
    product_id: str
    quantity: int | None = None
    currency: str
    current_period_start: int
    current_period_end: int
    cancel_at: int | None = None
    cancel_at_period_end: bool = False
    canceled_at: int | None = None
    ended_at: int | None = None
    trial_end: int | None = None
    pause_collection: str | None = None
    pending_update_expires_at: int | None = None
    schedule_id: str | None = None
    default_payment_method_id: str | None = None
    latest_invoice_id: str | None = None
    test_clock_id: str | None = None
    subscription_created: int

    @property
    def ending(self) -> bool:
        """Whether it will end: flexible billing sets ``cancel_at`` alone, classic the flag."""
        return self.cancel_at_period_end or self.cancel_at is not None


class Stamp(Value):
    """The interval of Stripe's time at which the stored subscription was true."""

    lo: int
    hi: int

    def raised_to(self, other: "Stamp") -> "Stamp":
        """The later of both on either side: a stamp never falls."""
        return Stamp(lo=max(self.lo, other.lo), hi=max(self.hi, other.hi))


class CheckoutRequest(Stored):
    """What a user wants to subscribe to. Two equal ones are served by the same session."""

    price_id: str
    quantity: int = 1
    trial_days: int | None = None
    allow_promotion_codes: bool = False
    metadata: dict[str, str] = Field(default_factory=dict)


class CheckoutSlot(CheckoutRequest):
    """The one checkout that a user may have open; ``session_id`` is unset until Stripe answered.

    ``op_seq`` is the number of the operation that makes the session. It and the request are stored
    before Stripe is called, so that whoever repeats the call sends the same under the same key.
    """

    op_seq: int
    session_id: str | None = None


class Record(Value):
    """One user's whole billing state. ``version`` is 0 until it is first written."""

    user_id: str
    version: int = 0
    customer_id: str | None = None
    former_customers: tuple[str, ...] = ()
    had_trial: bool = False
    op_seq: int = Field(
        default=0, description="The operation on Stripe that is under way, else the next one."
    )
    checkout: CheckoutSlot | None = None
    subscription: Subscription | None = None
    stamp: Stamp | None = None
    other_live: tuple[Subscription, ...] = Field(
        default=(), description="Further live subscriptions of the same customer: an alarm."
    )
    attention_since: int | None = Field(
        default=None, description="Since when there are further live subscriptions."
    )
    last_event_id: str | None = None
    updated_at: int | None = None

"""The record: one user's billing state, as stored flat in ``user_scai_subscriptions``.

Field names are the stored attribute names. Amounts are minor currency units, times UTC epoch
seconds, and every period comes from Stripe: nothing here is computed that Stripe computes.
"""

from collections.abc import Iterable
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

InvoiceStatus = Literal["draft", "open", "uncollectible", "paid", "void"]
Level = Literal["full", "grace", "restricted", "none"]

#: No event changes a subscription that has one of these (Stripe, "How subscriptions work").
TERMINAL: frozenset[Status] = frozenset({"canceled", "incomplete_expired"})
#: In good standing: paid for, or in its trial.
PAID: frozenset[Status] = frozenset({"active", "trialing"})
#: Gives or may regain access. ``incomplete`` isn't live: nothing was ever paid.
LIVE: frozenset[Status] = PAID | {"past_due", "unpaid", "paused"}
#: Something is owed.
OWING: frozenset[Status] = frozenset({"past_due", "unpaid"})


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
        return self.ends_at is not None

    @property
    def ends_at(self) -> int | None:
        """When it will end, by whichever field says so."""
        at_period_end = self.current_period_end if self.cancel_at_period_end else None
        return self.cancel_at or at_period_end


class Invoice(Stored):
    """An invoice as far as access, dunning and facts need it; ``as_of`` is when Stripe said so.

    ``failed_attempts`` is the last attempt that is known to have failed: Stripe's own count also
    has the one that succeeded. ``error`` is a decline's or a finalization's code.
    """

    invoice_id: str
    subscription_id: str | None = None
    status: InvoiceStatus
    billing_reason: str | None = None
    currency: str
    total: int
    amount_due: int
    amount_paid: int
    attempts: int = 0
    failed_attempts: int = 0
    action_required_attempt: int = 0
    invoice_created: int
    finalized_at: int | None = None
    due_at: int | None = None
    next_attempt_at: int | None = None
    error: str | None = None
    as_of: int

    @property
    def open(self) -> bool:
        """Whether it may still be paid."""
        return self.status in ("draft", "open")

    @property
    def unpaid(self) -> bool:
        """Whether it was to be paid and hasn't been."""
        return self.status in ("open", "uncollectible")

    @property
    def counts(self) -> bool:
        """Whether it bears on access: billed by the subscription's own cycle, and not for nothing.

        One that staff make by hand has no bearing, nor has a trial's.
        """
        return self.total > 0 and self.billing_reason != "manual"

    @property
    def payable_since(self) -> int:
        """When it fell due: by its terms, else at once."""
        return self.due_at or self.finalized_at or self.invoice_created


class Purchase(Stored):
    """A one-time purchase: what was bought, and what of it was given back or taken back.

    ``purchase_id`` is the payment intent's id, or the session's where nothing was to be paid.
    ``dispute`` is the newest dispute's status in Stripe's words. ``lookup_key`` is the price's when
    it was bought: it may pass on to another price.
    """

    purchase_id: str
    session_id: str
    price_id: str | None = None
    lookup_key: str | None = None
    quantity: int | None = None
    currency: str
    amount: int
    status: Literal["pending", "paid", "failed"]
    charge_id: str | None = None
    amount_refunded: int = 0
    dispute: str | None = None
    purchase_created: int

    @property
    def refunded(self) -> bool:
        """Whether all of it was given back."""
        return 0 < self.amount <= self.amount_refunded

    @property
    def dispute_lost(self) -> bool:
        """Whether the bank took it back. An inquiry (``warning_*``) takes nothing."""
        return self.dispute == "lost"

    @property
    def stands(self) -> bool:
        """Whether it was paid and not taken back."""
        return self.status == "paid" and not self.refunded and not self.dispute_lost


class PlannedChange(Stored):
    """What a schedule will make of the plan, and when (UTC seconds)."""

    schedule_id: str
    price_id: str
    quantity: int | None = None
    at: int


class PaymentMethod(Stored):
    """A payment method, and of a card only what may be shown."""

    payment_method_id: str
    type: str
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


class CustomerState(Stored):
    """What Stripe holds of the customer itself."""

    customer_id: str
    deleted: bool = False
    default_payment_method_id: str | None = None
    payment_methods: tuple[PaymentMethod, ...] = ()


class Dunning(Stored):
    """An unpaid invoice of the subscription: since when, when grace ends, and who waits for that.

    ``execution`` is None where nobody does: the invoice's failed event is still on its way.
    """

    invoice_id: str
    since: int
    until: int
    execution: str | None = None


class Stamp(Value):
    """The interval of Stripe's time at which the stored state of an object was true."""

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
    promotion_code_id: str | None = None
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
    planned: PlannedChange | None = Field(
        default=None, description="As the subscription's schedule was when it was last looked at."
    )
    other_live: tuple[Subscription, ...] = Field(
        default=(), description="Further live subscriptions of the same customer: an alarm."
    )
    customer: CustomerState | None = None
    customer_stamp: Stamp | None = None
    invoices: dict[str, Invoice] = Field(
        default_factory=dict, description="By id: all that are open, and the last closed ones."
    )
    purchases: dict[str, Purchase] = Field(default_factory=dict, description="By purchase_id.")
    dunning: Dunning | None = None
    access_level: Level = Field(
        default="none", description="As last announced. Access itself is derived, never stored."
    )
    trial_notice: int | None = Field(
        default=None, description="The end of the trial whose ending Stripe has announced."
    )
    synced_customer_id: str | None = Field(
        default=None, description="The customer of whom everything was listed."
    )
    attention_since: int | None = Field(
        default=None, description="Since when somebody should look at this record."
    )
    last_event_id: str | None = None
    updated_at: int | None = None

    @property
    def other_live_ids(self) -> frozenset[str]:
        """The ids of the further live subscriptions."""
        return frozenset(s.subscription_id for s in self.other_live)

    def invoices_of_subscription(self) -> Iterable[Invoice]:
        """The invoices that bear on the stored subscription's access."""
        if self.subscription is None:
            return ()
        ours = self.subscription.subscription_id
        return (i for i in self.invoices.values() if i.subscription_id == ours and i.counts)

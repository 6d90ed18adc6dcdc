"""The HTTP API's bodies about a subscription. Amounts are integers in minor currency units."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from billing.contracts.api import ApiModel, ApiRequest, Quantity
from billing.domain.plan_change import Effective

PriceId = Annotated[str, Field(min_length=1, max_length=255)]
UserId = Annotated[str, Field(min_length=1, max_length=200)]


class OfUser(ApiRequest):
    """A body that names nothing but its user."""

    user_id: UserId


class PreviewSubscriptionChange(OfUser):
    """The body of ``POST /preview-subscription-change``."""

    new_price_id: PriceId
    quantity: Quantity | None = Field(default=None, description="As it is, if unset")
    effective: Effective | None = Field(
        default=None,
        description="If unset, an upgrade takes effect now and a downgrade by the policy",
    )


class UpdateSubscription(PreviewSubscriptionChange):
    """The body of ``POST /update-subscription``."""

    quote: str | None = Field(
        default=None,
        max_length=4096,
        description="A quote for this very change: exactly its amount is charged, or nothing",
    )


class CancelSubscription(OfUser):
    """The body of ``POST /cancel-subscription``."""

    reason: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="One of Stripe's feedback values, or anything that the customer says",
    )


class Done(ApiModel):
    """It is so."""

    status: Literal["success"] = "success"
    message: str


class ActionRequired(ApiModel):
    """Nothing is done until the customer confirms the payment in their browser, by Stripe.js."""

    status: Literal["requires_action"] = "requires_action"
    message: str
    client_secret: str


class PreviewLine(ApiModel):
    """A line of the invoice that the change makes now; a credit is negative."""

    description: str | None
    amount: int
    proration: bool
    period_start: datetime
    period_end: datetime


class NextInvoice(ApiModel):
    """The first whole period's invoice; what is bought or used until then comes on top."""

    date: datetime
    amount_due: int


class SubscriptionChangePreview(ApiModel):
    """What a change would cost; ``quote`` holds it until ``expiresAt``.

    A negative balance is the customer's credit, which Stripe uses up first; null where Stripe bills
    nothing.
    """

    quote: str
    expires_at: datetime
    effective: Effective
    effective_date: datetime
    proration_date: datetime
    currency: str
    amount_due_now: int
    total: int
    starting_balance: int | None
    ending_balance: int | None
    lines: list[PreviewLine]
    next_invoice: NextInvoice | None = Field(
        description="Null where the subscription ends before there is another"
    )

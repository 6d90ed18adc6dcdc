"""The HTTP API's bodies about a subscription. Amounts are integers in minor currency units."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from billing.contracts.api import ApiModel, OfUser, PriceId, Quantity
from billing.domain.plan_change import Effective


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
    """What a change would cost. Of balances, a negative one is the customer's credit."""

    quote: str = Field(description="Holds this price: send it with POST /update-subscription")
    expires_at: datetime = Field(description="When the quote ends")
    effective: Effective = Field(description="Whether it is a change now or at the period's end")
    effective_date: datetime = Field(description="When the plan changes")
    proration_date: datetime = Field(
        description="The second from which the parts of the period are worked out"
    )
    currency: str
    amount_due_now: int = Field(description="Charged at once, after the balance is used up")
    total: int = Field(
        description="The sum of the lines, before the balance; 0 where nothing is billed now"
    )
    starting_balance: int | None = Field(
        description="The customer's balance before; null where nothing is billed any more"
    )
    ending_balance: int | None = Field(
        description="The customer's balance afterwards; null where nothing is billed now"
    )
    lines: list[PreviewLine] = Field(description="What is billed now; empty where nothing is")
    next_invoice: NextInvoice | None = Field(
        description="Null where the subscription ends before there is another"
    )

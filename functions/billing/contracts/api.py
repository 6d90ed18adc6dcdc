"""The HTTP API's bodies, which existing frontends rely on: camelCase, times ISO 8601 in UTC.

Amounts are integers in minor currency units, but for ``billingHistory.amount``.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.alias_generators import to_camel

from billing.domain.access import Reason
from billing.domain.record import Level, Status

UserId = Annotated[str, Field(min_length=1, max_length=200)]
PriceId = Annotated[str, Field(min_length=1, max_length=255)]

#: Stripe, "Metadata": 50 keys of 40 characters without brackets, values of 500; one key is ours.
MetadataKey = Annotated[str, Field(pattern=r"^[^\[\]]+$", max_length=40)]
MetadataValue = Annotated[
    str,
    Field(strict=False, max_length=500, coerce_numbers_to_str=True),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 500}, {"type": "number"}]}),
]
Metadata = Annotated[
    dict[MetadataKey, MetadataValue],
    Field(max_length=49, json_schema_extra={"additionalProperties": False}),
]


def _whole(value: object) -> object:
    """Take ``2.0`` for 2: to JSON, and to the document, they are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Quantity = Annotated[int, Field(ge=1, le=999_999), BeforeValidator(_whole)]
TrialDays = Annotated[int, Field(ge=1, le=730), BeforeValidator(_whole)]

#: As a customer types it; Stripe's are of letters, digits and dashes.
PromotionCode = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
]


class ApiModel(BaseModel):
    """A body, or a part of one."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ApiRequest(ApiModel):
    """A request's body: of exactly these types, ``"1"`` is no number. Other fields are ignored."""

    model_config = ConfigDict(strict=True)


class OfUser(ApiRequest):
    """A body that names nothing but its user."""

    user_id: UserId


class Done(ApiModel):
    """It is so."""

    status: Literal["success"] = "success"
    message: str


class Health(ApiModel):
    """``GET /health``."""

    status: Literal["ok"] = "ok"
    version: str | None = None


class Plan(ApiModel):
    """A price of the catalogue; ``interval`` is null for one that is paid once."""

    price_id: str
    lookup_key: str
    name: str
    amount: int | None
    currency: str
    interval: str | None = Field(
        description="Stripe's: day, week, month or year", examples=["month", "year"]
    )
    interval_count: int | None = Field(description="Intervals from one bill to the next")


class PublicConfig(ApiModel):
    """``GET /config``; an id is null while Stripe has no active price with that lookup key."""

    public_key: str
    standard_price_id: str | None
    standard_yearly_price_id: str | None
    agency_price_id: str | None
    agency_yearly_price_id: str | None
    self_hosted_price_id: str | None
    prices: list[Plan]


class CurrentUser(ApiModel):
    user_id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    has_paid_for_self_hosted: bool


class PendingChange(ApiModel):
    """A change of plan that is planned for a date."""

    plan_id: str = Field(description="The id of the price that is changed to")
    quantity: int | None
    date: datetime = Field(description="When it takes effect")


class SubscriptionView(ApiModel):
    """A subscription that hasn't ended; ``currentPlanId`` is the price's id."""

    id: str
    status: Status
    current_plan_id: str
    quantity: int | None
    current_period_start: datetime
    current_period_end: datetime
    cancel_at_period_end: bool = Field(description="True however its end was scheduled")
    cancel_at: datetime | None
    trial_end: datetime | None
    pending_change: PendingChange | None


class PaymentMethodView(ApiModel):
    """A payment method; the card's fields are null for any other type."""

    id: str
    type: str = Field(description="Stripe's, such as card or sepa_debit", examples=["card"])
    is_default: bool = Field(
        description="Whether it is charged: the subscription's own, else the customer's default"
    )
    brand: str | None = None
    last4: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None


class BillingHistoryEntry(ApiModel):
    """An invoice; ``amount`` in major currency units is what was paid, or is to be."""

    id: str
    number: str | None
    date: datetime
    amount: float
    currency: str
    status: Literal["open", "paid", "uncollectible", "void"]
    hosted_invoice_url: str | None
    invoice_pdf: str | None


class AccessView(ApiModel):
    """What a user may use at this moment."""

    level: Level = Field(
        description=(
            "full: all that the plan has. grace: the same, though a payment is overdue."
            " restricted: there is a subscription, which isn't paid for or is paused."
            " none: there is no subscription, or nothing of it is left."
        )
    )
    until: datetime | None = Field(
        description="When this level ends, if nothing changes; null where no end is set"
    )
    reason: Reason = Field(
        description=(
            "The subscription's status, as Stripe names it; pause_collection where its collection"
            " is paused, canceled where its end has come, no_subscription where there was none"
        )
    )


class UserAccess(AccessView):
    """``GET /access/{userId}``."""

    current_plan_id: str | None = Field(
        description="The price of the plan that it comes from; null where the level is none"
    )


class Dashboard(ApiModel):
    """``GET /dashboard/{userId}``; ``degraded`` says that Stripe's lists couldn't be read."""

    current_user: CurrentUser
    subscription: SubscriptionView | None
    access: AccessView
    payment_methods: list[PaymentMethodView]
    billing_history: list[BillingHistoryEntry]
    available_plans: list[Plan]
    degraded: bool


class InvoiceView(ApiModel):
    """An invoice that was issued; amounts in minor currency units."""

    id: str
    number: str | None
    date: datetime
    currency: str
    total: int
    amount_due: int
    amount_paid: int
    status: Literal["open", "paid", "uncollectible", "void"]
    hosted_invoice_url: str | None
    invoice_pdf: str | None


class Invoices(ApiModel):
    """``GET /invoices/{userId}``, a page of it."""

    invoices: list[InvoiceView]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last one")


class PortalSessionCreated(ApiModel):
    """Where Stripe's portal waits for its customer: anyone with this address may come in."""

    url: str


class CreateCheckoutSession(OfUser):
    """The body of ``POST /create-checkout-session``."""

    price_id: PriceId
    metadata: Metadata | None = None
    quantity: Quantity = 1
    trial_days: TrialDays | None = None
    allow_promotion_codes: bool = Field(
        default=False, description="Let the customer type a promotion code on Stripe's page"
    )
    promotion_code: PromotionCode | None = Field(
        default=None,
        description="What the customer typed; not together with `allowPromotionCodes`",
    )

    @field_validator("promotion_code")
    @classmethod
    def _one_way_to_give_a_code(cls, code: str | None, others: ValidationInfo) -> str | None:
        if code is not None and others.data.get("allow_promotion_codes"):
            raise ValueError("not together with allowPromotionCodes")
        return code


class CreateOneTimePaymentSession(OfUser):
    """The body of ``POST /create-one-time-payment-session``."""

    price_id: PriceId
    metadata: Metadata | None = None
    quantity: Quantity = 1


class CheckoutSessionCreated(ApiModel):
    session_id: str
    url: str


class CheckoutSessionState(ApiModel):
    """``GET /checkout-session/{id}``; the statuses are Stripe's."""

    session_id: str
    status: str | None = Field(
        description="open, complete or expired; complete doesn't say that it is paid",
        examples=["complete"],
    )
    payment_status: str | None = Field(
        description=(
            "paid, unpaid (a delayed payment is still on its way),"
            " or no_payment_required (there is nothing to pay now)"
        ),
        examples=["paid"],
    )
    subscription: SubscriptionView | None = Field(
        description="The user's, as this checkout left it; null where there is none"
    )

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

from billing.domain.record import Level, Status

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
    interval: str | None
    interval_count: int | None


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

    plan_id: str
    quantity: int | None
    date: datetime


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
    type: str
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
    status: str | None
    hosted_invoice_url: str | None
    invoice_pdf: str | None


class AccessView(ApiModel):
    level: Level
    until: datetime | None
    reason: str


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


class CreatePortalSession(ApiRequest):
    """The body of ``POST /create-portal-session``."""

    user_id: str = Field(min_length=1, max_length=200)


class PortalSessionCreated(ApiModel):
    """Where Stripe's portal waits for its customer: anyone with this address may come in."""

    url: str


class CreateCheckoutSession(ApiRequest):
    """The body of ``POST /create-checkout-session``."""

    price_id: str = Field(min_length=1, max_length=255)
    user_id: str = Field(min_length=1, max_length=200)
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


class CreateOneTimePaymentSession(ApiRequest):
    """The body of ``POST /create-one-time-payment-session``."""

    price_id: str = Field(min_length=1, max_length=255)
    user_id: str = Field(min_length=1, max_length=200)
    metadata: Metadata | None = None
    quantity: Quantity = 1


class CheckoutSessionCreated(ApiModel):
    session_id: str
    url: str


class CheckoutSessionState(ApiModel):
    """``GET /checkout-session/{id}``; the statuses are Stripe's."""

    session_id: str
    status: str | None
    payment_status: str | None
    subscription: SubscriptionView | None

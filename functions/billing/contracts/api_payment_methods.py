"""The HTTP API's bodies about what a customer pays with."""

from typing import Annotated, Literal

from pydantic import Field

from billing.contracts.api import ApiModel, OfUser

#: Cards and sources of Stripe's older APIs are payment methods too. It becomes part of a URL.
PaymentMethodId = Annotated[str, Field(pattern=r"^(pm|card|src)_[A-Za-z0-9_]+$", max_length=255)]


class SetupIntentCreated(ApiModel):
    """What the browser sets a payment method up with, by Stripe.js."""

    client_secret: str


class OfPaymentMethod(OfUser):
    """A body that names a user's payment method."""

    payment_method_id: PaymentMethodId


class DebtToConfirm(ApiModel):
    """The default is set; what is owed is paid once the customer confirms it, by Stripe.js."""

    status: Literal["requires_action"] = "requires_action"
    message: str
    client_secret: str

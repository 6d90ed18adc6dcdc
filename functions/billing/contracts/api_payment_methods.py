"""The HTTP API's bodies about what a customer pays with."""

from typing import Annotated, Literal

from pydantic import Field

from billing.contracts.api import ApiModel

#: Cards and sources of Stripe's older APIs are payment methods too. It becomes part of a URL.
PaymentMethodId = Annotated[str, Field(pattern=r"^(pm|card|src)_[A-Za-z0-9_]+$", max_length=255)]


class CreateSetupIntent(ApiModel):
    """The body of ``POST /create-setup-intent``."""

    user_id: str = Field(min_length=1, max_length=200)


class SetupIntentCreated(ApiModel):
    """What the browser sets a payment method up with, by Stripe.js."""

    client_secret: str


class OnPaymentMethod(ApiModel):
    """The body of the routes that do something with a payment method."""

    user_id: str = Field(min_length=1, max_length=200)
    payment_method_id: PaymentMethodId


class PaymentMethodDone(ApiModel):
    """It is so."""

    status: Literal["success"] = "success"
    message: str


class DebtToConfirm(ApiModel):
    """The default is set; what is owed is paid once the customer confirms it, by Stripe.js."""

    status: Literal["requires_action"] = "requires_action"
    message: str
    client_secret: str

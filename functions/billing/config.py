"""Settings of all functions, from the environment that the template sets, checked once at start."""

import os
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from billing.domain.errors import ConfigurationError
from billing.domain.policy import Policy

Model = TypeVar("Model", bound=BaseModel)


class Settings(BaseModel):
    """What every function may need. One model: the template sets these for all alike."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    users_table: str = Field(alias="USERS_TABLE")
    users_table_key: str = Field(alias="USERS_TABLE_KEY")
    subscriptions_table: str = Field(alias="SUBSCRIPTIONS_TABLE")
    customers_table: str = Field(alias="CUSTOMERS_TABLE")
    events_table: str = Field(alias="EVENTS_TABLE")
    event_bus: str = Field(alias="EVENT_BUS")
    stripe_secret_id: str = Field(alias="STRIPE_SECRET_ID")
    stripe_api_base: str = Field(alias="STRIPE_API_BASE")
    ledger_ttl_days: int = Field(alias="LEDGER_TTL_DAYS", ge=31)
    grace_period_days: int = Field(alias="GRACE_PERIOD_DAYS", ge=0)
    paused_collection_access: Literal["full", "restricted"] = Field(
        alias="PAUSED_COLLECTION_ACCESS"
    )
    partial_refund_access: Literal["keep", "revoke"] = Field(alias="PARTIAL_REFUND_ACCESS")

    @property
    def policy(self) -> Policy:
        """What the business decides and Stripe doesn't."""
        return Policy(
            grace_days=self.grace_period_days,
            paused_collection=self.paused_collection_access,
            partial_refund=self.partial_refund_access,
        )


class ReconcileSettings(Settings):
    """What reconciliation needs besides: how much of Stripe's rate limit it may take."""

    reconcile_requests_per_second: float = Field(alias="RECONCILE_REQUESTS_PER_SECOND", gt=0, le=25)


class TokenSettings(Settings):
    """Which claim of a token says whose it is: for who writes it and who reads it."""

    user_id_claim: str = Field(alias="USER_ID_CLAIM")


class ApiSettings(TokenSettings):
    """What the API needs besides."""

    stripe_publishable_key: str = Field(alias="STRIPE_PUBLISHABLE_KEY")
    checkout_success_url: str = Field(alias="CHECKOUT_SUCCESS_URL")
    checkout_cancel_url: str = Field(alias="CHECKOUT_CANCEL_URL")
    max_trial_days: int = Field(alias="MAX_TRIAL_DAYS", ge=0, le=730)
    automatic_tax: bool = Field(alias="AUTOMATIC_TAX")
    downgrade_effective: Literal["period_end", "now"] = Field(alias="DOWNGRADE_EFFECTIVE")
    billing_page_url: str = Field(alias="BILLING_PAGE_URL", min_length=1)
    idempotency_table: str = Field(alias="IDEMPOTENCY_TABLE")


class MailSettings(Settings):
    """What a mail to a customer needs besides."""

    mail_from: str = Field(alias="MAIL_FROM", min_length=1)
    mail_language: str = Field(alias="MAIL_LANGUAGE", pattern="^[a-z]{2}$")
    product_name: str = Field(alias="PRODUCT_NAME", min_length=1)
    billing_page_url: str = Field(alias="BILLING_PAGE_URL", min_length=1)
    dead_letter_queue: str = Field(alias="MAILS_DEAD_LETTER_QUEUE", min_length=1)


def load(model: type[Model]) -> Model:
    """Read a settings model from the environment.

    Raises:
        ConfigurationError: names every variable that is missing or malformed, and no value.
    """
    try:
        return model.model_validate(dict(os.environ))
    except ValidationError as error:
        wrong = ", ".join(f"{e['loc'][0]} ({e['msg']})" for e in error.errors(include_input=False))
        raise ConfigurationError(f"environment: {wrong}") from None

"""Classify every error of Stripe's SDK into ours: one closed list.

To add a case: name the SDK's class, say what the caller can do about it, and map it to the error
in ``billing.domain.errors`` that says so. Stripe, "Error handling" and "Low-level error handling".
"""

import stripe

from billing.domain.errors import (
    BillingError,
    PaymentDeclined,
    StripeNotFound,
    StripeRejected,
    StripeUnavailable,
)


def classified(error: stripe.StripeError) -> BillingError:
    """Say what an error of Stripe's means for us. Messages carry no customer data."""
    request = f"(request {error.request_id})" if error.request_id else ""
    if isinstance(error, stripe.CardError):
        return PaymentDeclined(error.user_message or "The card was declined.", _decline_code(error))
    if isinstance(error, stripe.RateLimitError):
        return StripeUnavailable(f"Stripe's rate limit was reached {request}", _retry_after(error))
    if isinstance(error, stripe.APIConnectionError):
        return StripeUnavailable("Stripe did not answer")
    status = error.http_status or 500
    if status >= 500 or status == 409 or isinstance(error, stripe.IdempotencyError):
        return StripeUnavailable(
            f"Stripe answered {status} {request}", _retry_after(error), saved=_saved(error)
        )
    return _refusal(error, request)


def _refusal(error: stripe.StripeError, request: str) -> BillingError:
    """Tell apart what Stripe doesn't have. Only a missing payment method goes unnamed."""
    param: str | None = getattr(error, "param", None)
    named = param or "object"
    if error.code == "invoice_upcoming_none":
        return StripeNotFound(f"Stripe will bill nothing more {request}")
    if error.code != "resource_missing":
        refused = f"Stripe refused: {error.http_status} {error.code} {named} {request}"
        return StripeRejected(refused, param)
    if error.http_status == 400 and not param:
        return PaymentDeclined("There is no payment method to charge.", "no_payment_method")
    return StripeNotFound(f"Stripe has no such {named} {request}", param)


def _decline_code(error: stripe.CardError) -> str | None:
    details = error.error
    return (details.decline_code if details else None) or error.code


def _retry_after(error: stripe.StripeError) -> int:
    headers = error.headers or {}
    value = str(headers.get("retry-after", "1"))
    return int(value) if value.isdigit() else 1


def _saved(error: stripe.StripeError) -> bool:
    """Whether the key will never give another answer: Stripe, "Idempotent requests".

    Stripe kept this one for it, or (400) has seen the key with other parameters: an address or a
    setting changed since the try whose answer was lost. A key still in use (409) gives one yet.
    """
    if isinstance(error, stripe.IdempotencyError) and error.http_status == 400:
        return True
    return str((error.headers or {}).get("idempotent-replayed")) == "true"

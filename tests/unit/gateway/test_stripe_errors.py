"""Each of the SDK's errors means one thing for us."""

import pytest
import stripe

from billing.domain.errors import (
    BillingError,
    PaymentDeclined,
    StripeNotFound,
    StripeRejected,
    StripeUnavailable,
)
from billing.gateway.stripe_errors import classified


def declined() -> stripe.CardError:
    body = {"error": {"message": "Your card was declined.", "decline_code": "lost_card"}}
    return stripe.CardError(
        "Your card was declined.", "payment_method", "card_declined", json_body=body
    )


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (stripe.RateLimitError("slow down", http_status=429), StripeUnavailable),
        (stripe.APIConnectionError("reset"), StripeUnavailable),
        (stripe.APIError("oops", http_status=500), StripeUnavailable),
        (stripe.APIError("no status"), StripeUnavailable),
        (stripe.IdempotencyError("in use", http_status=409), StripeUnavailable),
        (stripe.IdempotencyError("other parameters", http_status=400), StripeUnavailable),
        (
            stripe.InvalidRequestError("gone", "id", "resource_missing", http_status=404),
            StripeNotFound,
        ),
        (stripe.InvalidRequestError("bad", "price", http_status=400), StripeRejected),
        (stripe.AuthenticationError("no key", http_status=401), StripeRejected),
        (stripe.PermissionError("not yours", http_status=403), StripeRejected),
        (declined(), PaymentDeclined),
    ],
)
def test_an_error_is_classified(error: stripe.StripeError, meaning: type[BillingError]) -> None:
    assert type(classified(error)) is meaning


def test_a_decline_carries_stripes_code_and_sentence() -> None:
    error = classified(declined())

    assert isinstance(error, PaymentDeclined)
    assert (str(error), error.decline_code) == ("Your card was declined.", "lost_card")


@pytest.mark.parametrize(
    ("error", "saved"),
    [
        (stripe.IdempotencyError("other parameters", http_status=400), True),
        (stripe.IdempotencyError("in use", http_status=409), False),
        (stripe.APIError("kept", http_status=500, headers={"idempotent-replayed": "true"}), True),
        (stripe.APIError("oops", http_status=500), False),
    ],
    ids=str,
)
def test_a_key_that_never_gives_another_answer_says_so(
    error: stripe.StripeError, saved: bool
) -> None:
    meaning = classified(error)

    assert isinstance(meaning, StripeUnavailable)
    assert meaning.saved is saved


def test_a_rate_limit_says_how_long_to_wait() -> None:
    error = classified(
        stripe.RateLimitError("slow down", http_status=429, headers={"retry-after": "7"})
    )

    assert isinstance(error, StripeUnavailable)
    assert error.retry_after == 7


def test_what_stripe_refused_is_named_without_what_was_sent() -> None:
    error = classified(
        stripe.InvalidRequestError("No such price: 'price_private'", "price", http_status=400)
    )

    assert "price_private" not in str(error)
    assert "price" in str(error)

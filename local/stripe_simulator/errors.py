"""Every way in which a request can fail, in the words and the shape that Stripe uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.stripe_simulator.cards import Decline

DOC_URL = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """An answer other than 200: its HTTP status, its headers and the `error` object of its body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers: dict[str, str] = {}
        self.error: dict[str, Any] = {"message": message, "type": kind, **details}
        if param is not None:
            self.error["param"] = param
        if code is not None:
            self.error["code"] = code
            self.error["doc_url"] = DOC_URL + code.replace("_", "-")


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    return StripeError(400, message, param=param, code=code)


def not_simulated(what: str, param: str | None = None) -> StripeError:
    """Refuse what Stripe can do and the simulator can't, rather than ignore it silently."""
    return invalid(f"The local Stripe does not simulate {what}.", param, "not_simulated")


def no_such(kind: str, object_id: str, param: str = "id") -> StripeError:
    """The object is unknown: 404 when the path names it, 400 when a parameter does."""
    name = kind.replace("_", " ").split(".")[-1]
    return StripeError(
        404 if param == "id" else 400,
        f"No such {name}: '{object_id}'",
        code="resource_missing",
        param=param,
    )


def no_such_url(method: str, path: str) -> StripeError:
    return StripeError(
        404,
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs "
        "or we can help at https://support.stripe.com/.",
    )


def api_error() -> StripeError:
    """The simulator itself failed."""
    return StripeError(
        500,
        "Sorry! There was an error while talking to Stripe. Please let us know at "
        "support@stripe.com if this problem persists.",
        kind="api_error",
    )


def missing_key() -> StripeError:
    return StripeError(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization "
        "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
        "https://stripe.com/docs/api#authentication for details, or we can help at "
        "https://support.stripe.com/.",
    )


def wrong_key(key: str) -> StripeError:
    prefix = "_".join(key.split("_")[:2]) + "_" if key.count("_") > 1 else ""
    hidden = key[len(prefix) :]
    shown = hidden[-4:] if len(hidden) > 8 else ""
    masked = prefix + "*" * (len(hidden) - len(shown)) + shown
    return StripeError(401, f"Invalid API Key provided: {masked}")


def publishable_key() -> StripeError:
    return StripeError(
        403,
        "This API call cannot be made with a publishable API key. Please use a secret API key. "
        "You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
        code="secret_key_required",
    )


def other_parameters(key: str) -> StripeError:
    return StripeError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were first "
        f"used with. Try using a key other than '{key}' if you meant to execute a different "
        "request.",
        kind="idempotency_error",
    )


def key_in_use(key: str) -> StripeError:
    return StripeError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that probably "
        f"means you submitted twice, and the other request is still going through): {key}. Please "
        "try again later.",
        code="idempotency_key_in_use",
    )


def rate_limited(reason: str) -> StripeError:
    """Too many requests; `reason` says of what (docs.stripe.com/rate-limits)."""
    error = StripeError(
        429,
        "Testmode request rate limit exceeded, the rate limits in testmode are lower than "
        "livemode. You can learn more about rate limits here https://stripe.com/docs/rate-limits.",
        code="rate_limit",
    )
    error.headers = {"Stripe-Rate-Limited-Reason": reason, "Stripe-Should-Retry": "false"}
    return error


def lock_timeout() -> StripeError:
    return StripeError(
        429,
        "This object cannot be accessed right now because another API request or Stripe process "
        "is currently accessing it. If you see this error intermittently, retry the request. If "
        "you see this error frequently and are making multiple concurrent requests to a single "
        "object, make your requests serially or at a lower rate.",
        code="lock_timeout",
    )


def declined(decline: Decline, **details: Any) -> StripeError:
    """A card's refusal: 402, with the reason in `decline_code` where the network gives one."""
    if decline.decline_code is not None:
        details["decline_code"] = decline.decline_code
    return StripeError(
        402,
        decline.message,
        kind="card_error",
        code=decline.code,
        param=decline.param,
        **details,
    )

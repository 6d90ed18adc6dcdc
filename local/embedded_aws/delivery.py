"""When a delivery to a rule's target is retried, and when it is given up.

The policy is EventBridge's ("Retrying event delivery", EventBridge User Guide): exponential backoff
until the policy's retries or the event's age are exhausted, and no retry of an error that a retry
can't heal. It knows nothing of the package, so that it can be tested alone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

MAX_ATTEMPTS = 185
MAX_AGE_SECONDS = 86_400
# AWS backs off over up to 24 hours; here the shape is kept and the time is not.
FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 30


class DeliveryError(Exception):
    """A target refused an event."""

    def __init__(self, code: str, message: str, *, retryable: bool = False):
        super().__init__(message)
        self.code = code
        self.retryable = retryable


@dataclass(frozen=True)
class Failure:
    """A delivery given up."""

    error: DeliveryError
    attempts: int
    exhausted: str | None


def deliver(
    send: Callable[[], None],
    policy: Json,
    *,
    give_up: Callable[[Failure], None],
    later: Callable[[float, Callable[[], None]], None],
) -> None:
    """Send now, and again `later` by the retry policy, until it succeeds or is given up."""
    most = policy.get("MaximumRetryAttempts", MAX_ATTEMPTS)
    oldest = policy.get("MaximumEventAgeInSeconds", MAX_AGE_SECONDS)
    started = time.monotonic()

    def attempt(retries: int) -> None:
        try:
            send()
        except Exception as error:
            failure = _failure_of(error, retries, most, time.monotonic() - started > oldest)
            if failure:
                give_up(failure)
            else:
                later(_backoff_seconds(retries), lambda: attempt(retries + 1))

    attempt(0)


def _failure_of(error: Exception, retries: int, most: int, too_old: bool) -> Failure | None:  # noqa: FBT001
    """Decide whether a failed attempt was the last."""
    if not isinstance(error, DeliveryError):
        error = DeliveryError("INTERNAL_ERROR", f"{type(error).__name__}: {error}", retryable=True)
    if not error.retryable:
        return Failure(error, retries, None)
    if retries >= most:
        return Failure(error, retries, "MaximumRetryAttempts")
    if too_old:
        return Failure(error, retries, "MaximumEventAgeInSeconds")
    return None


def _backoff_seconds(retries: int) -> float:
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** min(retries, 16), LONGEST_BACKOFF_SECONDS)

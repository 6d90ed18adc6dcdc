"""Faults on demand: what Stripe's API, or the way to it, does wrong now and then.

A rule names requests and what befalls them; the first rule that names a request is used up by
one. Guards that a fault "before" leaves no effect, and that one "after" leaves the whole effect,
with the answer stored under the idempotency key (docs.stripe.com/error-low-level).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from local.stripe_simulator import errors
from local.stripe_simulator.errors import StripeError

Kind = Literal[
    "rate_limit",  # 429
    "lock_timeout",  # 429 too (docs.stripe.com/rate-limits, "Object lock timeouts")
    "idempotency_key_in_use",  # 409
    "error_before",  # 500, nothing was done
    "error_after",  # 500, and it was done: repeating it with the same key gives the 500 again
    "delay",  # answered late: longer than a client waits, it is a timeout
    "reset_before",  # the connection breaks, nothing was done
    "reset_after",  # the connection breaks, and it was done
]


@dataclass
class Fault:
    """A rule: what befalls the requests that it names.

    Args:
        kind: What.
        method: GET, POST or DELETE; all of them unless given.
        path: Of the URL, `*` standing for anything: `/v1/customers/*`.
        times: How many requests; None means all from now on.
        should_retry: What the header `Stripe-Should-Retry` of a refusal says, if it is there.
        seconds: How long a delay is.
    """

    kind: Kind
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    should_retry: bool | None = None
    seconds: float = 0.0

    def names(self, method: str, path: str) -> bool:
        left = self.times is None or self.times > 0
        return left and self.method in ("*", method) and fnmatchcase(path, self.path)

    @property
    def cuts(self) -> bool:
        """Whether the client gets no answer at all."""
        return self.kind in ("reset_before", "reset_after")

    def refusal_before(self, key: str | None) -> StripeError | None:
        """The answer of a request that isn't even begun."""
        if self.kind == "rate_limit":
            return self._telling(errors.rate_limited("global-rate"))
        if self.kind == "lock_timeout":
            return self._telling(errors.lock_timeout())
        if self.kind == "idempotency_key_in_use":
            return self._telling(errors.key_in_use(key or ""))
        if self.kind in ("error_before", "reset_before"):
            return self._telling(errors.api_error())
        return None

    def refusal_after(self) -> StripeError | None:
        """What is answered, and stored, instead of the outcome."""
        return self._telling(errors.api_error()) if self.kind == "error_after" else None

    def _telling(self, error: StripeError) -> StripeError:
        if self.should_retry is not None:
            error.headers["Stripe-Should-Retry"] = str(self.should_retry).lower()
        return error


class Faults:
    """The rules, in the order in which they were added; those that are used up are gone."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._rules)

    def add(self, fault: Fault) -> None:
        self._rules.append(fault)

    def clear(self) -> None:
        self._rules.clear()

    def meet(self, method: str, path: str) -> Fault | None:
        """What befalls this request."""
        for fault in self._rules:
            if fault.names(method, path):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._rules.remove(fault)

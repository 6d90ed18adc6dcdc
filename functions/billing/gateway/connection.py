"""The connection to Stripe: the SDK's client, its retries, its errors, and answers as models."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import stripe
from pydantic import ValidationError

from billing.contracts.stripe_events import explain
from billing.contracts.stripe_objects import StripeObject
from billing.domain.errors import BillingError, ContractViolation, StripeUnavailable
from billing.domain.record import Stamp
from billing.gateway.secrets import SecretReader
from billing.gateway.stripe_errors import classified
from billing.metrics import Metric, measure

Answer = TypeVar("Answer")
Model = TypeVar("Model", bound=StripeObject)
Listed = TypeVar("Listed", bound=stripe.StripeObject)
Params = Mapping[str, Any]

#: To connect, and for each part of an answer.
TIMEOUT_SECONDS = (2, 4)
#: Inside the SDK, with the same idempotency key. The state machine retries beyond it.
NETWORK_RETRIES = 1
#: A call that Stripe doesn't answer ends within these, its retry and the pause before it included.
CALL_SECONDS = 14


class StripeConnection:
    """A client of the official SDK. Errors come as ``billing.domain.errors`` names them."""

    def __init__(
        self,
        secrets: SecretReader,
        api_base: str,
        monotonic: Callable[[], float] = time.monotonic,
        http: stripe.HTTPClient | None = None,
        ends_at: Callable[[], float] = lambda: math.inf,
    ) -> None:
        """Connect; ``ends_at`` is when (on the monotonic clock) who asks must have answered."""
        self._secrets = secrets
        self._api_base = api_base
        self._http = http or stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
        self._monotonic = monotonic
        self._ends_at = ends_at
        self._client = self._connect(secrets.read().api_key.get_secret_value())

    def _call(self, call: Callable[[stripe.StripeClient], Answer]) -> Answer:
        """Make a call; after a 401 once more with the key read anew: a roll loses nothing.

        None begins that might not end in time: better to say so, and be asked again.
        """
        if self._monotonic() + CALL_SECONDS > self._ends_at():
            raise StripeUnavailable("no time is left for another call")
        try:
            return call(self._client)
        except stripe.AuthenticationError as error:
            fresh = self._secrets.refreshed()
            if fresh is None:
                raise _told(error) from error
            self._client = self._connect(fresh.api_key.get_secret_value())
        except stripe.StripeError as error:
            raise _told(error) from error
        with _classified_errors():
            return call(self._client)

    def _connect(self, api_key: str) -> stripe.StripeClient:
        return stripe.StripeClient(
            api_key,
            base_addresses={"api": self._api_base},
            max_network_retries=NETWORK_RETRIES,
            http_client=self._http,
        )

    def _pages(
        self, list_: Callable[[stripe.StripeClient, Any], stripe.ListObject[Listed]], params: Params
    ) -> Iterator[stripe.ListObject[Listed]]:
        """Read a list to its end."""
        wanted = dict(params)
        while True:
            page = self._call(lambda c: list_(c, wanted))
            yield page
            if not page.has_more:
                return
            wanted["starting_after"] = page.data[-1].to_dict()["id"]

    def _stamp(self, started: float, answers: Sequence[stripe.StripeObject]) -> Stamp:
        """From when to when all of the answers were true."""
        dates = [date_of(answer) for answer in answers]
        elapsed = math.ceil(self._monotonic() - started)
        return Stamp(lo=dates[-1] - elapsed, hi=dates[-1] + 1)


@contextmanager
def _classified_errors() -> Iterator[None]:
    try:
        yield
    except stripe.StripeError as error:
        raise _told(error) from error


def _told(error: stripe.StripeError) -> BillingError:
    """Say what an error means for us, and measure those that are no answer."""
    told = classified(error)
    if isinstance(error, stripe.RateLimitError):
        measure(Metric.STRIPE_RATE_LIMITED)
    elif isinstance(told, StripeUnavailable):
        measure(Metric.STRIPE_UNAVAILABLE)
    return told


def parsed(model: type[Model], answer: stripe.StripeObject) -> Model:
    """Read an answer into the contract's model. What is wrong with it is told without its values.

    Raises:
        ContractViolation: it isn't of the shape that the contracts know.
    """
    try:
        return model.model_validate(answer.to_dict())
    except ValidationError as error:
        raise ContractViolation(f"{model.__name__}: {explain(error)}") from None


def listed(model: type[Model], page: stripe.ListObject[Listed]) -> list[Model]:
    return [parsed(model, found) for found in page.data]


def date_of(answer: stripe.StripeObject) -> int:
    """Stripe's clock, from the answer's ``Date`` header (UTC seconds)."""
    response = answer.last_response
    header = response.headers.get("date") if response and response.headers else None
    if not header:
        raise StripeUnavailable("Stripe answered without a Date")
    return int(parsedate_to_datetime(header).timestamp())

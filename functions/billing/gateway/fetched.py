"""An answer of Stripe's with the interval of Stripe's time in which it was true."""

from typing import Generic, TypeVar

from billing.domain.record import Stamp, Value

Read = TypeVar("Read")


class Fetched(Value, Generic[Read]):
    """What Stripe answered, and when that was so by Stripe's clock."""

    value: Read
    stamp: Stamp

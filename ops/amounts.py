"""Amounts and times as ops show them: minor units with what they mean, and moments in UTC."""

from datetime import UTC, datetime
from decimal import Decimal

from pydantic import computed_field

from billing.domain.money import decimals_of
from billing.domain.record import Value


class Amount(Value):
    """An amount in minor units of a currency; ``text`` is how people write it."""

    amount: int
    currency: str

    @computed_field  # type: ignore[prop-decorator]  # mypy knows none of decorated properties
    @property
    def text(self) -> str:
        """Such as ``19.00 USD``; yen have no decimals, dinars three."""
        major = Decimal(self.amount).scaleb(-decimals_of(self.currency))
        return f"{major:,} {self.currency.upper()}"


def moment(seconds: int) -> datetime:
    """The ledger's UTC seconds as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: int | None) -> datetime | None:
    """The same, where there may be none."""
    return None if seconds is None else moment(seconds)

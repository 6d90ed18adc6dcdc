"""What an invoice comes to: discounts, taxes, totals, and what the customer's balance pays of it.

Pure integer arithmetic in minor units. Invariant: every total is the sum of its lines' amounts,
because only a line's amounts are ever rounded. Taxes are rounded half up on each line ("Tax
rates"), after its discounts; half up means away from zero, so a credit undoes its debit exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain

from local.stripe_simulator.store import Json

EXEMPT_REASONS = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


@dataclass(frozen=True)
class Share:
    """What one discount takes off one line."""

    discount: str
    amount: int


@dataclass(frozen=True)
class Tax:
    """What one tax rate takes on one line."""

    rate: str
    amount: int
    inclusive: bool
    taxable: int
    reason: str

    def as_json(self) -> Json:
        return {
            "amount": self.amount,
            "tax_behavior": "inclusive" if self.inclusive else "exclusive",
            "tax_rate_details": {"tax_rate": self.rate},
            "taxability_reason": self.reason,
            "taxable_amount": self.taxable,
            "type": "tax_rate_details",
        }


@dataclass(frozen=True)
class LineAmounts:
    """One line's amounts: `own` discounts are its item's, `shared` ones the invoice's."""

    amount: int
    own: tuple[Share, ...] = ()
    shared: tuple[Share, ...] = ()
    taxes: tuple[Tax, ...] = ()
    subtotal_tax: int = 0  # the inclusive tax in it before the invoice's discounts

    @property
    def discounts(self) -> tuple[Share, ...]:
        return self.own + self.shared

    @property
    def subtotal(self) -> int:
        return self.amount - sum(share.amount for share in self.own)

    @property
    def discounted(self) -> int:
        return self.amount - sum(share.amount for share in self.discounts)

    @property
    def total(self) -> int:
        return self.discounted + sum(tax.amount for tax in self.taxes if not tax.inclusive)

    @property
    def total_excluding_tax(self) -> int:
        return self.total - sum(tax.amount for tax in self.taxes)

    def as_json(self) -> Json:
        """What a line item shows of it."""
        return {
            "discount_amounts": _discount_amounts(self.discounts),
            "pretax_credit_amounts": _pretax_credits(self.discounts),
            "taxes": [tax.as_json() for tax in self.taxes],
        }


@dataclass(frozen=True)
class Settlement:
    """How an invoice is settled: `due` is charged, the balance moves by `applied` and `kept`."""

    due: int
    applied: int
    kept: int  # owed, but too little to charge

    @property
    def change(self) -> int:
        return self.applied + self.kept


def line_amounts(
    amount: int,
    own: Sequence[Share],
    shared: Sequence[Share],
    tax_rates: Sequence[Json],
    tax_exempt: str = "none",
) -> LineAmounts:
    """A line's amounts; `tax_exempt` is the customer's, who pays no tax unless it is "none"."""
    untaxed = LineAmounts(amount, tuple(own), tuple(shared))
    before = taxes(untaxed.subtotal, tax_rates, tax_exempt)
    return LineAmounts(
        amount,
        untaxed.own,
        untaxed.shared,
        taxes(untaxed.discounted, tax_rates, tax_exempt),
        sum(tax.amount for tax in before if tax.inclusive),
    )


def taxes(amount: int, tax_rates: Sequence[Json], tax_exempt: str = "none") -> tuple[Tax, ...]:
    """The taxes in and on `amount`: exclusive ones are on what the inclusive ones leave of it."""
    percentages = [Decimal(str(rate["percentage"])) for rate in tax_rates]
    if tax_exempt != "none":
        percentages = [Decimal(0) for _ in percentages]
    pairs = list(zip(tax_rates, percentages, strict=True))
    within = 100 + sum(percent for rate, percent in pairs if rate["inclusive"])
    included = {
        rate["id"]: _rounded(amount * percent / within)
        for rate, percent in pairs
        if rate["inclusive"]
    }
    taxable = amount - sum(included.values())
    return tuple(
        Tax(
            rate["id"],
            included[rate["id"]] if rate["inclusive"] else _rounded(taxable * percent / 100),
            rate["inclusive"],
            taxable,
            EXEMPT_REASONS.get(tax_exempt, "standard_rated" if percent else "zero_rated"),
        )
        for rate, percent in pairs
    )


def totals(lines: Sequence[LineAmounts]) -> Json:
    """What an invoice of these lines shows."""
    discounts = _summed(chain.from_iterable(line.discounts for line in lines))
    return {
        "subtotal": sum(line.subtotal for line in lines),
        "subtotal_excluding_tax": sum(line.subtotal - line.subtotal_tax for line in lines),
        "total": sum(line.total for line in lines),
        "total_discount_amounts": _discount_amounts(discounts),
        "total_excluding_tax": sum(line.total_excluding_tax for line in lines),
        "total_pretax_credit_amounts": _pretax_credits(discounts),
        "total_taxes": _total_taxes(lines),
    }


def settle(total: int, balance: int, minimum: int) -> Settlement:
    """Settle `total` with the customer's balance (negative is credit, positive is owed).

    What is left below `minimum` can't be charged and is owed on ("Customer credit balance").
    Charged plus kept is always the total less what the balance gave.
    """
    left = total + balance
    if left <= 0:
        return Settlement(due=0, applied=total, kept=0)
    if left < minimum:
        return Settlement(due=0, applied=-balance, kept=left)
    return Settlement(due=left, applied=-balance, kept=0)


def _summed(shares: Iterable[Share]) -> list[Share]:
    amounts: dict[str, int] = {}
    for share in shares:
        amounts[share.discount] = amounts.get(share.discount, 0) + share.amount
    return [Share(discount, amount) for discount, amount in amounts.items()]


def _total_taxes(lines: Sequence[LineAmounts]) -> list[Json]:
    by_rate: dict[tuple[str, str], Tax] = {}
    for tax in chain.from_iterable(line.taxes for line in lines):
        key = (tax.rate, tax.reason)
        before = by_rate.get(key)
        by_rate[key] = tax if before is None else _together(before, tax)
    return [tax.as_json() for tax in by_rate.values()]


def _together(one: Tax, other: Tax) -> Tax:
    return Tax(
        one.rate,
        one.amount + other.amount,
        one.inclusive,
        one.taxable + other.taxable,
        one.reason,
    )


def _discount_amounts(shares: Iterable[Share]) -> list[Json]:
    return [{"amount": share.amount, "discount": share.discount} for share in shares]


def _pretax_credits(shares: Iterable[Share]) -> list[Json]:
    return [
        {
            "amount": share.amount,
            "credit_balance_transaction": None,
            "discount": share.discount,
            "type": "discount",
        }
        for share in shares
    ]


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))

"""Prorations: what the rest of a period is worth, to the second (Stripe's docs: "Prorations").

Pure: amounts in, amounts out. In flexible billing mode a credit gives back what was debited for
the time that is left ("Compare classic and flexible billing mode": the original debited amount,
one credit for each debit); in classic mode it goes by the current price.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from local.stripe_simulator.store import Json

Span = tuple[int, int]  # UTC seconds: from, until


@dataclass(frozen=True)
class Debit:
    """What was billed for a span of an item's time, with its discounts taken off."""

    amount: int
    span: Span
    price: Json
    product_name: str
    quantity: int
    tax_rates: tuple[Json, ...] = ()
    invoice: str | None = None
    line: str | None = None


@dataclass(frozen=True)
class Proration:
    """A line that corrects what was billed: negative gives back, positive bills."""

    amount: int
    description: str
    span: Span
    price: Json
    quantity: int
    tax_rates: tuple[Json, ...] = ()
    credited: Debit | None = None


def share(amount: int, part: Span, whole: Span) -> int:
    """The share of `amount`, which is for `whole`, that falls to `part`: half a unit is one."""
    length = whole[1] - whole[0]
    return (2 * amount * (part[1] - part[0]) + length) // (2 * length)


def credit(debit: Debit, part: Span) -> Proration | None:
    """Give back what was debited for the time of `part`; where nothing was, there is no credit."""
    unused = (max(part[0], debit.span[0]), min(part[1], debit.span[1]))
    if debit.amount <= 0 or unused[0] >= unused[1]:
        return None
    return Proration(
        amount=-share(debit.amount, unused, debit.span),
        description=describe("Unused", debit.quantity, debit.product_name, unused[0]),
        span=unused,
        price=debit.price,
        quantity=debit.quantity,
        tax_rates=debit.tax_rates,
        credited=debit,
    )


def charge(full: Debit, part: Span) -> Proration:
    """Bill the time of `part`, of a period that costs `full`."""
    return Proration(
        amount=share(full.amount, part, full.span),
        description=describe("Remaining", full.quantity, full.product_name, part[0]),
        span=part,
        price=full.price,
        quantity=full.quantity,
        tax_rates=full.tax_rates,
    )


def debit_of(charged: Proration, full: Debit) -> Debit:
    """What a charge leaves behind, to be given back in its turn."""
    return replace(full, amount=charged.amount, span=charged.span)


def credits_of(debits: Iterable[Debit], part: Span) -> list[Proration]:
    """Give back that part of each debit."""
    given = (credit(debit, part) for debit in debits)
    return [each for each in given if each is not None]


def kept(debits: Iterable[Debit], until: int) -> tuple[Debit, ...]:
    """What is left of debits of which all time from `until` on was given back."""
    return tuple(_before(debit, until) for debit in debits if debit.span[0] < until)


def _before(debit: Debit, until: int) -> Debit:
    start, end = debit.span
    if until >= end:
        return debit
    given_back = share(debit.amount, (until, end), debit.span)
    return replace(debit, amount=debit.amount - given_back, span=(start, until))


def describe(kind: str, quantity: int, product_name: str, at: int) -> str:
    """Stripe's words, as in "Unused time on Gold after 09 Dec 2025"."""
    what = product_name if quantity == 1 else f"{quantity} \u00d7 {product_name}"
    return f"{kind} time on {what} after {datetime.fromtimestamp(at, UTC):%d %b %Y}"

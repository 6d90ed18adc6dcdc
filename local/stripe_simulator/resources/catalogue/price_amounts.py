"""What a quantity of a price costs: pure arithmetic, exact until it is rounded to minor units.

Half a minor unit rounds up. Each tier's part of a graduated price is rounded by itself, as Stripe
bills it by itself (Stripe's "Pricing models" guide: package, graduated and volume pricing).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from local.stripe_simulator.money import SYMBOLS, ZERO_DECIMAL, formatted
from local.stripe_simulator.store import Json


def cost(amounts: Json, quantity: int) -> int:
    """What `quantity` costs.

    Args:
        amounts: A price's fields, with its `tiers` (see `prices.amounts`).
        quantity: Of units: seats, or usage.
    """
    if amounts["billing_scheme"] == "per_unit":
        units = packages(quantity, amounts["transform_quantity"])
        return rounded(units * Decimal(amounts["unit_amount_decimal"]))
    if amounts["tiers_mode"] == "volume":
        return _tier_cost(tier_of(amounts["tiers"], quantity), quantity)
    return _graduated(amounts["tiers"], quantity)


def packages(quantity: int, transform: Json | None) -> int:
    """The quantity to bill: as it is, or in packages, of which a begun one may count or not."""
    if transform is None:
        return quantity
    size: int = transform["divide_by"]
    whole, rest = divmod(quantity, size)
    return whole + 1 if rest and transform["round"] == "up" else whole


def tier_of(tiers: list[Json], quantity: int) -> Json:
    """The tier that a quantity falls into."""
    return next(tier for tier in tiers if tier["up_to"] is None or quantity <= tier["up_to"])


def _graduated(tiers: list[Json], quantity: int) -> int:
    """Each unit costs what its own tier says; the first tier's flat amount is always due."""
    total, below = 0, 0
    for tier in tiers:
        end = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        total += _tier_cost(tier, end - below)
        if quantity == end:
            break
        below = end
    return total


def _tier_cost(tier: Json, units: int) -> int:
    unit, flat = (Decimal(tier[f"{part}_amount_decimal"] or 0) for part in ("unit", "flat"))
    return rounded(units * unit) + rounded(flat)


def rounded(exact: Decimal) -> int:
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def decimal_text(amount: Decimal | int) -> str:
    """An amount as the API writes it: without an exponent or trailing zeros."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fields(given: dict[str, Any], part: str) -> Json:
    """`unit_amount` or `flat_amount` in both notations; whole ones as integers too."""
    exact = given.get(f"{part}_amount_decimal", given.get(f"{part}_amount"))
    whole = exact is not None and exact == int(exact)
    return {
        f"{part}_amount": int(exact) if whole and exact is not None else None,
        f"{part}_amount_decimal": None if exact is None else decimal_text(exact),
    }


def each(amounts: Json, quantity: int = 1) -> str:
    """How a price is told on an invoice: "at $19.00", "at $5.00 per 10", "Tier 2 at $4.00"."""
    if amounts["billing_scheme"] == "per_unit":
        words = f"at {_in_words(amounts['unit_amount_decimal'], amounts['currency'])}"
        transform = amounts["transform_quantity"]
        return f"{words} per {transform['divide_by']}" if transform else words
    tier = tier_of(amounts["tiers"], quantity)
    number = amounts["tiers"].index(tier) + 1
    unit = tier["unit_amount_decimal"] or tier["flat_amount_decimal"]
    return f"Tier {number} at {_in_words(unit, amounts['currency'])}"


def _in_words(amount: str, code: str) -> str:
    """An amount for people to read, with all of its fractions: "$0.0035"."""
    exact = Decimal(amount)
    if exact == int(exact):
        return formatted(int(exact), code)
    text = decimal_text(exact if code in ZERO_DECIMAL else exact / 100)
    symbol = SYMBOLS.get(code)
    return f"{symbol}{text}" if symbol else f"{text} {code.upper()}"

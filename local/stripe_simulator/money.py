"""Amounts: integers in the currency's minor unit, which some currencies don't have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Field

ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905 - a list of words
)
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def _currency(value: Any, path: str) -> str:
    code = str(value).lower()
    if len(code) != 3 or not code.isalpha():
        raise invalid(f"Invalid currency: {value}.", path)
    return code


currency = Field(_currency)


def formatted(amount: int, code: str) -> str:
    """An amount for people to read: "$19.00", "¥1900", "19.00 CHF"."""
    number = str(amount) if code in ZERO_DECIMAL else f"{Decimal(amount) / 100:,.2f}"
    symbol = SYMBOLS.get(code)
    return f"{symbol}{number}" if symbol else f"{number} {code.upper()}"

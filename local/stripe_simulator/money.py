"""Amounts: integers in the currency's minor unit, which some currencies don't have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Field

ZERO_DECIMAL = frozenset(
    "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split()  # noqa: SIM905 - a list of words
)
# What is too little to charge ("Minimum and maximum charge amounts").
MINIMUM_CHARGE = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def _currency(value: Any, path: str) -> str:
    code = str(value).lower()
    if len(code) != 3 or not code.isalpha():
        raise invalid(f"Invalid currency: {value}.", path)
    return code


currency = Field(_currency)


def minimum_charge(code: str) -> int:
    """The least that can be charged, in minor units; for unlisted currencies about as much."""
    return MINIMUM_CHARGE.get(code, 50)


def formatted(amount: int, code: str) -> str:
    """An amount for people to read: "$19.00", "-$19.00", "¥1900", "19.00 CHF"."""
    sign, size = ("-", -amount) if amount < 0 else ("", amount)
    number = str(size) if code in ZERO_DECIMAL else f"{Decimal(size) / 100:,.2f}"
    symbol = SYMBOLS.get(code)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {code.upper()}"

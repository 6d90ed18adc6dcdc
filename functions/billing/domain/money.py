"""Amounts in major currency units, for the one place where people's software expects them."""

from decimal import Decimal

#: Stripe, "Supported currencies": their amounts have no minor unit. (UGX and ISK have none either,
#: but Stripe keeps two decimals for them.)
ZERO_DECIMAL = frozenset(
    {
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"),
    }
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])


def decimals_of(currency: str) -> int:
    """How many decimals Stripe's integer amounts of this currency carry."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def major_units(amount: int, currency: str) -> float:
    """Convert minor units: 2900 usd is 29.0, 2900 jpy is 2900.0."""
    return float(Decimal(amount).scaleb(-decimals_of(currency)))

"""Amounts in major units."""

import pytest

from billing.domain.money import major_units


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (2900, "usd", 29.0),
        (1, "eur", 0.01),
        (-550, "gbp", -5.5),
        (2900, "jpy", 2900.0),
        (2900, "kwd", 2.9),
        (500, "ugx", 5.0),
        (0, "usd", 0.0),
    ],
)
def test_minor_units_become_major_ones_by_the_currencys_decimals(
    amount: int, currency: str, expected: float
) -> None:
    assert major_units(amount, currency) == expected

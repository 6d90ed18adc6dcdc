"""Prices in packages, by tiers, of fractions, in several currencies; a product's own price."""

from __future__ import annotations

from typing import Any

import pytest

from local.stripe_simulator.resources.catalogue import price_amounts, prices
from tests.unit.stripe_simulator.account import Account, Json

TIERS = [
    {"up_to": 5, "unit_amount": 700, "flat_amount": 1000},
    {"up_to": 10, "unit_amount": 650},
    {"up_to": "inf", "unit_amount_decimal": "600.5", "flat_amount": 200},
]


def make(stripe: Account, **params: Any) -> Json:
    given = {"currency": "usd", "product_data": {"name": "Standard"}, **params}
    return stripe.post("/v1/prices", **given)


def tiered(stripe: Account, mode: str) -> Json:
    return make(stripe, billing_scheme="tiered", tiers=TIERS, tiers_mode=mode)


def cost(stripe: Account, price: Json, quantity: int, code: str | None = None) -> int:
    return prices.cost(stripe.engine.world, price, quantity, code)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(0, 1000), (1, 1700), (5, 4500), (6, 5150), (10, 7750), (11, 7750 + 601 + 200)],
)
def test_each_unit_of_a_graduated_price_costs_what_its_tier_says(
    stripe: Account, quantity: int, expected: int
) -> None:
    assert cost(stripe, tiered(stripe, "graduated"), quantity) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"), [(0, 1000), (5, 4500), (6, 3900), (11, 6606 + 200)]
)
def test_all_units_of_a_volume_price_cost_what_the_last_tier_says(
    stripe: Account, quantity: int, expected: int
) -> None:
    assert cost(stripe, tiered(stripe, "volume"), quantity) == expected


@pytest.mark.parametrize(
    ("direction", "quantity", "expected"), [("up", 11, 1000), ("down", 19, 500), ("up", 0, 0)]
)
def test_a_package_counts_when_it_is_begun_or_when_it_is_full(
    stripe: Account, direction: str, quantity: int, expected: int
) -> None:
    transform = {"divide_by": 10, "round": direction}
    price = make(stripe, unit_amount=500, transform_quantity=transform)
    assert cost(stripe, price, quantity) == expected


def test_fractions_of_a_minor_unit_round_once_and_half_up(stripe: Account) -> None:
    price = make(stripe, unit_amount_decimal="0.5")
    assert (price["unit_amount"], price["unit_amount_decimal"]) == (None, "0.5")
    assert [cost(stripe, price, quantity) for quantity in (1, 2, 3)] == [1, 1, 2]


def test_tiers_are_shown_when_they_are_expanded(stripe: Account) -> None:
    price = tiered(stripe, "graduated")
    assert "tiers" not in price
    expanded = stripe.get(f"/v1/prices/{price['id']}", expand=["tiers"])
    assert expanded["tiers"][2] == {
        "flat_amount": 200,
        "flat_amount_decimal": "200",
        "unit_amount": None,
        "unit_amount_decimal": "600.5",
        "up_to": None,
    }


@pytest.mark.parametrize(
    "tiers",
    [
        [{"up_to": 5, "unit_amount": 1}],
        [{"up_to": 5, "unit_amount": 1}, {"up_to": 5, "unit_amount": 1}, TIERS[2]],
        [{"up_to": "inf", "unit_amount": 1}, TIERS[2]],
        [{"up_to": "inf"}],
    ],
)
def test_tiers_must_reach_on_and_cost_something(stripe: Account, tiers: list[Json]) -> None:
    stripe.refused("POST", "/v1/prices", 400, currency="usd", product_data={"name": "Standard"},
                   billing_scheme="tiered", tiers_mode="volume", tiers=tiers)  # fmt: skip


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"billing_scheme": "tiered", "tiers_mode": "volume"}, "tiers"),
        ({"tiers": TIERS, "unit_amount": 1}, "tiers"),
        ({"unit_amount": 1, "unit_amount_decimal": "1"}, "unit_amount"),
        ({"custom_unit_amount": {"enabled": "true"}}, "custom_unit_amount"),
        ({"unit_amount": 1, "recurring": {"interval": "month", "usage_type": "metered"}},
         "recurring[meter]"),
    ],
)  # fmt: skip
def test_what_does_not_make_a_price_is_refused(stripe: Account, params: Json, param: str) -> None:
    error = stripe.refused(
        "POST", "/v1/prices", 400, currency="usd", product_data={"name": "Standard"}, **params
    )
    assert error["param"] == param


def test_a_price_may_be_offered_in_other_currencies(stripe: Account) -> None:
    price = make(stripe, unit_amount=1900, currency_options={"eur": {"unit_amount": 1700}})
    assert cost(stripe, price, 2, "eur") == 3400
    path = f"/v1/prices/{price['id']}"
    stripe.post(path, currency_options={"jpy": {"unit_amount": 2900}})
    options = stripe.get(path, expand=["currency_options"])["currency_options"]
    amounts = {code: option["unit_amount"] for code, option in options.items()}
    assert amounts == {"usd": 1900, "eur": 1700, "jpy": 2900}
    with pytest.raises(Exception, match="only supports `usd`"):
        cost(stripe, price, 1, "gbp")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"unit_amount": 1900}, "at $19.00"),
        ({"unit_amount_decimal": "0.35"}, "at $0.0035"),
        (
            {"unit_amount": 500, "transform_quantity": {"divide_by": 10, "round": "up"}},
            "at $5.00 per 10",
        ),
        ({"billing_scheme": "tiered", "tiers": TIERS, "tiers_mode": "volume"}, "Tier 2 at $6.50"),
    ],
)
def test_a_price_is_told_in_words(stripe: Account, params: Json, words: str) -> None:
    amounts = prices.amounts(stripe.engine.world, make(stripe, **params))
    assert price_amounts.each(amounts, 6) == words


def test_a_product_comes_with_its_default_price(stripe: Account) -> None:
    product = stripe.post(
        "/v1/products",
        name="Standard",
        default_price_data={
            "currency": "usd",
            "unit_amount": 1900,
            "recurring": {"interval": "month"},
        },
        expand=["default_price"],
    )
    price = product["default_price"]
    assert (price["product"], price["unit_amount"]) == (product["id"], 1900)
    error = stripe.refused("POST", f"/v1/prices/{price['id']}", 400, active="false")
    assert error["param"] == "active"
    stripe.post(f"/v1/products/{product['id']}", default_price="")
    assert not stripe.post(f"/v1/prices/{price['id']}", active="false")["active"]


def test_a_default_price_is_one_of_the_products_own(stripe: Account) -> None:
    mine, other = stripe.price(), stripe.price()
    path = f"/v1/products/{mine['product']}"
    assert stripe.post(path, default_price=mine["id"])["default_price"] == mine["id"]
    stripe.refused("POST", path, 400, default_price=other["id"])


@pytest.mark.parametrize("path", ["/v1/products/search", "/v1/prices/search"])
def test_search_is_refused_clearly(stripe: Account, path: str) -> None:
    error = stripe.refused("GET", path, 400, query="active:'true'", limit=3)
    assert error["code"] == "not_simulated"

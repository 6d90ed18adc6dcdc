"""What is sold, and for how much."""

import pytest

from tests.unit.stripe_simulator.account import Account


def test_a_product_is_created_changed_listed_and_deleted(stripe: Account) -> None:
    product = stripe.post("/v1/products", name="Standard", metadata={"tier": "1"})
    path = f"/v1/products/{product['id']}"
    changed = stripe.post(path, name="Plus", metadata={"tier": "", "new": "yes"})
    assert (changed["name"], changed["metadata"]) == ("Plus", {"new": "yes"})
    stripe.post("/v1/products", name="Old", active="false")
    active = stripe.get("/v1/products", active="true")
    assert [each["name"] for each in active["data"]] == ["Plus"]
    assert stripe.delete(path)["deleted"] is True
    stripe.refused("GET", path, 404)


def test_a_product_may_have_an_id_of_ones_own_but_only_once(stripe: Account) -> None:
    assert stripe.post("/v1/products", id="standard", name="Standard")["id"] == "standard"
    error = stripe.refused("POST", "/v1/products", 400, id="standard", name="Again")
    assert error["code"] == "resource_already_exists"


def test_a_product_with_prices_can_not_be_deleted(stripe: Account) -> None:
    stripe.refused("DELETE", f"/v1/products/{stripe.price()['product']}", 400)


def test_a_recurring_price_says_its_interval(stripe: Account) -> None:
    price = stripe.price(19000, "year")
    assert (price["type"], price["unit_amount_decimal"]) == ("recurring", "19000")
    assert price["recurring"]["interval"] == "year"
    assert stripe.price(500, None)["recurring"] is None


def test_a_price_can_bring_its_product(stripe: Account) -> None:
    price = stripe.post(
        "/v1/prices", currency="EUR", unit_amount=500, product_data={"name": "Agency"}
    )
    assert price["currency"] == "eur"
    assert stripe.get(f"/v1/products/{price['product']}")["name"] == "Agency"


def test_the_amount_of_a_price_never_changes(stripe: Account) -> None:
    error = stripe.refused("POST", f"/v1/prices/{stripe.price()['id']}", 400, unit_amount=1)
    assert error["code"] == "parameter_unknown"


def test_a_lookup_key_finds_its_price(stripe: Account) -> None:
    price = stripe.price(lookup_key="standard_monthly")
    stripe.price(lookup_key="standard_yearly")
    found = stripe.get("/v1/prices", lookup_keys=["standard_monthly", "none"])
    assert [each["id"] for each in found["data"]] == [price["id"]]


def test_a_lookup_key_belongs_to_one_price_until_it_is_transferred(stripe: Account) -> None:
    old = stripe.price(lookup_key="standard_monthly")
    taken = {"currency": "usd", "unit_amount": 1, "product": old["product"]}
    stripe.refused("POST", "/v1/prices", 400, **taken, lookup_key="standard_monthly")
    new = stripe.price(2900, lookup_key="standard_monthly", transfer_lookup_key="true")
    assert stripe.get(f"/v1/prices/{old['id']}")["lookup_key"] is None
    found = stripe.get("/v1/prices", lookup_keys=["standard_monthly"])
    assert [each["id"] for each in found["data"]] == [new["id"]]


def test_prices_are_filtered_by_what_they_are(stripe: Account) -> None:
    monthly, once = stripe.price(), stripe.price(500, None)
    stripe.post(f"/v1/prices/{monthly['id']}", active="false")
    for filters, expected in (
        ({"active": "false"}, [monthly]),
        ({"type": "one_time"}, [once]),
        ({"product": monthly["product"]}, [monthly]),
        ({"recurring": {"interval": "month"}}, [monthly]),
    ):
        found = stripe.get("/v1/prices", **filters)
        assert [each["id"] for each in found["data"]] == [each["id"] for each in expected]


def test_an_inactive_price_can_not_be_bought(stripe: Account) -> None:
    price = stripe.price(active="false")
    stripe.refused("POST", "/v1/checkout/sessions", 400, mode="subscription",
                   success_url="https://x.example",
                   line_items=[{"price": price["id"], "quantity": 1}])  # fmt: skip


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e99", "²", "1" * 15])
def test_an_amount_must_be_a_plain_number_that_stripe_can_charge(
    stripe: Account, amount: str
) -> None:
    error = stripe.refused("POST", "/v1/prices", 400, currency="usd", unit_amount_decimal=amount,
                           product_data={"name": "Standard"})  # fmt: skip
    assert error["param"] == "unit_amount_decimal"

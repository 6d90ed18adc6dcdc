"""Coupons, promotion codes, and what they take off."""

from decimal import Decimal

import pytest

from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.resources.catalogue import discounts
from local.stripe_simulator.resources.catalogue.discounts import Priced, Purchase, Reduction
from tests.unit.stripe_simulator.account import DAY, START, Account, Json


def percent(off: str, *products: str) -> Reduction:
    return Reduction("di_percent", Decimal(off), None, frozenset(products))


def amount(off: int, *products: str) -> Reduction:
    return Reduction("di_amount", None, off, frozenset(products))


def purchase(**given: object) -> Purchase:
    known: Json = {"customer": None, "currency": "usd", "products": frozenset({"prod_1"})}
    return Purchase(**{**known, **given})


@pytest.mark.parametrize(
    ("amounts", "reductions", "taken"),
    [
        ([1900], [percent("25")], [[475]]),
        ([1990], [percent("25")], [[498]]),  # 497.5 is rounded up
        ([1000], [percent("33.33")], [[333]]),
        ([100, 100, 100], [amount(100)], [[34], [33], [33]]),
        ([1, 2], [amount(1)], [[0], [1]]),
        ([500], [amount(900)], [[500]]),
        ([1000], [amount(200), percent("50")], [[200, 400]]),
        ([1000], [percent("50"), amount(200)], [[500, 200]]),
        ([100], [percent("100"), amount(5)], [[100, 0]]),
        ([1000, -400], [percent("10")], [[100], [0]]),
        ([0, 0], [amount(100)], [[0], [0]]),
        ([], [percent("10")], []),
    ],
)
def test_reductions_act_in_turn_on_what_is_left_and_add_up(
    amounts: list[int], reductions: list[Reduction], taken: list[list[int]]
) -> None:
    assert discounts.apply([Priced(each) for each in amounts], reductions) == taken


def test_a_reduction_may_be_for_some_products_only() -> None:
    lines = [Priced(1000, "prod_a"), Priced(3000, "prod_b"), Priced(500)]
    assert discounts.apply(lines, [percent("10", "prod_b")]) == [[0], [300], [0]]
    assert discounts.apply(lines, [amount(5000, "prod_a", "prod_b")]) == [[1000], [3000], [0]]


def test_a_coupon_is_created_changed_listed_and_deleted(stripe: Account) -> None:
    coupon = stripe.post("/v1/coupons", id="SPRING", percent_off="12.5", name="Spring")
    assert (coupon["percent_off"], coupon["duration"], coupon["valid"]) == (12.5, "once", True)
    assert "applies_to" not in coupon
    renamed = stripe.post("/v1/coupons/SPRING", name="Summer", metadata={"a": "b"})
    assert (renamed["name"], renamed["metadata"]) == ("Summer", {"a": "b"})
    assert stripe.get("/v1/coupons")["data"] == [renamed]
    assert stripe.delete("/v1/coupons/SPRING") == {
        "id": "SPRING",
        "object": "coupon",
        "deleted": True,
    }
    assert stripe.refused("GET", "/v1/coupons/SPRING", 404)["code"] == "resource_missing"
    assert stripe.event_types() == ["coupon.created", "coupon.updated", "coupon.deleted"]
    assert stripe.post("/v1/coupons", id="SPRING", percent_off=5)["percent_off"] == 5


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "percent_off"),
        ({"percent_off": 0}, "percent_off"),
        ({"percent_off": 101}, "percent_off"),
        ({"percent_off": 5, "amount_off": 5, "currency": "usd"}, "percent_off"),
        ({"amount_off": 5}, "currency"),
        ({"percent_off": 5, "currency_options": {"eur": {"amount_off": 1}}}, "currency_options"),
        ({"percent_off": 5, "duration": "repeating"}, "duration_in_months"),
        ({"percent_off": 5, "duration_in_months": 3}, "duration_in_months"),
        ({"percent_off": 5, "redeem_by": START}, "redeem_by"),
        ({"percent_off": 5, "applies_to": {"products": ["prod_no"]}}, "applies_to[products][0]"),
    ],
)
def test_terms_that_make_no_sense_are_refused(stripe: Account, params: Json, param: str) -> None:
    assert stripe.refused("POST", "/v1/coupons", 400, **params)["param"] == param


def test_a_coupons_id_is_taken_once(stripe: Account) -> None:
    stripe.post("/v1/coupons", id="A", percent_off=5)
    error = stripe.refused("POST", "/v1/coupons", 400, id="A", percent_off=5)
    assert error["code"] == "resource_already_exists"


def test_what_a_coupon_applies_to_is_shown_when_expanded(stripe: Account) -> None:
    product = stripe.price()["product"]
    coupon = stripe.post(
        "/v1/coupons",
        amount_off=500,
        currency="usd",
        currency_options={"eur": {"amount_off": 450}},
        applies_to={"products": [product]},
        expand=["applies_to", "currency_options"],
    )
    assert coupon["applies_to"] == {"products": [product]}
    options = {"usd": {"amount_off": 500}, "eur": {"amount_off": 450}}
    assert coupon["currency_options"] == options


def code(stripe: Account, coupon: Json | None = None, **params: object) -> Json:
    coupon = coupon or stripe.post("/v1/coupons", percent_off=10)
    promotion = {"type": "coupon", "coupon": coupon["id"]}
    return stripe.post("/v1/promotion_codes", promotion=promotion, **params)


def test_a_promotion_code_is_found_whatever_its_case(stripe: Account) -> None:
    made = code(stripe, code="Spring-26", metadata={"a": "b"})
    assert made["active"] is True
    assert stripe.get("/v1/promotion_codes", code="sPRING-26")["data"] == [made]
    assert stripe.get("/v1/promotion_codes", active="false")["data"] == []
    promotion = {"type": "coupon", "coupon": made["promotion"]["coupon"]}
    error = stripe.refused(
        "POST", "/v1/promotion_codes", 400, promotion=promotion, code="SPRING-26"
    )
    assert error["code"] == "resource_already_exists"


def test_a_code_ends_with_its_coupon(stripe: Account) -> None:
    made = code(stripe)
    stripe.delete(f"/v1/coupons/{made['promotion']['coupon']}")
    assert stripe.get(f"/v1/promotion_codes/{made['id']}")["active"] is False
    path = f"/v1/promotion_codes/{made['id']}"
    assert stripe.refused("POST", path, 400, active="true")["param"] == "active"


def test_a_code_can_be_turned_off_and_on(stripe: Account) -> None:
    path = f"/v1/promotion_codes/{code(stripe)['id']}"
    assert stripe.post(path, active="false")["active"] is False
    assert stripe.post(path, active="true")["active"] is True


def refusal(stripe: Account, given: Json, order: Purchase) -> Json:
    with pytest.raises(StripeError) as refused:
        discounts.redeem(stripe.engine.world, [given], order, invoice="in_1")
    return refused.value.error


def test_an_expired_or_used_up_coupon_is_refused(stripe: Account) -> None:
    expiring = stripe.post("/v1/coupons", percent_off=10, redeem_by=START + DAY)
    scarce = stripe.post("/v1/coupons", percent_off=10, max_redemptions=1)
    world = stripe.engine.world
    discounts.redeem(world, [{"coupon": scarce["id"]}], purchase(), invoice="in_1")
    stripe.wait(DAY)
    for coupon in (expiring, scarce):
        error = refusal(stripe, {"coupon": coupon["id"]}, purchase())
        assert error["message"] == f"Coupon expired: {coupon['id']}"
        assert (error["code"], error["param"]) == ("coupon_expired", "discounts[0][coupon]")
        assert stripe.get(f"/v1/coupons/{coupon['id']}")["valid"] is False


def test_an_amount_is_for_its_currencies_only(stripe: Account) -> None:
    options = {"eur": {"amount_off": 450}}
    coupon = stripe.post("/v1/coupons", amount_off=5, currency="usd", currency_options=options)
    error = refusal(stripe, {"coupon": coupon["id"]}, purchase(currency="gbp"))
    assert "currency" in error["message"]
    made = discounts.redeem(
        stripe.engine.world, [{"coupon": coupon["id"]}], purchase(currency="eur"), invoice="in_1"
    )
    (reduction,) = discounts.reductions(stripe.engine.world, [made[0]["id"]], "eur")
    assert reduction.amount_off == 450


def test_a_coupon_for_other_products_is_refused(stripe: Account) -> None:
    applies_to = {"products": [stripe.price()["product"]]}
    coupon = stripe.post("/v1/coupons", percent_off=5, applies_to=applies_to)
    assert "products" in refusal(stripe, {"coupon": coupon["id"]}, purchase())["message"]


def test_a_code_keeps_to_its_restrictions(stripe: Account) -> None:
    owner, other = stripe.customer(None), stripe.customer()
    stripe.post("/v1/payment_intents", amount=500, currency="usd", customer=other["id"],
                payment_method=other["invoice_settings"]["default_payment_method"],
                confirm="true")  # fmt: skip
    first = {"first_time_transaction": "true"}
    minimum = {"minimum_amount": 2000, "minimum_amount_currency": "usd"}
    for params, order, reason in (
        ({"active": "false"}, {}, "it is inactive"),
        ({"customer": owner["id"]}, {"customer": other["id"]}, "it belongs to another customer"),
        ({"restrictions": first}, {"customer": other["id"]},
         "the associated customer has prior transactions"),
        ({"restrictions": minimum}, {"amount": 1999},
         "the minimum amount of $20.00 is not reached"),
        ({"expires_at": START + DAY}, {}, "it has expired"),
    ):  # fmt: skip
        made = code(stripe, **params)
        stripe.wait(DAY if "expires_at" in params else 0)
        error = refusal(stripe, {"promotion_code": made["id"]}, purchase(**order))
        expected = f"This promotion code cannot be redeemed because {reason}."
        assert error["message"] == expected
        assert error["param"] == "discounts[0][promotion_code]"


def test_a_used_up_code_is_refused_and_inactive(stripe: Account) -> None:
    made = code(stripe, max_redemptions=1)
    given = {"promotion_code": made["id"]}
    discounts.redeem(stripe.engine.world, [given], purchase(), invoice="in_1")
    now = stripe.get(f"/v1/promotion_codes/{made['id']}")
    assert (now["times_redeemed"], now["active"]) == (1, False)
    assert "maximum number" in refusal(stripe, given, purchase())["message"]


def test_a_minimum_is_no_good_where_the_amount_may_change(stripe: Account) -> None:
    minimum = {"minimum_amount": 2000, "minimum_amount_currency": "usd"}
    made = code(stripe, restrictions=minimum)
    error = refusal(stripe, {"promotion_code": made["id"]}, purchase())
    assert "on a subscription update" in error["message"]


def test_refused_nothing_is_counted(stripe: Account) -> None:
    coupon = stripe.post("/v1/coupons", percent_off=5)
    given = [{"coupon": coupon["id"]}, {"coupon": "none"}]
    with pytest.raises(StripeError, match="No such coupon: 'none'"):
        discounts.redeem(stripe.engine.world, given, purchase(), invoice="in_1")
    assert stripe.get(f"/v1/coupons/{coupon['id']}")["times_redeemed"] == 0


def held(stripe: Account, **coupon: object) -> tuple[Json, Json]:
    """A subscription with a discount: (it, its discount)."""
    subscription = stripe.subscribe()
    made = stripe.post("/v1/coupons", **coupon)
    world = stripe.engine.world
    (discount,) = discounts.redeem(
        world,
        [{"coupon": made["id"]}],
        purchase(customer=subscription["customer"]),
        subscription=subscription["id"],
    )
    world.store.update(subscription, discounts=[discount["id"]])
    world.publish_events()
    return subscription, discount


def discounts_of(stripe: Account, subscription: Json) -> list[str]:
    found: list[str] = stripe.get(f"/v1/subscriptions/{subscription['id']}")["discounts"]
    return found


def test_a_discount_names_its_source_and_holder(stripe: Account) -> None:
    subscription, discount = held(stripe, percent_off=5, duration="forever")
    coupon = stripe.get("/v1/coupons")["data"][0]
    assert discount["source"] == {"type": "coupon", "coupon": coupon["id"]}
    assert (discount["subscription"], discount["invoice"]) == (subscription["id"], None)
    assert (discount["start"], discount["end"]) == (START, None)
    assert coupon["times_redeemed"] == 1
    assert stripe.event_types()[-2:] == ["coupon.updated", "customer.discount.created"]


def test_a_repeating_discount_ends_after_its_months(stripe: Account) -> None:
    subscription, discount = held(stripe, percent_off=5, duration="repeating", duration_in_months=2)
    assert discount["end"] == START + 59 * DAY  # 15 January to 15 March
    stripe.wait(59 * DAY - 1)
    assert discounts_of(stripe, subscription) == [discount["id"]]
    stripe.wait(1)
    assert discounts_of(stripe, subscription) == []
    assert len(stripe.events(type="customer.discount.deleted")) == 1


def test_once_spent_a_discount_for_once_is_gone(stripe: Account) -> None:
    subscription, once = held(stripe, percent_off=5, duration="once")
    discounts.spend(stripe.engine.world, [once["id"]])
    assert discounts_of(stripe, subscription) == []
    subscription, forever = held(stripe, percent_off=5, duration="forever")
    discounts.spend(stripe.engine.world, [forever["id"]])
    assert discounts_of(stripe, subscription) == [forever["id"]]


def test_an_update_keeps_the_discounts_that_it_names(stripe: Account) -> None:
    subscription, kept = held(stripe, percent_off=5, duration="forever")
    world = stripe.engine.world
    order = purchase(customer=subscription["customer"])
    coupon = stripe.post("/v1/coupons", percent_off=50)
    given = [{"discount": kept["id"]}, {"coupon": coupon["id"]}]
    after = discounts.replace(world, [kept["id"]], given, order, subscription=subscription["id"])
    assert after[0] == kept["id"]
    assert discounts.replace(world, after, [], order, subscription=subscription["id"]) == []
    world.publish_events()
    assert len(stripe.events(type="customer.discount.deleted")) == 2


def test_a_discount_outlives_its_coupon(stripe: Account) -> None:
    _, discount = held(stripe, percent_off=5, duration="forever")
    stripe.delete(f"/v1/coupons/{discount['source']['coupon']}")
    (reduction,) = discounts.reductions(stripe.engine.world, [discount["id"]], "usd")
    assert reduction.percent_off == 5


def test_a_list_of_discounts_expands_into_them_and_their_coupons(stripe: Account) -> None:
    subscription, discount = held(stripe, percent_off=5, duration="forever")
    path = f"/v1/subscriptions/{subscription['id']}"
    found = stripe.get(path, expand=["discounts.source.coupon"])["discounts"]
    assert [each["id"] for each in found] == [discount["id"]]
    assert found[0]["source"]["coupon"]["percent_off"] == 5

"""Which customers have which features."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import DAY, Account, Json

SUMMARY = "entitlements.active_entitlement_summary.updated"


def feature(stripe: Account, key: str) -> Json:
    return stripe.post("/v1/entitlements/features", lookup_key=key, name=key)


def give(stripe: Account, price: Json, *features: Json) -> list[Json]:
    """Attach features to a price's product."""
    path = f"/v1/products/{price['product']}/features"
    return [stripe.post(path, entitlement_feature=each["id"]) for each in features]


def entitled(stripe: Account, customer: str) -> list[str]:
    found = stripe.get("/v1/entitlements/active_entitlements", customer=customer)
    return sorted(each["lookup_key"] for each in found["data"])


def subscribe(stripe: Account, price: Json, customer: str) -> Json:
    return stripe.post("/v1/subscriptions", customer=customer, items=[{"price": price["id"]}])


def test_a_customer_has_the_features_of_what_runs_each_once(stripe: Account) -> None:
    api, export = feature(stripe, "api"), feature(stripe, "export")
    small, large = stripe.price(900), stripe.price(4900)
    give(stripe, small, api)
    give(stripe, large, api, export)
    customer = stripe.customer()["id"]
    assert entitled(stripe, customer) == []
    subscribe(stripe, small, customer)
    assert entitled(stripe, customer) == ["api"]
    other = subscribe(stripe, large, customer)
    assert entitled(stripe, customer) == ["api", "export"]
    stripe.delete(f"/v1/subscriptions/{other['id']}")
    assert entitled(stripe, customer) == ["api"]


def test_a_change_of_entitlements_is_told_as_a_whole(stripe: Account) -> None:
    price = stripe.price()
    give(stripe, price, feature(stripe, "api"))
    customer = stripe.customer()["id"]
    subscription = subscribe(stripe, price, customer)
    stripe.post(f"/v1/subscriptions/{subscription['id']}", metadata={"seen": "yes"})
    (told,) = stripe.events(type=SUMMARY)
    summary = told["data"]["object"]
    assert summary["customer"] == customer
    assert [each["lookup_key"] for each in summary["entitlements"]["data"]] == ["api"]
    assert told["data"]["previous_attributes"] == {"entitlements": {"data": []}}


def test_who_waits_for_a_first_payment_is_entitled_to_nothing(stripe: Account) -> None:
    price = stripe.price()
    give(stripe, price, feature(stripe, "api"))
    customer = stripe.customer("pm_card_chargeCustomerFail")["id"]
    assert subscribe(stripe, price, customer)["status"] == "incomplete"
    assert entitled(stripe, customer) == []


def test_an_entitlement_outlives_a_failed_renewal_until_the_end(stripe: Account) -> None:
    price = stripe.price()
    give(stripe, price, feature(stripe, "api"))
    customer = stripe.customer()["id"]
    subscribe(stripe, price, customer)
    failing = stripe.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=customer
    )
    default = {"default_payment_method": failing["id"]}
    stripe.post(f"/v1/customers/{customer}", invoice_settings=default)
    stripe.wait(32 * DAY)
    assert entitled(stripe, customer) == ["api"]
    stripe.wait(20 * DAY)
    assert entitled(stripe, customer) == []


def test_a_product_that_gains_or_loses_a_feature_takes_its_customers_along(
    stripe: Account,
) -> None:
    price = stripe.price()
    customer = stripe.customer()["id"]
    subscribe(stripe, price, customer)
    (attached,) = give(stripe, price, feature(stripe, "api"))
    assert entitled(stripe, customer) == ["api"]
    stripe.delete(f"/v1/products/{price['product']}/features/{attached['id']}")
    assert entitled(stripe, customer) == []
    assert len(stripe.events(type=SUMMARY)) == 2


def test_a_lookup_key_is_one_active_features(stripe: Account) -> None:
    first = feature(stripe, "api")
    taken = {"lookup_key": "api", "name": "Again"}
    error = stripe.refused("POST", "/v1/entitlements/features", 400, **taken)
    assert error["code"] == "resource_already_exists"
    path = f"/v1/entitlements/features/{first['id']}"
    stripe.post(path, active="false")
    assert feature(stripe, "api")["id"] != first["id"]
    stripe.refused("POST", path, 400, name="Too late")
    archived = stripe.get("/v1/entitlements/features", archived="true")["data"]
    assert [each["id"] for each in archived] == [first["id"]]


def test_a_feature_is_attached_once_and_not_when_archived(stripe: Account) -> None:
    price, api = stripe.price(), feature(stripe, "api")
    give(stripe, price, api)
    path = f"/v1/products/{price['product']}/features"
    stripe.refused("POST", path, 400, entitlement_feature=api["id"])
    old = feature(stripe, "old")
    stripe.post(f"/v1/entitlements/features/{old['id']}", active="false")
    stripe.refused("POST", path, 400, entitlement_feature=old["id"])
    other = stripe.price()["product"]
    (attached,) = stripe.get(path)["data"]
    stripe.refused("GET", f"/v1/products/{other}/features/{attached['id']}", 404)

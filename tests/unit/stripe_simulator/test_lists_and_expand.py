"""Pages, cursors, filters by time, and expanded objects."""

import pytest

from tests.unit.stripe_simulator.account import Account


def names(page: dict[str, list[dict[str, str]]]) -> list[str]:
    return [customer["name"] for customer in page["data"]]


def test_lists_are_newest_first_ten_at_a_time(stripe: Account) -> None:
    for number in range(12):
        stripe.post("/v1/customers", name=str(number))
    page = stripe.get("/v1/customers")
    assert names(page) == [str(number) for number in range(11, 1, -1)]
    assert page["has_more"] is True
    assert page["url"] == "/v1/customers"


def test_cursors_walk_down_and_up(stripe: Account) -> None:
    ids = [stripe.post("/v1/customers", name=str(number))["id"] for number in range(5)]
    older = stripe.get("/v1/customers", limit=2, starting_after=ids[3])
    assert (names(older), older["has_more"]) == (["2", "1"], True)
    last = stripe.get("/v1/customers", limit=2, starting_after=ids[1])
    assert (names(last), last["has_more"]) == (["0"], False)
    newer = stripe.get("/v1/customers", limit=2, ending_before=ids[1])
    assert (names(newer), newer["has_more"]) == (["3", "2"], True)


def test_an_unknown_cursor_is_refused(stripe: Account) -> None:
    stripe.refused("GET", "/v1/customers", 400, starting_after="cus_none")
    stripe.refused("GET", "/v1/customers", 400, ending_before="cus_none")


def test_a_page_lies_after_a_cursor_or_before_one(stripe: Account) -> None:
    cursor = stripe.customer()["id"]
    stripe.refused("GET", "/v1/customers", 400, starting_after=cursor, ending_before=cursor)


def test_lists_filter_by_creation_time(stripe: Account) -> None:
    first = stripe.post("/v1/customers", name="first")["created"]
    stripe.wait(10)
    stripe.post("/v1/customers", name="second")
    assert names(stripe.get("/v1/customers", created={"gt": first})) == ["second"]
    assert names(stripe.get("/v1/customers", created={"gte": first, "lt": first + 1})) == ["first"]
    assert names(stripe.get("/v1/customers", created=first)) == ["first"]


def test_an_id_expands_into_its_object(stripe: Account) -> None:
    subscription = stripe.subscribe()
    path = f"/v1/subscriptions/{subscription['id']}"
    expanded = stripe.get(path, expand=["customer", "latest_invoice.payments"])
    assert expanded["customer"]["email"] == "customer@example.test"
    assert expanded["latest_invoice"]["payments"]["data"][0]["status"] == "paid"
    assert isinstance(stripe.get(path)["customer"], str)


def test_expansion_reaches_into_lists(stripe: Account) -> None:
    stripe.subscribe()
    page = stripe.get("/v1/subscriptions", expand=["data.customer", "data.items.data.price"])
    assert page["data"][0]["customer"]["object"] == "customer"
    price = stripe.get("/v1/prices", expand=["data.product"])["data"][0]
    assert price["product"]["name"] == "Standard"


def test_writes_expand_too(stripe: Account) -> None:
    subscription = stripe.subscribe(expand=["latest_invoice.confirmation_secret"])
    secret = subscription["latest_invoice"]["confirmation_secret"]["client_secret"]
    assert secret.startswith("pi_")


def test_some_things_are_there_only_when_expanded(stripe: Account) -> None:
    session = stripe.session()
    path = f"/v1/checkout/sessions/{session['id']}"
    assert "line_items" not in stripe.get(path)
    assert len(stripe.get(path, expand=["line_items"])["line_items"]["data"]) == 1
    invoice = stripe.latest_invoice(stripe.subscribe())
    assert {"payments", "confirmation_secret"}.isdisjoint(invoice)


def test_what_is_no_reference_can_not_be_expanded(stripe: Account) -> None:
    customer = stripe.customer()
    path = f"/v1/customers/{customer['id']}"
    for field in ("email", "unicorn", "id"):
        error = stripe.refused("GET", path, 400, expand=[field])
        assert error["message"].startswith(f"This property cannot be expanded ({field}).")


def test_a_null_reference_stays_null(stripe: Account) -> None:
    price = stripe.price()
    product = stripe.get(f"/v1/products/{price['product']}", expand=["default_price"])
    assert product["default_price"] is None


def test_four_levels_can_be_expanded_and_no_more(stripe: Account) -> None:
    stripe.subscribe()
    deepest = "data.latest_invoice.payments.data"
    stripe.get("/v1/subscriptions", expand=[deepest])
    stripe.refused("GET", "/v1/subscriptions", 400, expand=[f"{deepest}.payment"])


LISTED_BY_CUSTOMER = (
    "charges",
    "checkout/sessions",
    "invoiceitems",
    "invoices",
    "payment_intents",
    "payment_methods",
    "promotion_codes",
    "setup_intents",
    "subscription_schedules",
    "subscriptions",
)


@pytest.mark.parametrize("plural", LISTED_BY_CUSTOMER)
def test_a_list_of_an_unknown_customers_objects_is_refused(stripe: Account, plural: str) -> None:
    error = stripe.refused("GET", f"/v1/{plural}", 400, customer="cus_none")
    assert (error["code"], error["param"]) == ("resource_missing", "customer")
    assert error["message"] == "No such customer: 'cus_none'"


def test_a_deleted_customers_objects_are_listed(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.delete(f"/v1/customers/{subscription['customer']}")
    of_customer = {"customer": subscription["customer"], "status": "all"}
    assert len(stripe.get("/v1/subscriptions", **of_customer)["data"]) == 1

"""GET /dashboard/{userId}."""

from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest

from billing.domain.record import CustomerState, Stamp, Subscription
from tests.support.api import ADMIN, Api, Trouble
from tests.support.aws import add_user
from tests.support.builders import NOW, a_purchase, a_record, a_subscription
from tests.support.reads import calls_of_dynamodb


def store(api: Api, subscription: Subscription | None, **fields: Any) -> None:
    record = a_record(
        version=1, subscription=subscription, stamp=Stamp(lo=NOW, hi=NOW), customer_id=None
    )
    api.ports.records.save(record.model_copy(update=fields), replacing=0)


def subscribe(api: Api) -> str:
    """Buy the standard plan, and come back from it. Returns the customer."""
    bought = api.post(
        "/create-checkout-session", {"priceId": api.price("standard_monthly"), "userId": "user_1"}
    )
    api.pay(bought.body["sessionId"])
    assert api.get(f"/checkout-session/{bought.body['sessionId']}").status == 200
    customer_id = api.ports.records.load("user_1").customer_id
    assert customer_id is not None
    return customer_id


def a_customer_with_a_card(api: Api) -> str:
    customer_id: str = api.at_stripe("POST", "/v1/customers")["id"]
    card = {"customer": customer_id}
    api.at_stripe("POST", "/v1/payment_methods/pm_card_visa/attach", card)
    return customer_id


def test_a_user_who_never_bought_anything_sees_the_plans(api: Api) -> None:
    add_user(lastName="User")

    answer = api.get("/dashboard/user_1")

    assert answer.status == 200
    body = answer.body
    assert body["currentUser"] == {
        "userId": "user_1",
        "email": "user_1@example.test",
        "firstName": "Test",
        "lastName": "User",
        "hasPaidForSelfHosted": False,
    }
    assert body["subscription"] is None
    assert body["access"] == {"level": "none", "until": None, "reason": "no_subscription"}
    assert (body["paymentMethods"], body["billingHistory"]) == ([], [])
    assert [plan["lookupKey"] for plan in body["availablePlans"]] == [
        "standard_monthly",
        "standard_yearly",
        "agency_monthly",
        "agency_yearly",
    ]
    assert body["degraded"] is False


@pytest.mark.parametrize("lookup_key", ["self_hosted", "something_else"])
def test_a_licence_that_was_bought_shows_even_while_stripe_is_down(
    api: Api, lookup_key: str
) -> None:
    add_user()
    purchases = {"pi_1": a_purchase(lookup_key=lookup_key)}
    store(api, None, purchases=purchases)
    api.ports.wire.troubles.append(Trouble("GET", "/v1/prices", status=503, times=9))

    user = api.get("/dashboard/user_1").body["currentUser"]

    assert user["hasPaidForSelfHosted"] is (lookup_key == "self_hosted")


def test_without_a_customer_stripe_is_asked_for_the_plans_alone(api: Api) -> None:
    add_user()

    api.get("/dashboard/user_1")

    assert {request.path for request in api.ports.wire.requests} == {"/v1/prices"}


def test_a_subscriber_sees_plan_card_and_bill(api: Api) -> None:
    add_user()
    subscribe(api)

    body = api.get("/dashboard/user_1").body

    subscription = body["subscription"]
    assert subscription["status"] == "active"
    assert subscription["currentPlanId"] == api.price("standard_monthly")
    assert subscription["currentPeriodEnd"].endswith("Z")
    assert subscription["cancelAtPeriodEnd"] is False
    assert body["access"] == {"level": "full", "until": None, "reason": "active"}
    (card,) = body["paymentMethods"]
    assert (card["brand"], card["last4"]) == ("visa", "4242")
    assert card["id"].startswith("pm_")
    (bill,) = body["billingHistory"]
    assert (bill["amount"], bill["currency"], bill["status"]) == (19.0, "usd", "paid")
    assert bill["date"].endswith("Z")


@pytest.mark.parametrize(
    ("own", "status", "is_default"),
    [
        (None, "active", True),
        ("pm_other", "active", False),
        ("pm_other", "canceled", True),
    ],
)
def test_the_card_that_is_charged_shows_as_the_default(
    api: Api, own: str | None, status: str, *, is_default: bool
) -> None:
    add_user(stripe_customer_id=a_customer_with_a_card(api))
    (before,) = api.get("/dashboard/user_1").body["paymentMethods"]
    customer = CustomerState(customer_id="cus_1", default_payment_method_id=before["id"])
    subscription = a_subscription(default_payment_method_id=own, status=status)
    store(api, subscription, customer=customer)

    (after,) = api.get("/dashboard/user_1").body["paymentMethods"]

    assert (before["isDefault"], after["isDefault"]) == (False, is_default)


def test_the_card_that_checkout_gave_the_subscription_is_the_default(api: Api) -> None:
    add_user()
    subscribe(api)

    (card,) = api.get("/dashboard/user_1").body["paymentMethods"]

    assert card["isDefault"] is True


def test_a_full_dashboard_costs_three_reads_of_stripe(api: Api) -> None:
    add_user()
    customer_id = subscribe(api)
    fresh = Api(api.ports)
    del fresh.ports.catalog
    before = len(api.ports.wire.requests)

    fresh.get("/dashboard/user_1")

    assert sorted(request.path for request in api.ports.wire.requests[before:]) == [
        f"/v1/customers/{customer_id}/payment_methods",
        "/v1/invoices",
        "/v1/prices",
    ]


def test_prices_and_products_are_read_once_for_many_dashboards(api: Api) -> None:
    add_user()
    subscribe(api)

    for _ in range(3):
        api.get("/dashboard/user_1")

    paths = [request.path for request in api.ports.wire.requests]
    assert paths.count("/v1/prices") == 1
    assert not [path for path in paths if path.startswith("/v1/products")]


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired"])
def test_a_subscription_that_has_ended_is_none(api: Api, status: str) -> None:
    add_user()
    store(api, a_subscription(status=status))

    assert api.get("/dashboard/user_1").body["subscription"] is None


@pytest.mark.parametrize(
    "fields", [{"cancel_at_period_end": True}, {"cancel_at": NOW + 1000}], ids=str
)
def test_an_end_counts_however_it_was_scheduled(api: Api, fields: dict[str, Any]) -> None:
    add_user()
    store(api, a_subscription(**fields))

    assert api.get("/dashboard/user_1").body["subscription"]["cancelAtPeriodEnd"] is True


def test_times_are_iso_8601_in_utc(api: Api) -> None:
    add_user()
    store(api, a_subscription(current_period_end=1_780_000_000, cancel_at=1_780_000_001))

    body = api.get("/dashboard/user_1").body

    assert body["subscription"]["currentPeriodEnd"] == "2026-05-28T20:26:40Z"
    assert body["access"]["until"] == "2026-05-28T20:26:41Z"


@pytest.mark.parametrize("status", [500, 429, 401, None])
def test_while_stripe_is_down_the_record_still_answers(api: Api, status: int | None) -> None:
    add_user(stripe_customer_id="cus_1")
    store(api, a_subscription(), customer_id="cus_1")
    api.ports.wire.troubles += [
        Trouble("GET", path, status=status, times=9)
        for path in ("/v1/prices", "/v1/invoices", "/v1/customers/cus_1/payment_methods")
    ]

    answer = api.get("/dashboard/user_1")

    assert answer.status == 200
    assert answer.body["degraded"] is True
    assert answer.body["subscription"]["status"] == "active"
    assert answer.body["access"]["level"] == "full"
    for name in ("paymentMethods", "billingHistory", "availablePlans"):
        assert answer.body[name] == []


def test_one_list_that_fails_leaves_the_others(api: Api) -> None:
    add_user()
    subscribe(api)
    api.ports.wire.troubles.append(Trouble("GET", "/v1/invoices", status=500, times=9))

    body = api.get("/dashboard/user_1").body

    assert body["degraded"] is True
    assert body["billingHistory"] == []
    assert body["paymentMethods"] != []


def test_a_list_that_we_cant_read_leaves_the_others(api: Api) -> None:
    add_user()
    subscribe(api)
    store = api.ports.engine.world.store
    (invoice,) = store.newest_first("invoice")
    store.update(invoice, created="yesterday")

    body = api.get("/dashboard/user_1").body

    assert (body["degraded"], body["billingHistory"]) == (True, [])
    assert body["paymentMethods"] != []


def test_an_unknown_user_and_anothers_id_get_the_same_answer(api: Api) -> None:
    add_user("user_2")

    unknown = api.get("/dashboard/user_1")
    foreign = api.get("/dashboard/user_2")
    nobody = api.get("/dashboard/user_2", user=None)

    assert unknown.status == 404
    assert unknown.body == {"detail": "User not found", "code": "user_not_found"}
    for answer in (foreign, nobody):
        assert (answer.status, answer.text) == (unknown.status, unknown.text)


def test_an_admin_may_look_at_anybody(api: Api) -> None:
    add_user("user_2")

    answer = api.get("/dashboard/user_2", user="user_1", scope=ADMIN)

    assert answer.body["currentUser"]["userId"] == "user_2"


def test_a_scope_that_only_resembles_the_admins_is_nothing(api: Api) -> None:
    add_user("user_2")

    assert api.get("/dashboard/user_2", scope=f"{ADMIN}.read").status == 404


def test_a_customer_that_only_the_users_table_knows_is_shown(api: Api) -> None:
    customer_id = a_customer_with_a_card(api)
    add_user(stripe_customer_id=customer_id)

    (card,) = api.get("/dashboard/user_1").body["paymentMethods"]

    assert card["last4"] == "4242"


def test_a_customer_that_two_users_claim_is_shown_to_neither(api: Api) -> None:
    customer_id = a_customer_with_a_card(api)
    for user_id in ("user_1", "user_2"):
        add_user(user_id, stripe_customer_id=customer_id)

    for user_id in ("user_1", "user_2"):
        answer = api.get(f"/dashboard/{user_id}", user=user_id)
        assert (answer.status, answer.body["paymentMethods"]) == (200, [])


def test_nobody_sees_the_customer_that_our_map_knows_as_anothers(api: Api) -> None:
    customer_id = a_customer_with_a_card(api)
    add_user("user_2")
    api.ports.customers.assign(customer_id, "user_2")
    add_user(stripe_customer_id=customer_id)

    answer = api.get("/dashboard/user_1")

    assert (answer.status, answer.body["paymentMethods"]) == (200, [])
    assert {request.path for request in api.ports.wire.requests} == {"/v1/prices"}


def test_a_customer_on_record_costs_two_reads_of_dynamodb(api: Api) -> None:
    add_user()
    subscribe(api)
    with calls_of_dynamodb() as reads:
        api.get("/dashboard/user_1")

    assert sorted(reads) == ["GetItem", "Query"]


class Together:
    """Wraps reads so that each waits for the others to have begun: one by one, none ends."""

    def __init__(self, reads: int) -> None:
        self._all_begun = Barrier(reads, timeout=120)

    def __call__(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def reading(*arguments: Any) -> Any:
            self._all_begun.wait()
            return read(*arguments)

        return reading


def test_the_two_reads_of_dynamodb_run_at_once_then_the_three_of_stripe(api: Api) -> None:
    add_user(stripe_customer_id=api.at_stripe("POST", "/v1/customers")["id"])
    ports, at_dynamodb, at_stripe = api.ports, Together(2), Together(3)
    ports.users.find = at_dynamodb(ports.users.find)  # type: ignore[method-assign]
    ports.records.load = at_dynamodb(ports.records.load)  # type: ignore[method-assign]
    for name in ("payment_methods", "invoices", "prices"):
        setattr(ports.stripe, name, at_stripe(getattr(ports.stripe, name)))

    answer = api.get("/dashboard/user_1")

    assert answer.status == 200
    assert answer.body["degraded"] is False


def test_a_dashboard_is_never_cached(api: Api) -> None:
    add_user()

    assert api.get("/dashboard/user_1").header("Cache-Control") == "no-store"

"""What holds for every request: keys, errors, parameters, idempotency, time."""

import random
from base64 import b64encode
from typing import Any

import pytest

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.store import Store
from tests.unit.stripe_simulator.account import DAY, START, Account


def call(engine: Engine, **headers: str) -> Any:
    return engine.request("GET", "/v1/account", {}, headers)


def test_a_request_without_a_key_is_refused(stripe: Account) -> None:
    response = call(stripe.engine)
    assert response.status == 401
    assert response.json()["error"]["message"].startswith("You did not provide an API key.")


@pytest.mark.parametrize("key", ["sk_live_abcdefgh1234", "whatever", "sk_prod_1"])
def test_a_key_that_is_no_test_key_is_refused_without_repeating_it(
    stripe: Account, key: str
) -> None:
    response = call(stripe.engine, Authorization=f"Bearer {key}")
    assert response.status == 401
    message = response.json()["error"]["message"]
    assert message.startswith("Invalid API Key provided: ")
    assert key not in message


def test_a_publishable_key_may_not_call_the_api(stripe: Account) -> None:
    response = call(stripe.engine, Authorization="Bearer pk_test_abc")
    assert response.json()["error"]["code"] == "secret_key_required"


def test_a_key_may_come_as_the_user_of_basic_auth(stripe: Account) -> None:
    credentials = b64encode(b"sk_test_abc:").decode()
    assert call(stripe.engine, Authorization=f"Basic {credentials}").status == 200


def test_with_a_secret_key_set_no_other_is_accepted() -> None:
    engine = Account.with_settings(secret_key="sk_test_mine").engine
    assert call(engine, Authorization="Bearer sk_test_mine").status == 200
    assert call(engine, Authorization="Bearer sk_test_other").status == 401


def test_another_api_version_is_refused_rather_than_answered_in_the_wrong_shape(
    stripe: Account,
) -> None:
    response = stripe.request("GET", "/v1/account", {}, **{"Stripe-Version": "2020-08-27"})
    assert response.status == 400


def test_an_unknown_url_says_so(stripe: Account) -> None:
    error = stripe.refused("GET", "/v1/unicorns", 404)
    assert error["message"].startswith("Unrecognized request URL (GET: /v1/unicorns).")


@pytest.mark.parametrize(
    ("encoded", "param"),
    [
        ("metadata=1&metadata[a]=2", "metadata"),
        ("metadata" + "[a]" * 3000 + "=1", "metadata"),
        ("metadata[a][b]=1", "metadata[a]"),
        ("preferred_locales[²]=en", "preferred_locales"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    stripe: Account, encoded: str, param: str
) -> None:
    response = stripe.request("POST", "/v1/customers", encoded)
    assert response.status == 400, response.json()
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.json()["error"]["param"] == param


class BrokenStore(Store):
    def insert(self, obj: dict[str, Any]) -> dict[str, Any]:
        raise ValueError(f"can't store {obj['email']}")


def test_a_failure_of_its_own_is_told_as_stripe_does_and_logged_without_values(
    stripe: Account, caplog: pytest.LogCaptureFixture
) -> None:
    stripe.engine.world.store = BrokenStore()
    response = stripe.request("POST", "/v1/customers", {"email": "private@example.test"})
    assert (response.status, response.json()["error"]["type"]) == (500, "api_error")
    assert f"{response.headers['Request-Id']} failed: ValueError" in caplog.text
    assert "in insert" in caplog.text
    assert "private@example.test" not in caplog.text


def test_an_unknown_id_in_the_path_is_404(stripe: Account) -> None:
    error = stripe.refused("GET", "/v1/customers/cus_none", 404)
    assert error["code"] == "resource_missing"
    assert error["message"] == "No such customer: 'cus_none'"
    assert error["param"] == "id"
    assert error["doc_url"] == "https://stripe.com/docs/error-codes/resource-missing"


def test_an_id_of_another_type_is_unknown(stripe: Account) -> None:
    product = stripe.post("/v1/products", name="Standard")
    stripe.refused("GET", f"/v1/customers/{product['id']}", 404)


def test_an_unknown_id_in_a_parameter_is_400_and_names_the_parameter(stripe: Account) -> None:
    error = stripe.refused("POST", "/v1/checkout/sessions", 400, mode="subscription",
                           success_url="https://x.example", customer="cus_none",
                           line_items=[{"price": "price_none", "quantity": 1}])  # fmt: skip
    assert (error["code"], error["param"]) == ("resource_missing", "customer")


def test_unknown_parameters_are_refused_at_any_depth(stripe: Account) -> None:
    error = stripe.refused("POST", "/v1/customers", 400, emial="customer@example.test")
    assert (error["code"], error["param"]) == ("parameter_unknown", "emial")
    error = stripe.refused("POST", "/v1/customers", 400, address={"street": "x"})
    assert error["message"] == "Received unknown parameter: address[street]"


def test_a_missing_parameter_is_named(stripe: Account) -> None:
    error = stripe.refused("POST", "/v1/products", 400)
    assert (error["code"], error["param"]) == ("parameter_missing", "name")


def test_what_is_not_simulated_is_refused_rather_than_ignored(stripe: Account) -> None:
    error = stripe.refused("POST", "/v1/customers", 400, source="tok_visa")
    expected = "The local Stripe does not simulate sources; use payment methods."
    assert error["message"] == expected


@pytest.mark.parametrize("limit", ["0", "101", "many"])
def test_a_limit_must_be_between_1_and_100(stripe: Account, limit: str) -> None:
    error = stripe.refused("GET", "/v1/customers", 400, limit=limit)
    assert error["code"] == "parameter_invalid_integer"


def test_answers_carry_a_request_id_the_version_and_the_engines_date(stripe: Account) -> None:
    headers = stripe.request("GET", "/v1/account", {}).headers
    assert headers["Request-Id"].startswith("req_")
    assert headers["Stripe-Version"] == "2026-10-28.endive"
    assert headers["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    stripe.wait(DAY)
    later = stripe.request("GET", "/v1/account", {}).headers
    assert later["Date"] == "Sat, 16 Jan 2027 08:00:00 GMT"


def test_repeating_an_idempotent_request_gives_the_same_answer_and_does_nothing(
    stripe: Account,
) -> None:
    def create() -> Any:
        key = {"Idempotency-Key": "op-1"}
        return stripe.request("POST", "/v1/customers", {"email": "customer@example.test"}, **key)

    first, second = create(), create()
    assert second.body == first.body
    assert second.status == 200
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(stripe.get("/v1/customers")["data"]) == 1


def test_an_idempotency_key_can_not_serve_two_requests(stripe: Account) -> None:
    key = {"Idempotency-Key": "op-1"}
    stripe.request("POST", "/v1/customers", {"email": "customer@example.test"}, **key)
    response = stripe.request("POST", "/v1/customers", {"email": "other@example.test"}, **key)
    assert response.status == 400
    assert response.json()["error"]["type"] == "idempotency_error"


def test_a_decline_is_replayed_too(stripe: Account) -> None:
    session = stripe.session()
    path, key = f"/v1/payment_pages/{session['id']}/confirm", {"Idempotency-Key": "op-1"}
    params = {"payment_method": "pm_card_chargeDeclined"}
    first = stripe.request("POST", path, params, **key)
    second = stripe.request("POST", path, params, **key)
    assert (first.status, second.status) == (402, 402)
    assert first.body == second.body


def test_refused_parameters_do_not_use_up_the_idempotency_key(stripe: Account) -> None:
    key = {"Idempotency-Key": "op-1"}
    assert stripe.request("POST", "/v1/products", {}, **key).status == 400
    assert stripe.request("POST", "/v1/products", {"name": "Standard"}, **key).status == 200


def test_an_idempotency_key_is_forgotten_after_24_hours(stripe: Account) -> None:
    key = {"Idempotency-Key": "op-1"}
    first = stripe.request("POST", "/v1/products", {"name": "One"}, **key)
    stripe.wait(DAY)
    second = stripe.request("POST", "/v1/products", {"name": "Two"}, **key)
    assert second.status == 200
    assert first.json()["id"] != second.json()["id"]


def test_an_idempotency_key_can_not_be_empty(stripe: Account) -> None:
    key = {"Idempotency-Key": ""}
    response = stripe.request("POST", "/v1/products", {"name": "One"}, **key)
    assert response.status == 400
    assert stripe.get("/v1/products")["data"] == []


@pytest.mark.parametrize("at", [10**17, 32503680001, -1, "99999999999999999"])
def test_a_time_beyond_all_calendars_is_refused(stripe: Account, at: Any) -> None:
    items = [{"price": stripe.price()["id"]}]
    given = {"customer": stripe.customer()["id"], "items": items}
    for name in ("trial_end", "cancel_at"):
        error = stripe.refused("POST", "/v1/subscriptions", 400, **given, **{name: at})
        assert error["param"] == name
    stripe.refused("GET", "/v1/customers", 400, created={"gte": at})
    stripe.refused("POST", "/v1/test_helpers/test_clocks", 400, frozen_time=at)


def test_metadata_has_50_keys_at_most_also_after_a_change(stripe: Account) -> None:
    many = {f"key{number}": "value" for number in range(51)}
    error = stripe.refused("POST", "/v1/customers", 400, metadata=many)
    assert error["param"] == "metadata"
    del many["key50"]
    path = f"/v1/customers/{stripe.post('/v1/customers', metadata=many)['id']}"
    stripe.refused("POST", path, 400, metadata={"one_more": "value"})
    stripe.post(path, metadata={"one_more": "value", "key0": ""})


@pytest.mark.parametrize("email", ["nobody", "a@b", "@example.test", "a b@example.test", "a@b@c.d"])
def test_an_email_must_look_like_one(stripe: Account, email: str) -> None:
    error = stripe.refused("POST", "/v1/customers", 400, email=email)
    assert (error["code"], error["param"]) == ("email_invalid", "email")
    assert error["message"] == f"Invalid email address: {email}"


def test_an_idempotency_key_may_have_255_characters(stripe: Account) -> None:
    for length, status in ((255, 200), (256, 400)):
        response = stripe.request(
            "POST", "/v1/products", {"name": "One"}, **{"Idempotency-Key": "k" * length}
        )
        assert response.status == status


def test_the_same_seed_makes_the_same_world() -> None:
    def history() -> list[bytes]:
        account = Account(Engine(lambda: START, random.Random(7)))
        subscription = account.subscribe()
        account.wait(40 * DAY)
        path = f"/v1/subscriptions/{subscription['id']}"
        return [account.request("GET", each, {}).body for each in (path, "/v1/events")]

    assert history() == history()


def test_engines_share_nothing() -> None:
    one, other = Account(), Account()
    one.customer()
    assert other.get("/v1/customers")["data"] == []


@pytest.mark.parametrize("plural", ["customers", "invoices", "prices", "subscriptions"])
def test_search_is_refused_as_what_it_is(stripe: Account, plural: str) -> None:
    error = stripe.refused("GET", f"/v1/{plural}/search", 400, query="status:'active'")
    assert error["code"] == "not_simulated"
    assert "search" in error["message"]

"""Payment methods set up, attached and detached, and what is told of others' methods."""

import pytest

from tests.support.api import Api, Trouble
from tests.support.aws import add_user
from tests.support.payer import Payer, a_card

NOT_FOUND = {"detail": "Payment method not found", "code": "payment_method_not_found"}
PATHS = ["/attach-payment-method", "/update-default-payment-method", "/detach-payment-method"]


def methods_in_record(payer: Payer) -> set[str]:
    customer = payer.record.customer
    return {m.payment_method_id for m in customer.payment_methods} if customer else set()


def writes(api: Api) -> list[str]:
    return [request.path for request in api.ports.wire.requests if request.method != "GET"]


# -- Setting up -----------------------------------------------------------------------------------


def test_a_set_up_is_for_use_while_the_customer_is_away(api: Api) -> None:
    payer = Payer(api)

    answer = payer.set_up()

    assert answer.status == 200
    (intent,) = api.at_stripe("GET", "/v1/setup_intents")["data"]
    assert answer.body == {"clientSecret": intent["client_secret"]}
    assert (intent["customer"], intent["usage"]) == (payer.customer_id, "off_session")
    assert intent["automatic_payment_methods"]["enabled"] is True
    assert intent["metadata"] == {"user_id": "user_1"}


def test_who_has_bought_nothing_yet_becomes_a_customer_by_setting_up_a_card(api: Api) -> None:
    payer = Payer(api)
    intent_id = payer.set_up().body["clientSecret"].split("_secret_")[0]

    card = a_card(api)
    api.at_stripe("POST", f"/v1/setup_intents/{intent_id}/confirm", {"payment_method": card})

    assert payer.owner_of(card) == payer.customer_id
    assert payer.make_default(card).status == 200
    assert payer.default() == card


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_set_up_whose_answer_was_lost_is_repeated_and_made_once(
    api: Api, after_effect: bool
) -> None:
    payer = Payer(api)
    trouble = Trouble("POST", "/v1/setup_intents", status=None, after_effect=after_effect)
    api.ports.wire.troubles.append(trouble)
    assert payer.set_up().status == 503

    answer = payer.set_up()

    (intent,) = api.at_stripe("GET", "/v1/setup_intents")["data"]
    assert answer.body == {"clientSecret": intent["client_secret"]}


def test_an_error_that_stripe_saved_for_the_key_is_got_over(api: Api) -> None:
    payer = Payer(api)
    api.ports.wire.troubles.append(Trouble("POST", "/v1/setup_intents", status=500, saved=True))

    assert payer.set_up().status == 200


# -- Attaching ------------------------------------------------------------------------------------


def test_an_attached_method_is_on_file_at_once_and_the_default_stays(api: Api) -> None:
    payer = Payer(api).subscribe()
    card, default = a_card(api), payer.default()

    answer = payer.attach(card)

    assert answer.status == 200
    assert answer.body == {"status": "success", "message": "The payment method is on file."}
    assert payer.owner_of(card) == payer.customer_id
    assert card in methods_in_record(payer)
    assert payer.default() == default


def test_attaching_makes_a_customer_of_who_is_none(api: Api) -> None:
    payer = Payer(api)
    card = a_card(api)

    assert payer.attach(card).status == 200

    assert payer.owner_of(card) == payer.customer_id
    assert card in methods_in_record(payer)


def test_a_method_that_is_on_file_is_attached_without_a_write(api: Api) -> None:
    payer = Payer(api).subscribe()
    card = payer.on_file()
    before = writes(api)

    assert payer.attach(card).status == 200

    assert writes(api) == before
    assert card in methods_in_record(payer)


def test_a_card_that_its_bank_refuses_is_declined(api: Api) -> None:
    payer = Payer(api).subscribe()

    answer = payer.attach("pm_card_chargeDeclinedInsufficientFunds")

    assert answer.status == 402
    assert answer.body["decline_code"] == "insufficient_funds"
    assert payer.attach(a_card(api)).status == 200


def test_a_method_that_was_used_up_cant_be_attached(api: Api) -> None:
    payer = Payer(api).subscribe()
    card = payer.on_file()
    api.at_stripe("POST", f"/v1/payment_methods/{card}/detach")

    answer = payer.attach(card)

    assert (answer.status, answer.body) == (404, NOT_FOUND)


# -- Detaching ------------------------------------------------------------------------------------


def test_a_detached_method_is_off_file_at_once(api: Api) -> None:
    payer = Payer(api).subscribe()
    card = a_card(api)
    payer.attach(card)

    answer = payer.detach(card)

    assert answer.status == 200
    assert answer.body == {"status": "success", "message": "The payment method is off file."}
    assert payer.owner_of(card) is None
    assert card not in methods_in_record(payer)


def test_the_method_that_a_subscription_names_stays(api: Api) -> None:
    payer = Payer(api).subscribe()
    own = payer.subscription["default_payment_method"]

    answer = payer.detach(own)

    assert answer.status == 409
    assert "Choose another default first" in answer.body["detail"]
    assert payer.owner_of(own) == payer.customer_id


def test_the_default_of_a_subscriber_stays_until_there_is_another(api: Api) -> None:
    payer = Payer(api).subscribe()
    first, second = payer.on_file(), payer.on_file("pm_card_visa")
    payer.make_default(first)

    assert payer.detach(first).status == 409
    assert payer.make_default(second).status == 200
    assert payer.detach(first).status == 200


def test_without_a_live_subscription_any_method_may_go(api: Api) -> None:
    payer = Payer(api).subscribe()
    card = payer.on_file()
    payer.make_default(card)
    api.at_stripe("DELETE", f"/v1/subscriptions/{payer.subscription['id']}")

    assert payer.detach(card).status == 200


def test_what_staff_have_detached_meanwhile_is_detached(api: Api) -> None:
    payer = Payer(api).subscribe()
    card = a_card(api)
    payer.attach(card)
    api.at_stripe("POST", f"/v1/payment_methods/{card}/detach")

    assert payer.detach(card).status == 200
    assert card not in methods_in_record(payer)


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("after_effect", [False, True])
def test_after_a_lost_answer_detaching_again_succeeds(
    api: Api, after_effect: bool, told: bool
) -> None:
    """Whether or not Stripe's event has taken it out of the record meanwhile."""
    payer = Payer(api).subscribe()
    card = a_card(api)
    payer.attach(card)
    detach = f"/v1/payment_methods/{card}/detach"
    trouble = Trouble("POST", detach, status=None, after_effect=after_effect)
    api.ports.wire.troubles.append(trouble)
    assert payer.detach(card).status == 503
    if told:
        api.ports.reducer.sync_customer("user_1", payer.customer_id)

    assert payer.detach(card).status == 200

    assert payer.owner_of(card) is None
    assert card not in methods_in_record(payer)


# -- What isn't the caller's ----------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_another_customers_method_and_an_unknown_one_are_told_alike(api: Api, path: str) -> None:
    other, payer = Payer(api, "user_2").subscribe(), Payer(api).subscribe()
    theirs = other.on_file()
    before = writes(api)

    foreign = payer.post(path, paymentMethodId=theirs)
    unknown = payer.post(path, paymentMethodId="pm_unknown")

    assert (foreign.status, foreign.body) == (unknown.status, unknown.body) == (404, NOT_FOUND)
    assert other.owner_of(theirs) == other.customer_id
    assert writes(api) == before


@pytest.mark.parametrize("path", PATHS[1:])
def test_a_method_that_is_nobodys_is_not_the_callers(api: Api, path: str) -> None:
    payer = Payer(api).subscribe()

    answer = payer.post(path, paymentMethodId=a_card(api))

    assert (answer.status, answer.body) == (404, NOT_FOUND)


@pytest.mark.parametrize("path", PATHS[1:])
def test_who_has_no_customer_isnt_made_one_in_vain(api: Api, path: str) -> None:
    payer = Payer(api)

    answer = payer.post(path, paymentMethodId=a_card(api))

    assert (answer.status, answer.body) == (404, NOT_FOUND)
    assert api.customers() == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "method_id", ["", "pm_", "cus_1", "pm_1/../../customers", "pm_1?expand=customer", "pm_ä", 7]
)
def test_what_is_no_methods_id_never_reaches_stripe(
    api: Api, path: str, method_id: str | int
) -> None:
    add_user()

    answer = api.post(path, {"userId": "user_1", "paymentMethodId": method_id})

    assert answer.status == 422
    assert api.ports.wire.requests == []


@pytest.mark.parametrize("path", ["/create-setup-intent", *PATHS])
def test_another_user_and_an_unknown_one_are_told_alike(api: Api, path: str) -> None:
    add_user("user_2")
    card = {"paymentMethodId": "pm_1"}

    foreign = api.post(path, {"userId": "user_2", **card}, user="user_1")
    unknown = api.post(path, {"userId": "user_3", **card}, user="user_3")

    assert (foreign.status, foreign.body) == (unknown.status, unknown.body)
    told = {"detail": "User not found", "code": "user_not_found"}
    assert (foreign.status, foreign.body) == (404, told)
    assert api.ports.wire.requests == []


@pytest.mark.parametrize("path", PATHS)
def test_after_the_customer_was_deleted_its_methods_are_gone(api: Api, path: str) -> None:
    payer = Payer(api).subscribe()
    card = payer.on_file()
    api.at_stripe("DELETE", f"/v1/customers/{payer.customer_id}")

    answer = payer.post(path, paymentMethodId=card)

    assert (answer.status, answer.body) == (404, NOT_FOUND)

"""The slot's rules."""

from typing import Any

import pytest

from billing.domain.checkout import (
    CheckoutPages,
    PurchaseRequest,
    answers,
    customer_params,
    purchase_params,
    reserved,
    session_params,
    with_one_trial,
)
from billing.domain.merge import with_customer
from billing.domain.record import CheckoutRequest, CheckoutSlot
from tests.support.builders import a_record

WANTED = CheckoutRequest(price_id="price_1", trial_days=7, metadata={"campaign": "spring"})
SLOT = CheckoutSlot(op_seq=4, **WANTED.model_dump())
PAGES = CheckoutPages(success_url="https://app.test/done", cancel_url="https://app.test/")


def test_the_slot_takes_a_number_with_the_request_before_the_call_and_nobody_else_gets_it() -> None:
    record = reserved(a_record(op_seq=4), WANTED)

    assert record.checkout == SLOT
    assert record.op_seq == 5


def test_a_customer_from_anywhere_settles_the_operation_that_would_make_one() -> None:
    assert with_customer(a_record(customer_id=None, op_seq=0), "cus_1").op_seq == 1
    assert with_customer(a_record(customer_id="cus_1", op_seq=1), "cus_1").op_seq == 1


def test_the_slot_answers_its_own_request_with_or_without_a_session() -> None:
    assert answers(SLOT, WANTED)
    assert answers(SLOT.model_copy(update={"session_id": "cs_1"}), WANTED)


@pytest.mark.parametrize(
    "change",
    [
        {"price_id": "price_2"},
        {"quantity": 2},
        {"trial_days": None},
        {"allow_promotion_codes": True},
        {"promotion_code_id": "promo_1"},
        {"metadata": {}},
    ],
    ids=str,
)
def test_the_slot_answers_no_other_request(change: dict[str, Any]) -> None:
    assert not answers(SLOT, WANTED.model_copy(update=change))


def test_a_slot_from_before_there_were_promotion_codes_answers_its_request() -> None:
    stored = SLOT.model_dump(exclude={"promotion_code_id"})

    assert answers(CheckoutSlot.model_validate(stored), WANTED)


def test_a_plans_session_names_the_user_everywhere() -> None:
    assert session_params(SLOT, "user_1", "cus_1", PAGES) == {
        "mode": "subscription",
        "client_reference_id": "user_1",
        "customer": "cus_1",
        "line_items": [{"price": "price_1", "quantity": 1}],
        "metadata": {"campaign": "spring", "user_id": "user_1"},
        "subscription_data": {
            "metadata": {"campaign": "spring", "user_id": "user_1"},
            "trial_period_days": 7,
        },
        "success_url": "https://app.test/done",
        "cancel_url": "https://app.test/",
    }


def test_a_purchases_session_names_the_user_everywhere() -> None:
    request = PurchaseRequest(price_id="price_1", quantity=2, metadata={"user_id": "user_2"})

    assert purchase_params(request, "user_1", "cus_1", PAGES) == {
        "mode": "payment",
        "client_reference_id": "user_1",
        "customer": "cus_1",
        "line_items": [{"price": "price_1", "quantity": 2}],
        "metadata": {"user_id": "user_1"},
        "payment_intent_data": {"metadata": {"user_id": "user_1"}},
        "success_url": "https://app.test/done",
        "cancel_url": "https://app.test/",
    }


def test_stripe_works_out_tax_by_the_address_that_it_asks_for_and_keeps() -> None:
    taxed = PAGES.model_copy(update={"automatic_tax": True})
    request = PurchaseRequest(price_id="price_1", quantity=1, metadata={})
    plan, purchase = (
        (session_params(SLOT, "user_1", "cus_1", pages) for pages in (PAGES, taxed)),
        (purchase_params(request, "user_1", "cus_1", pages) for pages in (PAGES, taxed)),
    )

    for without, with_tax in (plan, purchase):
        assert with_tax == without | {
            "automatic_tax": {"enabled": True},
            "billing_address_collection": "auto",
            "customer_update": {"address": "auto", "name": "auto"},
        }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"promotion_code_id": "promo_1"}, {"discounts": [{"promotion_code": "promo_1"}]}),
        ({"allow_promotion_codes": True}, {"allow_promotion_codes": True}),
    ],
    ids=str,
)
def test_a_discount_is_given_or_asked_for(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    plain = session_params(SLOT, "user_1", "cus_1", PAGES)

    params = session_params(SLOT.model_copy(update=fields), "user_1", "cus_1", PAGES)

    assert params == plain | expected


def test_one_trial_per_user() -> None:
    assert with_one_trial(WANTED, a_record()).trial_days == 7
    assert with_one_trial(WANTED, a_record(had_trial=True)).trial_days is None


def test_a_customer_has_what_is_known_of_the_user() -> None:
    assert customer_params("user_1", None, None, None) == {"metadata": {"user_id": "user_1"}}
    assert customer_params("user_1", "a@example.test", "Test Customer", None) == {
        "email": "a@example.test",
        "name": "Test Customer",
        "metadata": {"user_id": "user_1"},
    }

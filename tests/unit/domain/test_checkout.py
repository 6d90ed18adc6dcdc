"""The slot's rules."""

from typing import Any

import pytest

from billing.domain.checkout import answers, customer_params, reserved, with_one_trial
from billing.domain.merge import with_customer
from billing.domain.record import CheckoutRequest, CheckoutSlot
from tests.support.builders import a_record

WANTED = CheckoutRequest(price_id="price_1", trial_days=7, metadata={"campaign": "spring"})
SLOT = CheckoutSlot(op_seq=4, **WANTED.model_dump())


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
        {"metadata": {}},
    ],
    ids=str,
)
def test_the_slot_answers_no_other_request(change: dict[str, Any]) -> None:
    assert not answers(SLOT, WANTED.model_copy(update=change))


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

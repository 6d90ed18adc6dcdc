"""What the payment page asks to be corrected."""

from dataclasses import replace

import pytest

from local.stripe_simulator.http.card_form import CardForm

GOOD = CardForm(
    email="customer@example.test",
    number="4242424242424242",
    expiry="04 / 31",
    cvc="123",
    name="Test Customer",
    postal_code="10115",
)


def test_a_complete_form_has_no_problems_and_makes_a_payment_method() -> None:
    assert GOOD.problems(1, 2027) == {}
    card = GOOD.as_params()["card"]
    assert (card["exp_month"], card["exp_year"]) == (4, 2031)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"email": "customer"}, "Enter a valid email address."),
        ({"number": ""}, "Your card number is incomplete."),
        ({"number": "42424242"}, "Your card number is incomplete."),
        ({"number": "4242424242424241"}, "Your card number is invalid."),
        ({"number": "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"}, "Your card number is incomplete."),
        ({"number": "²²²²²²²²²²²²²²²²"}, "Your card number is incomplete."),
        ({"expiry": "٤/٣١"}, "Your card's expiration date is incomplete."),
        ({"expiry": "4"}, "Your card's expiration date is incomplete."),
        ({"expiry": "13/31"}, "Your card's expiration date is invalid."),
        ({"expiry": "12/26"}, "Your card's expiration date is in the past."),
        ({"cvc": "12"}, "Your card's security code is incomplete."),
        ({"cvc": "abc"}, "Your card's security code is incomplete."),
        ({"name": ""}, "Enter the name on the card."),
        ({"postal_code": ""}, "Enter your ZIP or postal code."),
    ],
)
def test_each_field_says_what_is_wrong_with_it(change: dict[str, str], problem: str) -> None:
    (field,) = change
    assert replace(GOOD, **change).problems(1, 2027) == {field: problem}


def test_the_current_month_is_still_good() -> None:
    assert replace(GOOD, expiry="1/27").problems(1, 2027) == {}


def test_an_amex_has_four_digits_on_the_front() -> None:
    amex = replace(GOOD, number="378282246310005", cvc="1234")
    assert amex.problems(1, 2027) == {}
    assert "cvc" in replace(amex, cvc="123").problems(1, 2027)


def test_nothing_of_the_card_is_shown_again() -> None:
    assert GOOD.kept() == {
        "email": "customer@example.test",
        "name": "Test Customer",
        "postal_code": "10115",
    }

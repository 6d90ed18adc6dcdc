"""Form encoding with brackets, as Stripe's SDKs and curl write it."""

import pytest

from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.params import boolean, decode, hash_of, list_of, parse, text


def test_brackets_nest() -> None:
    assert decode("a[b][c]=1&a[d]=2&e=3") == {"a": {"b": {"c": "1"}, "d": "2"}, "e": "3"}


def test_values_are_percent_decoded_and_may_be_empty() -> None:
    assert decode("name=T%C3%ABst+%26+Co&phone=") == {"name": "Tëst & Co", "phone": ""}
    assert decode("metadata%5Bkey%5D=v") == {"metadata": {"key": "v"}}


def test_lists_come_with_positions_or_without() -> None:
    numbered = decode("expand[0]=a&expand[1]=b")
    plain = decode("expand[]=a&expand[]=b")
    spec = {"expand": list_of(text())}
    assert parse(numbered, spec) == parse(plain, spec) == {"expand": ["a", "b"]}


def test_lists_of_hashes_without_positions_start_a_new_one_when_a_key_repeats() -> None:
    given = decode("items[][price]=p1&items[][quantity]=1&items[][price]=p2")
    spec = {"items": list_of(hash_of({"price": text(), "quantity": text()}))}
    assert parse(given, spec)["items"] == [{"price": "p1", "quantity": "1"}, {"price": "p2"}]


def test_more_than_ten_positions_keep_their_order() -> None:
    given = decode("&".join(f"a[{index}]={index}" for index in range(12)))
    assert parse(given, {"a": list_of(text())})["a"] == [str(index) for index in range(12)]


def test_a_key_can_not_be_a_value_and_a_hash() -> None:
    with pytest.raises(StripeError):
        decode("a=1&a[b]=2")


@pytest.mark.parametrize(("given", "expected"), [("true", True), ("false", False), (True, True)])
def test_booleans(given: object, expected: object) -> None:
    assert parse({"a": given}, {"a": boolean}) == {"a": expected}


def test_the_empty_string_unsets_what_can_be_unset() -> None:
    assert parse({"a": ""}, {"a": text()}) == {"a": None}
    with pytest.raises(StripeError) as refused:
        parse({"a": ""}, {"a": boolean})
    assert refused.value.error["code"] == "parameter_invalid_empty"

"""Prorations, computed: what the rest of a period is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.periods import surrounding
from local.stripe_simulator.resources.subscriptions.prorations import (
    Debit,
    charge,
    credit,
    credits_of,
    debit_of,
    describe,
    kept,
    share,
)
from tests.unit.stripe_simulator.account import DAY, START

PRICE = {"id": "price_1", "product": "prod_1", "currency": "usd"}


def debit(amount: int, start: int = 0, end: int = 30 * DAY, quantity: int = 1) -> Debit:
    return Debit(amount, (start, end), PRICE, "Gold", quantity)


def test_half_a_period_is_half_its_price() -> None:
    given = credit(debit(1000), (15 * DAY, 30 * DAY))
    assert given is not None
    assert (given.amount, given.span) == (-500, (15 * DAY, 30 * DAY))
    assert charge(debit(2000), (15 * DAY, 30 * DAY)).amount == 1000


@pytest.mark.parametrize(("seconds", "expected"), [(2, 1), (3, 0)])
def test_half_a_cent_is_a_cent(seconds: int, expected: int) -> None:
    assert share(1, (0, 1), (0, seconds)) == expected


def test_what_was_never_debited_is_not_given_back() -> None:
    assert credit(debit(0), (0, DAY)) is None
    assert credit(debit(1000, end=DAY), (DAY, 2 * DAY)) is None


def test_each_debit_of_a_span_has_its_own_credit() -> None:
    first, second = debit(1000, 0, 10 * DAY), debit(3000, 10 * DAY, 30 * DAY)
    given = credits_of((first, second), (5 * DAY, 30 * DAY))
    assert [each.amount for each in given] == [-500, -3000]
    assert [each.credited for each in given] == [first, second]


@given(
    amount=st.integers(1, 10**7),
    times=st.lists(st.integers(1, 30 * DAY - 1), min_size=2, max_size=2, unique=True),
)
def test_what_is_given_back_in_two_parts_is_what_was_paid(amount: int, times: list[int]) -> None:
    paid = debit(amount)
    sooner, later = sorted(times)
    last = credits_of((paid,), (later, 30 * DAY))
    first = credits_of(kept((paid,), later), (sooner, later))
    left = kept(kept((paid,), later), sooner)
    total = sum(each.amount for each in (*first, *last)) + amount
    assert total == sum(each.amount for each in left)


def test_a_charge_is_given_back_like_any_debit() -> None:
    charged = charge(debit(3000), (10 * DAY, 30 * DAY))
    again = credit(debit_of(charged, debit(3000)), (20 * DAY, 30 * DAY))
    assert charged.amount == 2000
    assert again is not None
    assert again.amount == -1000


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (1, "Unused time on Gold after 15 Jan 2027"),
        (3, "Unused time on 3 \u00d7 Gold after 15 Jan 2027"),
        (0, "Unused time on 0 \u00d7 Gold after 15 Jan 2027"),
    ],
)
def test_the_words_are_stripes(quantity: int, words: str) -> None:
    assert describe("Unused", quantity, "Gold", START) == words


@given(
    anchor=st.integers(START - 900 * DAY, START + 900 * DAY),
    at=st.integers(START - 900 * DAY, START + 900 * DAY),
    interval=st.sampled_from(["day", "week", "month", "year"]),
    step=st.integers(1, 3),
)
def test_every_moment_lies_in_one_period_of_the_anchors_grid(
    anchor: int, at: int, interval: str, step: int
) -> None:
    recurring = {"interval": interval, "interval_count": step}
    start, end = surrounding(anchor, at, recurring)
    assert start <= at < end
    assert surrounding(anchor, start, recurring) == (start, end)
    assert surrounding(anchor, end, recurring)[0] == end
    assert surrounding(anchor, end - 1, recurring) == (start, end)


@pytest.mark.parametrize(("anchor", "step"), [(10**15, 1), (START, 10**6), (-(10**12), 1)])
def test_periods_beyond_the_calendar_are_refused(anchor: int, step: int) -> None:
    with pytest.raises(StripeError, match="Invalid timestamp"):
        surrounding(anchor, START, {"interval": "year", "interval_count": step})

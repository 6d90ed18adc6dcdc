"""What an invoice comes to, in pure numbers: its laws hold whatever it bills."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.stripe_simulator.resources.invoices.invoice_amounts import (
    LineAmounts,
    Share,
    line_amounts,
    settle,
    taxes,
    totals,
)

Json = dict[str, Any]

AMOUNTS = st.integers(-10_000_000, 10_000_000)
EXEMPTIONS = st.sampled_from(["none", "exempt", "reverse"])


def rate(percentage: float, *, inclusive: bool = False, rate_id: str = "txr_1") -> Json:
    return {"id": rate_id, "percentage": percentage, "inclusive": inclusive}


@st.composite
def rates(draw: st.DrawFn) -> list[Json]:
    drawn = draw(st.lists(st.tuples(st.integers(0, 1_000_000), st.booleans()), max_size=5))
    return [
        rate(percentage / 10_000, inclusive=inclusive, rate_id=f"txr_{index}_{inclusive}")
        for index, (percentage, inclusive) in enumerate(drawn)
    ]


@st.composite
def lines(draw: st.DrawFn) -> LineAmounts:
    amount = draw(AMOUNTS)
    own = draw(st.integers(0, max(amount, 0)))
    shared = draw(st.integers(0, max(amount - own, 0)))
    return line_amounts(
        amount,
        [Share("di_own", own)],
        [Share("di_shared", shared)],
        draw(rates()),
        draw(EXEMPTIONS),
    )


@given(st.lists(lines(), max_size=8))
def test_every_total_is_the_sum_of_its_lines(billed: list[LineAmounts]) -> None:
    total = totals(billed)
    assert total["subtotal"] == sum(line.subtotal for line in billed)
    assert total["total"] == sum(line.total for line in billed)
    assert total["total_excluding_tax"] == sum(line.total_excluding_tax for line in billed)
    taken = sum(each["amount"] for each in total["total_discount_amounts"])
    assert taken == sum(share.amount for line in billed for share in line.discounts)
    taxed = sum(each["amount"] for each in total["total_taxes"])
    assert taxed == sum(tax.amount for line in billed for tax in line.taxes)


@given(st.lists(lines(), max_size=8))
def test_the_total_is_amounts_less_discounts_and_exclusive_taxes_on_top(
    billed: list[LineAmounts],
) -> None:
    total = totals(billed)
    discounts = sum(each["amount"] for each in total["total_discount_amounts"])
    on_top = sum(
        each["amount"] for each in total["total_taxes"] if each["tax_behavior"] == "exclusive"
    )
    assert total["total"] == sum(line.amount for line in billed) - discounts + on_top
    all_taxes = sum(each["amount"] for each in total["total_taxes"])
    assert total["total_excluding_tax"] == total["total"] - all_taxes


@given(AMOUNTS, rates())
def test_a_credit_undoes_the_taxes_of_its_debit_exactly(
    amount: int, given_rates: list[Json]
) -> None:
    debit, credit = taxes(amount, given_rates), taxes(-amount, given_rates)
    assert [tax.amount for tax in debit] == [-tax.amount for tax in credit]


@given(AMOUNTS, rates())
def test_inclusive_taxes_are_within_the_amount(amount: int, given_rates: list[Json]) -> None:
    inclusive = [each for each in given_rates if each["inclusive"]]
    line = line_amounts(amount, [], [], inclusive)
    assert line.total == amount
    assert abs(sum(tax.amount for tax in line.taxes)) <= abs(amount) + len(inclusive)


@given(AMOUNTS, AMOUNTS, st.integers(0, 5000))
def test_what_is_charged_is_what_is_invoiced_but_for_the_balance(
    total: int, balance: int, minimum: int
) -> None:
    settled = settle(total, balance, minimum)
    assert settled.due == total - settled.change
    assert settled.due == 0 or settled.due >= max(minimum, 1)
    ending = balance + settled.change
    assert settled.due == 0 or ending == 0


@given(AMOUNTS, rates(), st.sampled_from(["exempt", "reverse"]))
def test_an_exempt_customer_pays_no_tax(amount: int, given_rates: list[Json], why: str) -> None:
    line = line_amounts(amount, [], [], given_rates, why)
    assert line.total == line.total_excluding_tax == amount
    reasons = {"exempt": "customer_exempt", "reverse": "reverse_charge"}
    assert {tax.reason for tax in line.taxes} <= {reasons[why]}


@pytest.mark.parametrize(
    ("amount", "percentage", "tax"),
    [(43, 15, 6), (484, 15, 73), (50, 15, 8), (-50, 15, -8), (1000, 8.1, 81), (100, 0, 0)],
)
def test_exclusive_tax_is_rounded_half_up_on_each_line(
    amount: int, percentage: float, tax: int
) -> None:
    """The first two are the example of Stripe's page on rounding."""
    line = line_amounts(amount, [], [], [rate(percentage)])
    assert [each.amount for each in line.taxes] == [tax]
    assert line.total == amount + tax


def test_an_exclusive_tax_is_on_what_an_inclusive_one_leaves() -> None:
    both = [rate(20, inclusive=True, rate_id="txr_in"), rate(10, rate_id="txr_on")]
    line = line_amounts(1200, [], [], both)
    assert [tax.amount for tax in line.taxes] == [200, 100]
    assert (line.total, line.total_excluding_tax) == (1300, 1000)
    assert totals([line])["subtotal_excluding_tax"] == 1000


def test_the_least_amount_is_charged_and_less_is_kept() -> None:
    assert (settle(50, 0, 50).due, settle(50, 0, 50).kept) == (50, 0)
    assert (settle(49, 0, 50).due, settle(49, 0, 50).kept) == (0, 49)


def test_taxes_are_on_what_the_discounts_leave() -> None:
    line = line_amounts(1000, [Share("di_1", 200)], [Share("di_2", 300)], [rate(10)])
    assert (line.subtotal, line.discounted, line.total) == (800, 500, 550)


def test_the_subtotal_excluding_tax_is_before_the_invoices_discounts() -> None:
    included = [rate(20, inclusive=True)]
    total = totals([line_amounts(1200, [], [Share("di_1", 600)], included)])
    assert (total["subtotal"], total["subtotal_excluding_tax"]) == (1200, 1000)
    assert (total["total"], total["total_excluding_tax"]) == (600, 500)


def test_taxes_of_one_rate_are_told_together() -> None:
    billed = [line_amounts(amount, [], [], [rate(10)]) for amount in (105, 205)]
    [tax] = totals(billed)["total_taxes"]
    assert (tax["amount"], tax["taxable_amount"]) == (11 + 21, 310)

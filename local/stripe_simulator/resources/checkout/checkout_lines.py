"""Line items of Checkout sessions: what each costs today, with discount and taxes.

They are worked out by the same arithmetic as invoices (`discounts.apply`, `invoice_amounts`), so
that the page shows what is charged, to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from local.stripe_simulator import periods
from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Params, merged
from local.stripe_simulator.resources.catalogue import discounts, prices
from local.stripe_simulator.resources.catalogue.discounts import Priced, Reduction
from local.stripe_simulator.resources.invoices.invoice_amounts import (
    LineAmounts,
    Share,
    line_amounts,
)
from local.stripe_simulator.resources.subscriptions import prorations
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

MOST = 99  # of an adjustable item, unless the session says otherwise


@dataclass(frozen=True)
class Terms:
    """What decides how much of the full prices is due today.

    A trial makes what recurs free; with an `anchor` (UTC seconds) only the time until then is
    paid, or nothing if it isn't to be prorated.
    """

    now: int
    trial: bool = False
    anchor: int | None = None
    prorated: bool = True
    default_tax_rates: tuple[Json, ...] = ()
    tax_exempt: str = "none"


def new(world: World, given: Params, index: int, mode: str, currency: str | None = None) -> Json:
    """A line item, not worked out yet: its price is whole, as Stripe shows it.

    It is sold in `currency` if its price is offered in that, and in the price's own otherwise.
    """
    where = f"line_items[{index}]"
    price = _price(world, given, where)
    if mode == "payment" and price["type"] == "recurring":
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            where,
        )
    _check_given_quantity(price, given, where)
    adjustable = _adjustable(given, where)
    line = {
        "id": world.new_id("li_1", 23),
        "object": "item",
        "adjustable_quantity": adjustable,
        "currency": prices.currency_for(world, price, currency),
        "description": world.store.get("product", price["product"])["name"],
        "metadata": merged({}, given.get("metadata")),
        "price": price,
        "quantity": given.get("quantity"),
    }
    if line["quantity"] is not None:
        check_quantity(line, line["quantity"], f"{where}[quantity]")
    tax_rates = [
        world.store.get("tax_rate", rate, f"{where}[tax_rates][{position}]")
        for position, rate in enumerate(given.get("tax_rates", []))
    ]
    world.private[line["id"]] = {"tax_rates": tax_rates, "discounts": [], "taxes": []}
    return line


def given(world: World, line: Json) -> Params:
    """The parameters that make such a line again."""
    params = {
        "adjustable_quantity": line["adjustable_quantity"],
        "metadata": line["metadata"],
        "price": line["price"]["id"],
        "quantity": line["quantity"],
        "tax_rates": [rate["id"] for rate in world.private[line["id"]]["tax_rates"]],
    }
    return {name: value for name, value in params.items() if value is not None}


def _price(world: World, given: Params, where: str) -> Json:
    if ("price" in given) == ("price_data" in given):
        raise invalid("You must specify either `price` or `price_data`.", where)
    if "price_data" in given:
        return prices.create(world, given["price_data"])
    price = world.store.get("price", given["price"], f"{where}[price]")
    if not price["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.",
            f"{where}[price]",
        )
    return price


def _adjustable(given: Params, where: str) -> Json | None:
    wanted = given.get("adjustable_quantity")
    if wanted is None or not wanted["enabled"]:
        return None
    limits = {"enabled": True, "maximum": MOST, "minimum": 0, **wanted}
    if limits["minimum"] > limits["maximum"]:
        message = "`minimum` must not be greater than `maximum`."
        raise invalid(message, f"{where}[adjustable_quantity][minimum]")
    return limits


def _check_given_quantity(price: Json, given: Params, where: str) -> None:
    """A quantity is needed, but not of what is metered: usage is billed when it is known."""
    metered = (price["recurring"] or {}).get("usage_type") == "metered"
    if metered and "quantity" in given:
        raise invalid("You cannot set the quantity for metered plans.", f"{where}[quantity]")
    if not metered and "quantity" not in given:
        raise invalid(f"Quantity is required. Add `quantity` to `{where}`", where)


def check_quantity(line: Json, quantity: int, where: str) -> None:
    limits = line["adjustable_quantity"]
    if limits and not limits["minimum"] <= quantity <= limits["maximum"]:
        raise invalid(
            f"The quantity must be between {limits['minimum']} and {limits['maximum']}.", where
        )


def check_together(lines: Sequence[Json], mode: str) -> None:
    """Refuse lines that can't be bought at once."""
    if len({line["currency"] for line in lines}) > 1:
        raise invalid("All line items must have the same currency.", "line_items")
    recurring = [line["price"]["recurring"] for line in lines if line["price"]["recurring"]]
    if mode == "subscription" and not recurring:
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices.",
            "line_items",
        )
    if len({(each["interval"], each["interval_count"]) for each in recurring}) > 1:
        message = "Checkout does not support multiple prices with different billing intervals."
        raise invalid(message, "line_items")
    if all(line["quantity"] == 0 for line in lines):
        raise invalid("At least one line item must have a quantity.", "line_items")


def work_out(
    world: World,
    lines: Sequence[Json],
    terms: Terms,
    discount: Json | None = None,
    reduction: Reduction | None = None,
) -> list[Json]:
    """The lines with their amounts; `discount` is shown with what its `reduction` takes off."""
    priced = [Priced(due(world, line, terms), line["price"]["product"]) for line in lines]
    taken = discounts.apply(priced, [reduction] if reduction else [])
    worked_out = []
    for line, full, off in zip(lines, priced, taken, strict=True):
        rates = world.private[line["id"]]["tax_rates"] or terms.default_tax_rates
        shares = [Share("", each) for each in off]
        amounts = line_amounts(full.amount, (), shares, rates, terms.tax_exempt)
        _keep_parts(world, line, amounts, rates, discount)
        worked_out.append({**line, **_shown(amounts)})
    return worked_out


def full_amount(world: World, line: Json) -> int:
    """What a line costs, for a whole period if it recurs; what is metered is not known yet."""
    if line["quantity"] is None:
        return 0
    return prices.cost(world, line["price"], line["quantity"], line["currency"])


def due(world: World, line: Json, terms: Terms) -> int:
    """What a line costs today, before discounts and taxes."""
    full = full_amount(world, line)
    recurring = line["price"]["recurring"]
    if recurring is None:
        return full
    if terms.trial:
        return 0
    if terms.anchor is None:
        return full
    if not terms.prorated:
        return 0
    whole = periods.surrounding(terms.anchor, terms.now, recurring)
    return prorations.share(full, (terms.now, whole[1]), whole)


def _keep_parts(
    world: World, line: Json, amounts: LineAmounts, rates: Sequence[Json], discount: Json | None
) -> None:
    """Keep what is shown of a line only when expanded."""
    by_id = {rate["id"]: rate for rate in rates}
    world.private[line["id"]] = {
        **world.private[line["id"]],
        "discounts": [{"amount": share.amount, "discount": discount} for share in amounts.shared],
        "taxes": [
            {
                "amount": tax.amount,
                "rate": by_id[tax.rate],
                "taxability_reason": tax.reason,
                "taxable_amount": tax.taxable,
            }
            for tax in amounts.taxes
        ],
    }


def _shown(amounts: LineAmounts) -> Json:
    return {
        "amount_discount": amounts.amount - amounts.discounted,
        "amount_subtotal": amounts.amount,
        "amount_tax": sum(tax.amount for tax in amounts.taxes),
        "amount_total": amounts.total,
    }


def totals(lines: Sequence[Json]) -> Json:
    """The session's amounts: the sums of its lines'."""
    return {
        "amount_subtotal": sum(line["amount_subtotal"] for line in lines),
        "amount_total": sum(line["amount_total"] for line in lines),
        "total_details": {
            "amount_discount": sum(line["amount_discount"] for line in lines),
            "amount_shipping": 0,
            "amount_tax": sum(line["amount_tax"] for line in lines),
        },
    }


def breakdown(world: World, lines: Sequence[Json]) -> Json:
    """What the total is made of: each discount and each tax rate, over all lines."""
    kept = [world.private[line["id"]] for line in lines]
    return {
        "discounts": _summed([each for own in kept for each in own["discounts"]], "discount"),
        "taxes": _summed([each for own in kept for each in own["taxes"]], "rate"),
    }


def _summed(parts: Sequence[Json], of: str) -> list[Json]:
    """The parts added up by what they are `of`."""
    sums: dict[str, Json] = {}
    for part in parts:
        key = part[of]["id"]
        former = sums.get(key, {})
        amounts = {name: value for name, value in part.items() if name.endswith("amount")}
        added = {name: value + former.get(name, 0) for name, value in amounts.items()}
        sums[key] = {**part, **added}
    return list(sums.values())


def _discounts(world: World, line: Json) -> list[Json]:
    found: list[Json] = world.private[line["id"]]["discounts"]
    return found


def _taxes(world: World, line: Json) -> list[Json]:
    found: list[Json] = world.private[line["id"]]["taxes"]
    return found


INCLUDABLE = {("item", "discounts"): _discounts, ("item", "taxes"): _taxes}

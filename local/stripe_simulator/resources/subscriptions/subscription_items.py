"""Subscription items: one price of a subscription, its quantity and its current period.

An item lives in two places, by its own id and inside its subscription; `put` and `replace_in`
keep them the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from local.stripe_simulator import periods
from local.stripe_simulator.params import Params, merged
from local.stripe_simulator.resources.catalogue import discounts, price_amounts, prices
from local.stripe_simulator.resources.invoices.invoice_drafts import Line
from local.stripe_simulator.resources.invoices.invoice_lines import pricing
from local.stripe_simulator.resources.metering import meters
from local.stripe_simulator.resources.subscriptions import prorations
from local.stripe_simulator.resources.subscriptions.prorations import Debit, Span
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def blank(world: World, subscription_id: str, price: Json, given: Params, span: Span) -> Json:
    """An item that isn't stored yet."""
    item = {
        "id": world.new_id("si_", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": world.now(),
        "current_period_end": span[1],
        "current_period_start": span[0],
        "current_trial": None,
        "discounts": [],
        "metadata": merged({}, given.get("metadata")),
        "plan": prices.plan(price),
        "price": price,
        "subscription": subscription_id,
        "tax_rates": tax_rates(world, given.get("tax_rates")),
    }
    return item if is_metered(item) else {**item, "quantity": given.get("quantity", 1)}


def put(world: World, item: Json) -> Json:
    """Store an item, or this version of it."""
    if world.store.find(item["id"]) is None:
        return world.store.insert(item)
    return world.store.update(item, **item)


def replace_in(subscription: Json, items: Iterable[Json]) -> Json:
    """The `items` list of a subscription, with these versions."""
    return {**subscription["items"], "data": list(items)}


def tax_rates(world: World, given: list[str] | None) -> list[Json]:
    return [world.store.get("tax_rate", rate, "tax_rates") for rate in given or []]


def is_metered(item: Json) -> bool:
    """Whether the item is billed by usage, afterwards; what isn't paid ahead isn't prorated."""
    return bool(item["price"]["recurring"]["usage_type"] == "metered")


def amount(world: World, item: Json, currency: str) -> int:
    """What the item's quantity costs for a whole period."""
    return prices.cost(world, item["price"], item["quantity"], currency)


def span(item: Json) -> Span:
    return item["current_period_start"], item["current_period_end"]


def in_period(item: Json, new_span: Span) -> Json:
    return {**item, "current_period_start": new_span[0], "current_period_end": new_span[1]}


def whole_period(subscription: Json, item: Json, at: int) -> Span:
    """The period of the item's price in which `at` lies, as the billing cycle anchor has it."""
    return periods.surrounding(subscription["billing_cycle_anchor"], at, item["price"]["recurring"])


def until_canceled(subscription: Json, period: Span) -> Span:
    """A period ends at the latest when its subscription does."""
    cancel_at = subscription["cancel_at"]
    if cancel_at is None or cancel_at <= period[0]:
        return period
    return period[0], min(period[1], cancel_at)


def product_name(world: World, item: Json) -> str:
    return str(world.store.get("product", item["price"]["product"])["name"])


def line(world: World, subscription: Json, item: Json, part: Span | None = None) -> Line:
    """What the item's current period costs, or `part` of it; nothing while it is a trial."""
    if is_metered(item):
        return usage_line(world, subscription, item)
    start, end = part or span(item)
    whole = whole_period(subscription, item, start)
    trial = subscription["status"] == "trialing"
    proration = not trial and (start, end) != whole
    price, quantity = item["price"], item["quantity"]
    full = amount(world, item, subscription["currency"])
    return Line(
        amount=0 if trial else prorations.share(full, (start, end), whole),
        description=_describe(world, subscription, item, (start, end), proration=proration),
        start=start,
        end=end,
        currency=subscription["currency"],
        price=price,
        pricing=_pricing(world, subscription, item),
        quantity=quantity,
        discounts=tuple(item["discounts"]),
        tax_rates=tuple(item["tax_rates"]),
        proration=proration,
        subscription=subscription["id"],
        subscription_item=item["id"],
    )


def usage_line(world: World, subscription: Json, item: Json) -> Line:
    """What was used of a metered item in its current period, which is billed when it is over."""
    start, end = span(item)
    used = meters.usage(world, item, start, end)
    return Line(
        amount=prices.cost(world, item["price"], used, subscription["currency"]),
        description=_at_price(world, subscription, item, used),
        start=start,
        end=end,
        currency=subscription["currency"],
        price=item["price"],
        pricing=_pricing(world, subscription, item),
        quantity=used,
        discounts=tuple(item["discounts"]),
        tax_rates=tuple(item["tax_rates"]),
        subscription=subscription["id"],
        subscription_item=item["id"],
    )


def used(world: World, subscription: Json) -> list[Line]:
    """What was used since the current periods began; a pause has billed that already."""
    now = world.now()
    if subscription["status"] == "paused":
        return []
    items = [
        in_period(item, (item["current_period_start"], now))
        for item in billed_by_usage(subscription)
        if item["current_period_start"] < now
    ]
    lines = [usage_line(world, subscription, item) for item in items]
    return [line for line in lines if line.quantity]


def _pricing(world: World, subscription: Json, item: Json) -> Json:
    amounts = prices.amounts(world, item["price"], subscription["currency"])
    return pricing(item["price"], amounts["unit_amount_decimal"])


def billed_by_usage(subscription: Json) -> list[Json]:
    """The metered items of which the current period counts: what is used in a trial is free."""
    trial_end = subscription["trial_end"] or 0
    return [
        item
        for item in subscription["items"]["data"]
        if is_metered(item) and item["current_period_start"] >= trial_end
    ]


def _describe(world: World, subscription: Json, item: Json, part: Span, *, proration: bool) -> str:
    """Stripe's words (for trials as of "Compare classic and flexible billing mode")."""
    name, quantity = product_name(world, item), item["quantity"]
    if subscription["status"] == "trialing":
        if subscription["billing_mode"]["type"] == "classic":
            return f"Trial period for {name}"
        return f"Free trial for {quantity} \u00d7 {name}"
    if proration:
        return prorations.describe("Remaining", quantity, name, part[0])
    return _at_price(world, subscription, item, quantity)


def _at_price(world: World, subscription: Json, item: Json, quantity: int) -> str:
    amounts = prices.amounts(world, item["price"], subscription["currency"])
    each, interval = price_amounts.each(amounts, quantity), item["price"]["recurring"]["interval"]
    return f"{quantity} \u00d7 {product_name(world, item)} ({each} / {interval})"


def debits(world: World, item_id: str) -> tuple[Debit, ...]:
    """What was billed for the item's current period, and not given back since."""
    return tuple(world.private.get(item_id, {}).get("debits", ()))


def remember(world: World, item_id: str, debited: Iterable[Debit]) -> None:
    world.private[item_id] = {"debits": tuple(debited)}


def remember_billed(world: World, invoice: Json) -> None:
    """Keep what an invoice bills for items' current periods, less what was taken off."""
    billed: dict[str, list[Debit]] = {}
    for each in invoice["lines"]["data"]:
        details = each["parent"]["subscription_item_details"]
        if details is not None and details["invoice_item"] is None:
            item = world.store.find(details["subscription_item"])
            if item is not None and not is_metered(item):
                billed.setdefault(item["id"], []).append(_debited(world, invoice, each, item))
    for item_id, debited in billed.items():
        remember(world, item_id, debited)


def _debited(world: World, invoice: Json, billed: Json, item: Json) -> Debit:
    return Debit(
        amount=billed["amount"] - sum(each["amount"] for each in billed["discount_amounts"]),
        span=(billed["period"]["start"], billed["period"]["end"]),
        price=item["price"],
        product_name=product_name(world, item),
        quantity=billed["quantity"],
        tax_rates=tuple(item["tax_rates"]),
        invoice=invoice["id"],
        line=billed["id"],
    )


def full_prices(
    world: World, subscription: Json, items: Iterable[Json], at: int
) -> Mapping[str, Debit]:
    """What each item costs for the whole period around `at`, less its share of all discounts."""
    licensed = [item for item in items if not is_metered(item)]
    currency = subscription["currency"]
    amounts = [amount(world, item, currency) for item in licensed]
    for index, item in enumerate(licensed):
        own = discounts.reductions(world, item["discounts"], currency)
        taken = discounts.apply([_priced(item, amounts[index])], own)
        amounts[index] -= sum(taken[0])
    shared = discounts.reductions(world, subscription["discounts"], currency)
    lines = [_priced(item, left) for item, left in zip(licensed, amounts, strict=True)]
    taken = discounts.apply(lines, shared)
    return {
        item["id"]: Debit(
            amount=left - sum(off),
            span=whole_period(subscription, item, at),
            price=item["price"],
            product_name=product_name(world, item),
            quantity=item["quantity"],
            tax_rates=tuple(item["tax_rates"]),
        )
        for item, left, off in zip(licensed, amounts, taken, strict=True)
    }


def _priced(item: Json, left: int) -> discounts.Priced:
    return discounts.Priced(left, item["price"]["product"])

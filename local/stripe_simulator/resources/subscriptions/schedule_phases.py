"""Phases of a subscription schedule: from parameters to objects with dates, and to a change.

Phases follow each other without a gap: each starts where the one before it ends (Stripe's
"Subscription schedules" guide, section "Phases").
"""

from __future__ import annotations

from local.stripe_simulator import periods
from local.stripe_simulator.errors import invalid
from local.stripe_simulator.money import currency
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    clearable,
    hash_of,
    integer,
    list_of,
    merged,
    metadata,
    moment,
    one_of,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources.catalogue import prices
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DISCOUNTS = clearable(
    list_of(hash_of({"coupon": text(), "discount": text(), "promotion_code": text()}), maximum=20)
)
ITEM = hash_of(
    {
        "price": text(),
        "price_data": hash_of({**prices.AMOUNT, "product": required(text())}),
        "quantity": integer(0, 999_999),
        "metadata": metadata,
        "discounts": DISCOUNTS,
        "tax_rates": clearable(list_of(text())),
        "billing_thresholds": unsupported("billing thresholds"),
        "plan": unsupported("plans; use prices"),
    }
)
INVOICE_SETTINGS = hash_of({"days_until_due": integer(0)})
SETTINGS: Spec = {
    "billing_cycle_anchor": one_of("automatic", "phase_start"),
    "collection_method": one_of("charge_automatically", "send_invoice"),
    "default_payment_method": text(),
    "description": text(500),
    "automatic_tax": hash_of({"enabled": required(boolean)}),
    "invoice_settings": INVOICE_SETTINGS,
    "application_fee_percent": unsupported("application fees"),
    "billing_thresholds": unsupported("billing thresholds"),
    "on_behalf_of": unsupported("connected accounts"),
    "transfer_data": unsupported("connected accounts"),
}
INTERVAL = one_of("day", "week", "month", "year")
PHASE = hash_of(
    {
        **SETTINGS,
        "items": required(list_of(ITEM, maximum=20)),
        "currency": currency,
        "default_tax_rates": clearable(list_of(text())),
        "discounts": DISCOUNTS,
        "duration": hash_of({"interval": required(INTERVAL), "interval_count": integer(1)}),
        "start_date": moment("now"),
        "end_date": moment("now"),
        "metadata": metadata,
        "proration_behavior": one_of("always_invoice", "create_prorations", "none"),
        "trial": boolean,
        "trial_end": moment("now"),
        "add_invoice_items": unsupported("extra invoice items of a phase"),
    }
)
PHASES = list_of(PHASE, maximum=10)


def automatic_tax(*, enabled: bool) -> Json:
    liability = {"type": "self"} if enabled else None
    return {"disabled_reason": None, "enabled": enabled, "liability": liability}


def invoice_settings(given: Params) -> Json:
    return {
        "account_tax_ids": None,
        "custom_fields": None,
        "days_until_due": given.get("days_until_due"),
        "description": None,
        "footer": None,
        "issuer": {"type": "self"},
    }


def build(world: World, given: list[Params], start: int | None) -> list[Json]:
    """The phases that `given` describe, the first of them from `start` or its own start date."""
    phases: list[Json] = []
    starts = [params.get("start_date") for params in given[1:]]
    for index, (params, following) in enumerate(zip(given, [*starts, None], strict=True)):
        where = f"phases[{index}]"
        items = [_item(world, item, f"{where}[items]") for item in params["items"]]
        begins = _start(world, params, phases[-1]["end_date"] if phases else start, where)
        asked = params if "duration" in params else {"end_date": following, **params}
        price = world.store.get("price", items[0]["price"])
        ends = _end(world, asked, begins, price["recurring"], where)
        phases.append(_phase(world, params, (begins, ends), items, where))
    return phases


def _start(world: World, params: Params, expected: int | None, where: str) -> int:
    given = _moment(world, params.get("start_date"))
    start = given if expected is None else expected
    if start is None:
        raise invalid(
            "Missing at least one phase with a `start_date` to anchor end dates to.", "phases"
        )
    if given not in (None, start):
        raise invalid(
            "The `start_date` of a phase must be the `end_date` of the phase before it.",
            f"{where}[start_date]",
        )
    return start


def _end(world: World, params: Params, start: int, period: Json, where: str) -> int:
    """When a phase ends: as it says, when the next starts, or after one period of its price."""
    if "duration" in params and "end_date" in params:
        raise invalid("You may only specify one of these parameters: duration, end_date.", where)
    end = _moment(world, params.get("end_date"))
    if end is None:
        return periods.next_end(
            start, start, {"interval_count": 1, **params.get("duration", period)}
        )
    if end <= start:
        message = "The `end_date` of a phase must be after its `start_date`."
        raise invalid(message, f"{where}[end_date]")
    return end


def _moment(world: World, given: object) -> int | None:
    if given is None:
        return None
    return world.now() if given == "now" else int(str(given))


def _item(world: World, given: Params, where: str) -> Json:
    if ("price" in given) == ("price_data" in given):
        raise invalid("You must specify either `price` or `price_data`.", where)
    if "price_data" in given:
        price = prices.create(world, given["price_data"])
    else:
        price = world.store.get("price", given["price"], f"{where}[price]")
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`.",
            f"{where}[price]",
        )
    item: Json = {
        "billing_thresholds": None,
        "discounts": discounts(given.get("discounts")),
        "metadata": merged({}, given.get("metadata")),
        "plan": price["id"],
        "price": price["id"],
        "tax_rates": [_tax_rate(world, rate) for rate in given.get("tax_rates") or []],
    }
    if price["recurring"]["usage_type"] == "licensed":
        item["quantity"] = given.get("quantity", 1)
    elif "quantity" in given:
        raise invalid("You cannot set the quantity for metered plans.", f"{where}[quantity]")
    return item


def _phase(
    world: World, params: Params, dates: tuple[int, int], items: list[Json], where: str
) -> Json:
    start, end = dates
    currencies = {world.store.get("price", item["price"])["currency"] for item in items}
    if len(currencies) != 1:
        raise invalid("All prices of a phase must have the same currency.", f"{where}[items]")
    phase: Json = {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": params.get("billing_cycle_anchor"),
        "billing_thresholds": None,
        "collection_method": params.get("collection_method"),
        "currency": params.get("currency") or currencies.pop(),
        "default_payment_method": params.get("default_payment_method"),
        "default_tax_rates": [
            _tax_rate(world, rate) for rate in params.get("default_tax_rates") or []
        ],
        "description": params.get("description"),
        "discounts": discounts(params.get("discounts")),
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        "metadata": merged({}, params.get("metadata")),
        "on_behalf_of": None,
        "proration_behavior": params.get("proration_behavior", "create_prorations"),
        "start_date": start,
        "transfer_data": None,
        "trial_end": _trial_end(world, params, dates, where),
    }
    if "invoice_settings" in params:
        phase["invoice_settings"] = invoice_settings(params["invoice_settings"])
    if "automatic_tax" in params:
        phase["automatic_tax"] = automatic_tax(enabled=params["automatic_tax"]["enabled"])
    return phase


def _trial_end(world: World, params: Params, dates: tuple[int, int], where: str) -> int | None:
    start, end = dates
    if params.get("trial"):
        return end
    trial_end = _moment(world, params.get("trial_end"))
    if trial_end is not None and not start <= trial_end <= end:
        raise invalid("The `trial_end` must be within the phase.", f"{where}[trial_end]")
    return trial_end


def _tax_rate(world: World, rate_id: str) -> Json:
    return world.store.get("tax_rate", rate_id, "tax_rates")


def discounts(given: list[Params] | None) -> list[Json]:
    """Discounts as a phase keeps them: named by coupon, promotion code or former discount."""
    kinds = ("coupon", "discount", "promotion_code")
    return [{kind: each.get(kind) for kind in kinds} for each in given or []]


def current(phases: list[Json], now: int) -> Json | None:
    """The phase that is on now."""
    return next((one for one in phases if one["start_date"] <= now < one["end_date"]), None)

"""A schedule's phase and its subscription: the one written as the other.

Entering a phase is an update of the subscription like any client's, so it prorates and bills
alike.
"""

from __future__ import annotations

from local.stripe_simulator.params import Params
from local.stripe_simulator.resources.subscriptions.schedule_phases import (
    discounts,
    invoice_settings,
)
from local.stripe_simulator.store import Json

INHERITED = ("default_payment_method", "collection_method", "description")
BLANK: Json = {
    "items": {"data": []},
    "collection_method": "charge_automatically",
    "days_until_due": None,
    "default_payment_method": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "trial_end": None,
}


def change_into(subscription: Json, phase: Json, defaults: Json) -> Params:
    """The parameters that update a subscription to a phase that begins; prorations aside."""
    settings = phase["invoice_settings"] or defaults["invoice_settings"]
    sent = (phase["collection_method"] or defaults["collection_method"]) == "send_invoice"
    wanted = {
        **{name: phase[name] or defaults[name] for name in INHERITED},
        "days_until_due": settings["days_until_due"] if sent else None,
        "trial_end": phase["trial_end"],
    }
    change: Params = {
        name: value for name, value in wanted.items() if value not in (None, subscription[name])
    }
    change["items"] = _items_of(subscription, phase)
    if phase["metadata"]:
        change["metadata"] = phase["metadata"]
    if phase["discounts"] != _kept(subscription["discounts"]):
        change["discounts"] = _named(phase["discounts"]) or None
    if phase["default_tax_rates"] != subscription["default_tax_rates"]:
        change["default_tax_rates"] = [rate["id"] for rate in phase["default_tax_rates"]] or None
    if (phase["billing_cycle_anchor"] or defaults["billing_cycle_anchor"]) == "phase_start":
        change["billing_cycle_anchor"] = {"type": "now"}
    return change


def parameters_of(phase: Json, defaults: Json) -> Params:
    """The parameters that create a subscription in its first phase."""
    created = change_into(BLANK, phase, defaults)
    created.pop("billing_cycle_anchor", None)  # it starts with an anchor of its own anyway
    return created


def _items_of(subscription: Json, phase: Json) -> list[Params]:
    """Which items change, come and go: an item lasts as long as its price does."""
    former = {item["price"]["id"]: item["id"] for item in subscription["items"]["data"]}
    wanted = [_item_params(item, former.pop(item["price"], None)) for item in phase["items"]]
    return wanted + [{"id": item_id, "deleted": True} for item_id in former.values()]


def _item_params(item: Json, item_id: str | None) -> Params:
    params: Params = {"metadata": item["metadata"]}
    params.update({"price": item["price"]} if item_id is None else {"id": item_id})
    if "quantity" in item:
        params["quantity"] = item["quantity"]
    if item["discounts"]:
        params["discounts"] = _named(item["discounts"])
    if item["tax_rates"]:
        params["tax_rates"] = [rate["id"] for rate in item["tax_rates"]]
    return params


def _named(kept: list[Json]) -> list[Params]:
    return [{kind: value for kind, value in one.items() if value} for one in kept]


def of_subscription(subscription: Json) -> Json:
    """The one phase of a schedule made from a subscription: its current period as it is."""
    items = subscription["items"]["data"]
    end = subscription["cancel_at"] or max(item["current_period_end"] for item in items)
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "automatic_tax": subscription["automatic_tax"],
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": subscription["collection_method"],
        "currency": subscription["currency"],
        "default_payment_method": subscription["default_payment_method"],
        "default_tax_rates": subscription["default_tax_rates"],
        "description": subscription["description"],
        "discounts": _kept(subscription["discounts"]),
        "end_date": end,
        "invoice_settings": invoice_settings(subscription),
        "items": [_as_it_is(item) for item in items],
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": "create_prorations",
        "start_date": min(item["current_period_start"] for item in items),
        "transfer_data": None,
        "trial_end": subscription["trial_end"],
    }


def _as_it_is(item: Json) -> Json:
    kept = {
        "billing_thresholds": None,
        "discounts": _kept(item["discounts"]),
        "metadata": item["metadata"],
        "plan": item["price"]["id"],
        "price": item["price"]["id"],
        "tax_rates": item["tax_rates"],
    }
    return {**kept, "quantity": item["quantity"]} if "quantity" in item else kept


def _kept(discount_ids: list[str]) -> list[Json]:
    return discounts([{"discount": discount_id} for discount_id in discount_ids])

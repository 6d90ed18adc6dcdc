"""Meter events: usage as it is reported, refused where it can't be counted, taken back, summed.

Stripe checks some of this later and tells it by a `v1.billing.meter.error_report_triggered`
event; the simulator refuses at once, and has no such event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from local.stripe_simulator.errors import invalid, no_such
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    hash_of,
    metadata,
    one_of,
    required,
    text,
    timestamp,
)
from local.stripe_simulator.resources.metering import meters, usage_records
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

HOUR, DAY = 3600, 86400
OLDEST_SECONDS = 35 * DAY
AHEAD_SECONDS = 300
UNIQUE_SECONDS = DAY
CANCELABLE_SECONDS = DAY
VALUE = re.compile(r"-?[0-9]{1,15}")
WINDOWS = {"hour": HOUR, "day": DAY}
CREATE: Spec = {
    "event_name": required(text(100)),
    "identifier": text(100),
    "payload": required(metadata),
    "timestamp": timestamp,
}
ADJUST: Spec = {
    "cancel": hash_of({"identifier": required(text(100))}),
    "event_name": required(text(100)),
    "type": required(one_of("cancel")),
}
SUMMARIES: Spec = {
    **PAGE,
    "customer": required(text()),
    "end_time": required(timestamp),
    "start_time": required(timestamp),
    "value_grouping_window": one_of("day", "hour"),
}


def create(world: World, params: Params) -> Json:
    meter = _meter(world, params["event_name"])
    payload = params["payload"]
    customer = _customer(world, meter, payload)
    at = params.get("timestamp", world.now())
    _check_time(world, at)
    identifier = params.get("identifier") or world.token(36)
    if _received(world, identifier, within=UNIQUE_SECONDS):
        message = f"An event already exists with identifier {identifier}."
        raise invalid(message, "identifier", "resource_already_exists")
    record = {"timestamp": at, "value": _value(meter, payload), "identifier": identifier}
    usage_records.add(world, meter["id"], customer["id"], record)
    world.private[f"meter_event/{identifier}"] = {
        "created": world.now(),
        "customer": customer["id"],
        "meter": meter["id"],
        "record": record,
    }
    return {
        "object": "billing.meter_event",
        "created": world.now(),
        "event_name": params["event_name"],
        "identifier": identifier,
        "livemode": False,
        "payload": payload,
        "timestamp": at,
    }


def _meter(world: World, event_name: str) -> Json:
    meter = meters.find_active(world, event_name)
    if meter is None:
        message = f"No active meter found for event name `{event_name}`."
        raise invalid(message, "event_name", "resource_missing")
    return meter


def _customer(world: World, meter: Json, payload: Params) -> Json:
    key = meter["customer_mapping"]["event_payload_key"]
    if key not in payload:
        raise invalid(f"Customer mapping key {key} not found in payload.", f"payload[{key}]")
    return world.store.get("customer", payload[key], f"payload[{key}]")


def _value(meter: Json, payload: Params) -> int:
    key = meter["value_settings"]["event_payload_key"]
    if meter["default_aggregation"]["formula"] == "count":
        return 1
    given = payload.get(key)
    if given is None:
        raise invalid(f"Value key {key} not found in payload.", f"payload[{key}]")
    if not VALUE.fullmatch(given):
        raise invalid(f"The value must be a whole number: {given}", f"payload[{key}]")
    return int(given)


def _check_time(world: World, at: int) -> None:
    if at < world.now() - OLDEST_SECONDS:
        message = "The timestamp must be within the past 35 calendar days."
        raise invalid(message, "timestamp", "timestamp_too_far_in_past")
    if at > world.now() + AHEAD_SECONDS:
        message = "The timestamp must be at most 5 minutes in the future."
        raise invalid(message, "timestamp", "timestamp_in_future")


def _received(world: World, identifier: str, within: int) -> Json | None:
    """What is known of an event that came in not longer ago than that."""
    known: Json | None = world.private.get(f"meter_event/{identifier}")
    return known if known and known["created"] > world.now() - within else None


def adjust(world: World, params: Params) -> Json:
    """Take an event back, within a day of its arrival."""
    meter = _meter(world, params["event_name"])
    if "cancel" not in params:
        path = "cancel[identifier]"
        raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
    identifier = params["cancel"]["identifier"]
    known = _received(world, identifier, within=CANCELABLE_SECONDS)
    if known is None or known["meter"] != meter["id"]:
        raise no_such("meter_event", identifier, "cancel[identifier]")
    usage_records.remove(world, meter["id"], known["customer"], known["record"])
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": params["event_name"],
        "livemode": False,
        "status": "complete",
        "type": "cancel",
    }


def summaries(world: World, params: Params, meter_id: str) -> Json:
    """What a customer used, as a whole or by the hour or day; the newest first."""
    meter = world.store.get(meters.KIND, meter_id)
    customer = world.store.get("customer", params["customer"], "customer")
    start, end = params["start_time"], params["end_time"]
    step = WINDOWS.get(params.get("value_grouping_window", ""), 60)
    for name, at in (("start_time", start), ("end_time", end)):
        if at % step:
            raise invalid(f"The {name} must be aligned with the window's boundaries.", name)
    if end <= start:
        raise invalid("The end_time must be after the start_time.", "end_time")
    records = usage_records.between(world, meter_id, customer["id"], start, end)
    spans = [(start, end)]
    if "value_grouping_window" in params:
        begun = sorted({record["timestamp"] // step * step for record in records}, reverse=True)
        spans = [(at, at + step) for at in begun]
    found = _summaries(meter, customer, spans, records)
    return page(found, params, f"/v1/billing/meters/{meter_id}/event_summaries")


def _summaries(
    meter: Json, customer: Json, spans: list[tuple[int, int]], records: list[Json]
) -> Iterator[Json]:
    for start, end in spans:
        within = [record for record in records if start <= record["timestamp"] < end]
        value = usage_records.aggregated(within, meter["default_aggregation"]["formula"])
        yield {
            "id": f"mtrusg_test_{meter['id'][-8:]}{customer['id'][-8:]}{start:x}{end:x}",
            "object": "billing.meter_event_summary",
            "aggregated_value": value,
            "end_time": end,
            "livemode": False,
            "meter": meter["id"],
            "start_time": start,
        }


ROUTES = (
    Route("POST", "/v1/billing/meter_events", create, CREATE),
    Route("POST", "/v1/billing/meter_event_adjustments", adjust, ADJUST),
    Route("GET", "/v1/billing/meters/{}/event_summaries", summaries, SUMMARIES),
)

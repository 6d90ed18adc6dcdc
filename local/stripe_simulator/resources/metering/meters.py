"""Meters: how the usage events of one name are added up, for each customer."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import PAGE
from local.stripe_simulator.params import Params, Spec, hash_of, one_of, required, text
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.metering import usage_records
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

KIND = "billing.meter"
CREATE: Spec = {
    "customer_mapping": hash_of(
        {"event_payload_key": required(text(100)), "type": required(one_of("by_id"))}
    ),
    "default_aggregation": required(hash_of({"formula": required(one_of("count", "last", "sum"))})),
    "display_name": required(text(250)),
    "event_name": required(text(100)),
    "event_time_window": one_of("day", "hour"),
    "value_settings": hash_of({"event_payload_key": required(text(100))}),
}


def create(world: World, params: Params) -> Json:
    if find_active(world, params["event_name"]):
        raise invalid(
            f"There is already an active meter with the event name `{params['event_name']}`.",
            "event_name",
            "resource_already_exists",
        )
    by_default = {"event_payload_key": "stripe_customer_id", "type": "by_id"}
    meter = world.store.insert(
        {
            "id": world.new_id("mtr_test_", 30),
            "object": KIND,
            "created": world.now(),
            "customer_mapping": params.get("customer_mapping", by_default),
            "default_aggregation": params["default_aggregation"],
            "display_name": params["display_name"],
            "event_name": params["event_name"],
            "event_time_window": params.get("event_time_window"),
            "livemode": False,
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": world.now(),
            "value_settings": params.get("value_settings", {"event_payload_key": "value"}),
        }
    )
    world.emit("billing.meter.created", meter)
    return meter


def find_active(world: World, event_name: str) -> Json | None:
    return next(
        (
            meter
            for meter in world.store.newest_first(KIND)
            if meter["event_name"] == event_name and meter["status"] == "active"
        ),
        None,
    )


def usage(world: World, item: Json, start: int, end: int) -> int:
    """What an item of a metered price used from `start` until before `end` (UTC seconds)."""
    meter = world.store.get(KIND, item["price"]["recurring"]["meter"])
    customer = world.store.get("subscription", item["subscription"])["customer"]
    records = usage_records.between(world, meter["id"], customer, start, end)
    return usage_records.aggregated(records, meter["default_aggregation"]["formula"])


def update(world: World, params: Params, meter_id: str) -> Json:
    before = world.store.get(KIND, meter_id)
    meter = world.store.update(before, **params, updated=world.now())
    world.emit("billing.meter.updated", meter, before)
    return meter


def deactivate(world: World, _params: Params, meter_id: str) -> Json:
    return _switch(world, meter_id, "inactive", "deactivated", world.now())


def reactivate(world: World, _params: Params, meter_id: str) -> Json:
    meter = world.store.get(KIND, meter_id)
    other = find_active(world, meter["event_name"])
    if other is not None and other["id"] != meter_id:
        raise invalid(
            f"There is already an active meter with the event name `{meter['event_name']}`.",
            code="resource_already_exists",
        )
    return _switch(world, meter_id, "active", "reactivated", None)


def _switch(world: World, meter_id: str, status: str, event: str, at: int | None) -> Json:
    before = world.store.get(KIND, meter_id)
    if before["status"] == status:
        raise invalid(f"The meter `{meter_id}` is already {status}.")
    meter = world.store.update(
        before,
        status=status,
        status_transitions={"deactivated_at": at},
        updated=world.now(),
    )
    world.emit(f"billing.meter.{event}", meter)
    return meter


ROUTES = (
    Route("POST", "/v1/billing/meters", create, CREATE),
    plain.listing("/v1/billing/meters", KIND, {**PAGE, "status": one_of("active", "inactive")}),
    plain.retrieve("/v1/billing/meters/{}", KIND),
    Route("POST", "/v1/billing/meters/{}", update, {"display_name": text(250)}),
    Route("POST", "/v1/billing/meters/{}/deactivate", deactivate, {}),
    Route("POST", "/v1/billing/meters/{}/reactivate", reactivate, {}),
)

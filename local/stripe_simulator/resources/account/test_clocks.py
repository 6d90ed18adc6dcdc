"""Test clocks: time that stands still for some customers until it is told to go on.

Rules and limits are those of Stripe's page "API and advanced usage" of test clocks. Guards that
what concerns a clock's customers happens by their clock, in the order in which it falls due, and
that nothing is changed while the clock advances.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from local.stripe_simulator import periods
from local.stripe_simulator.errors import StripeError, invalid
from local.stripe_simulator.events import TEST_CLOCK_DELETED
from local.stripe_simulator.pagination import PAGE
from local.stripe_simulator.params import Params, required, text, timestamp, unsupported
from local.stripe_simulator.resources import plain
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import TEST_CLOCK, World

KEPT_SECONDS = 30 * 86400
MAX_CUSTOMERS = 3
MAX_SUBSCRIPTIONS = 3  # of each customer
INTERVALS = 2  # how far it may advance at once
EMPTY: Json = {"interval": "year", "interval_count": 1}  # what counts where nothing recurs
ENDED = ("canceled", "incomplete_expired")
DELETED_WITH_IT = ("subscription_schedule", "subscription", "invoice", "invoiceitem")


def named(world: World, ids: list[str], params: Params) -> str | None:
    """The test clock of what a request names: in its path, its parameters, or a list in them."""
    if not world.store.any(TEST_CLOCK):
        return None
    for object_id in (*ids, *_strings(params)):
        if clock_id := world.clock_of(object_id):
            return clock_id
    return None


def _strings(params: Params) -> Iterator[str]:
    for value in params.values():
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, str):
                yield each
            elif isinstance(each, dict) and isinstance(value, list):
                yield from (item for item in each.values() if isinstance(item, str))


def refuse_while_advancing(world: World, clock_id: str | None) -> None:
    if clock_id and world.store.get(TEST_CLOCK, clock_id)["status"] == "advancing":
        raise StripeError(
            429, f"Test clock advancement underway - cannot perform modifications: {clock_id}"
        )


def create(world: World, params: Params) -> Json:
    frozen_time = params["frozen_time"]
    clock = world.store.insert(
        {
            "id": world.new_id("clock_1", 23),
            "object": TEST_CLOCK,
            "created": world.now(),
            "deletes_after": world.now() + KEPT_SECONDS,
            "frozen_time": frozen_time,
            "livemode": False,
            "name": params.get("name"),
            "status": "ready",
            "status_details": {},
        }
    )
    world.schedule_on_account(clock["deletes_after"], "test_clock.delete", clock["id"])
    world.emit("test_helpers.test_clock.created", clock)
    return clock


def advance(world: World, params: Params, clock_id: str) -> Json:
    """Start to advance; a timer of the account does it, and answers come back meanwhile."""
    clock = world.store.get(TEST_CLOCK, clock_id)
    target = params["frozen_time"]
    _refuse_target(world, clock, target)
    clock = world.store.update(
        clock, status="advancing", status_details={"advancing": {"target_frozen_time": target}}
    )
    done_at = world.wall() + world.settings.test_clock_advance_seconds
    world.schedule_on_account(done_at, "test_clock.advance", clock_id)
    world.emit("test_helpers.test_clock.advancing", clock)
    return clock


def _refuse_target(world: World, clock: Json, target: int) -> None:
    frozen_time = clock["frozen_time"]
    if target <= frozen_time:
        raise invalid(
            f"The frozen time of this clock is {_shown(frozen_time)}. "
            "You can only advance a test clock forward in time.",
            "frozen_time",
        )
    latest = min(_latest(frozen_time, each) for each in _recurrences(world, clock["id"]) or [EMPTY])
    if target > latest:
        raise invalid(
            f"The frozen time of this clock is {_shown(frozen_time)}. You can only advance it up "
            f"to {_shown(latest)}. You can only advance a test clock up to two intervals from the "
            "current frozen time at a time, based on the shortest subscription interval in the "
            "test clock. For example, if a test clock has a monthly and yearly subscription, you "
            "may only advance up to two months at a time. If the test clock has no subscriptions "
            "or subscription schedules, you can advance up to 2 years from the current frozen "
            "time.",
            "frozen_time",
        )


def _shown(moment: int) -> str:
    return f"{moment} ({datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _latest(frozen_time: int, recurring: Json) -> int:
    end = frozen_time
    for _ in range(INTERVALS):
        end = periods.next_end(frozen_time, end, recurring)
    return end


def _recurrences(world: World, clock_id: str) -> list[Json]:
    """How often what is on the clock recurs."""
    return [
        world.store.get("price", price)["recurring"]
        for customer in customers_of(world, clock_id)
        for price in _prices(world, customer["id"])
    ]


def _prices(world: World, customer_id: str) -> Iterator[str]:
    for subscription in world.store.newest_first("subscription", customer=customer_id):
        if subscription["status"] not in ENDED:
            yield from (item["price"]["id"] for item in subscription["items"]["data"])
    for schedule in world.store.newest_first("subscription_schedule", customer=customer_id):
        if schedule["status"] == "not_started":
            yield from (item["price"] for phase in schedule["phases"] for item in phase["items"])


def customers_of(world: World, clock_id: str) -> list[Json]:
    return list(world.store.oldest_first("customer", test_clock=clock_id))


def finish_advance(world: World, clock_id: str) -> None:
    """Do all that falls due on the way, then stand still at the new time."""
    clock = world.store.find(clock_id)
    if clock is None or clock["status"] != "advancing":
        return
    target = clock["status_details"]["advancing"]["target_frozen_time"]
    world.run_clock(clock_id, target)
    clock = world.store.update(clock, frozen_time=target, status="ready", status_details={})
    world.emit("test_helpers.test_clock.ready", clock)


def delete(world: World, _params: Params, clock_id: str) -> Json:
    """Delete a clock and its customers, with what they subscribe to and were billed."""
    clock = world.store.get(TEST_CLOCK, clock_id)
    customers = customers_of(world, clock_id)
    world.emit("test_helpers.test_clock.deleted", clock)  # its customers go by reaction
    world.events.tell_in(TEST_CLOCK_DELETED)
    for customer in customers:
        for kind in DELETED_WITH_IT:
            for obj in list(world.store.newest_first(kind, customer=customer["id"])):
                world.store.delete(obj)
    return world.store.delete(clock)


def delete_due(world: World, clock_id: str) -> None:
    if world.store.find(clock_id) is not None:
        delete(world, {}, clock_id)


def limit_customers(world: World, customer: Json) -> None:
    clock_id = customer["test_clock"]
    if clock_id and len(customers_of(world, clock_id)) > MAX_CUSTOMERS:
        raise invalid(
            f"You can have at most {MAX_CUSTOMERS} customers on a test clock.", "test_clock"
        )


def limit_subscriptions(world: World, subscription: Json) -> None:
    if not world.clock_of(subscription["customer"]):
        return
    of_customer = world.store.newest_first("subscription", customer=subscription["customer"])
    if sum(each["status"] not in ENDED for each in of_customer) > MAX_SUBSCRIPTIONS:
        raise invalid(
            f"A customer on a test clock can have at most {MAX_SUBSCRIPTIONS} subscriptions.",
            "customer",
        )


ROUTES = (
    Route(
        "POST",
        "/v1/test_helpers/test_clocks",
        create,
        {
            "frozen_time": required(timestamp),
            "name": text(300),
            "customer": unsupported("putting an existing customer on a test clock"),
        },
    ),
    plain.listing("/v1/test_helpers/test_clocks", TEST_CLOCK, PAGE),
    plain.retrieve("/v1/test_helpers/test_clocks/{}", TEST_CLOCK),
    Route("DELETE", "/v1/test_helpers/test_clocks/{}", delete, {}),
    Route(
        "POST",
        "/v1/test_helpers/test_clocks/{}/advance",
        advance,
        {"frozen_time": required(timestamp)},
    ),
)
TIMERS = {"test_clock.advance": finish_advance, "test_clock.delete": delete_due}
REACTIONS: dict[str, Any] = {
    "customer.created": limit_customers,
    "customer.subscription.created": limit_subscriptions,
}

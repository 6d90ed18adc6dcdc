"""Stripe's lists: newest first, by cursor, filtered by creation time.

What lives by a test clock is listed only where the clock, its customer or its subscription is
asked for (Stripe's page "API and advanced usage" of test clocks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import dropwhile, islice

from local.stripe_simulator.errors import invalid, no_such
from local.stripe_simulator.params import Params, Spec, created, integer, text
from local.stripe_simulator.store import Json, Store

PAGE: Spec = {"limit": integer(1, 100), "starting_after": text(), "ending_before": text()}
LIST: Spec = {**PAGE, "created": created}
OWNERS = ("test_clock", "customer", "subscription")
COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "gte": int.__ge__,
    "lt": int.__lt__,
    "lte": int.__le__,
}


def whole(data: list[Json], url: str) -> Json:
    """A list that is all there, as it is embedded in other objects."""
    return {"object": "list", "data": data, "has_more": False, "url": url}


def check_customer(store: Store, params: Params) -> None:
    """Refuse to list what belongs to a customer who never was; a deleted one's is still there."""
    customer_id = params.get("customer")
    if customer_id is not None:
        found = store.find(customer_id)
        if found is None or found["object"] != "customer":
            raise no_such("customer", customer_id, "customer")


def page(objects: Iterable[Json], params: Params, url: str) -> Json:
    """The page of `objects` that `params` ask for."""
    limit = params.get("limit", 10)
    if params.get("starting_after") and params.get("ending_before"):
        raise invalid("Received both starting_after and ending_before parameters. Please pass one.")
    of_clocks = any(params.get(name) for name in OWNERS)
    wanted: Iterator[Json] = (
        obj
        for obj in objects
        if (of_clocks or obj.get("test_clock") is None)
        and ("created" not in params or within(_created(obj), params["created"]))
    )
    if before := params.get("ending_before"):
        return _page_before(wanted, before, limit, url)
    if after := params.get("starting_after"):
        wanted = dropwhile(lambda obj: obj["id"] != after, wanted)
        if next(wanted, None) is None:
            raise no_such("object", after, "starting_after")
    found = list(islice(wanted, limit + 1))
    return {**whole(found[:limit], url), "has_more": len(found) > limit}


def _page_before(objects: Iterable[Json], cursor: str, limit: int, url: str) -> Json:
    newer: list[Json] = []
    for obj in objects:
        if obj["id"] == cursor:
            return {**whole(newer[-limit:], url), "has_more": len(newer) > limit}
        newer.append(obj)
    raise no_such("object", cursor, "ending_before")


def _created(obj: Json) -> int:
    return int(obj["date"] if obj["object"] == "invoiceitem" else obj["created"])


def within(at: int | None, bounds: int | Mapping[str, int] | None) -> bool:
    """Whether a moment is the one asked for, or within those bounds (`params.created`)."""
    if bounds is None:
        return True
    if at is None:
        return False
    if isinstance(bounds, int):
        return bool(at == bounds)
    return all(COMPARISONS[name](at, bound) for name, bound in bounds.items())

"""Objects: packed when not in use, and as they were when a request is taken back."""

from __future__ import annotations

import random
import time

import pytest

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.shelf import Shelf
from local.stripe_simulator.store import Json, Store
from tests.unit.stripe_simulator.account import DAY, START, Account

CUSTOMERS = 100
MOST_BYTES_EACH = 40_000  # for a year of monthly billing


def charge(number: int, **fields: object) -> Json:
    return {"id": f"ch_{number}", "object": "charge", "customer": "cus_1", **fields}


def ids(found: object) -> list[str]:
    return [obj["id"] for obj in found]  # type: ignore[attr-defined]


def test_a_packed_object_comes_back_equal() -> None:
    shelf = Shelf(unpacked=2)
    objects = [charge(n, list=[{"a": None}, 1.5, "é"], type="t") for n in range(6)]
    for obj in objects:
        shelf.put(obj["id"], obj)
    shelf.tidy()
    assert [shelf.get(obj["id"]) for obj in objects] == objects
    assert sorted(ids(shelf.values())) == sorted(ids(objects))
    assert shelf.get("ch_none") is None


def test_the_newest_version_counts_wherever_it_is_kept() -> None:
    shelf = Shelf(unpacked=0)
    shelf.put("ch_1", charge(1, amount=1))
    shelf.tidy()
    shelf.put("ch_1", charge(1, amount=2))
    assert shelf.get("ch_1") == charge(1, amount=2)
    shelf.tidy()
    assert shelf.get("ch_1") == charge(1, amount=2)
    shelf.remove("ch_1")
    assert (shelf.get("ch_1"), "ch_1" in shelf, list(shelf.values())) == (None, False, [])


def test_what_is_used_stays_unpacked() -> None:
    shelf = Shelf(unpacked=2)
    kept, *others = [charge(number) for number in range(3)]
    shelf.put("ch_0", kept)
    for obj in others:
        shelf.put(obj["id"], obj)
        shelf.get("ch_0")
    shelf.tidy()
    assert shelf.get("ch_0") is kept
    assert shelf.get("ch_1") is not others[0]


def test_undoing_takes_back_what_was_made_changed_and_deleted() -> None:
    store = Store()
    one, two = store.insert(charge(1, amount=1)), store.insert(charge(2))
    three = store.insert(charge(3))
    store.mark()
    store.update(one, amount=2, customer="cus_2")
    store.delete(two)
    store.delete(three, keep_stub=True)
    store.insert(charge(4))
    assert ids(store.newest_first("charge")) == ["ch_4", "ch_1"]
    assert ids(store.newest_first("charge", customer="cus_1")) == ["ch_4"]
    store.undo()
    for where in ({}, {"customer": "cus_1"}):
        assert ids(store.oldest_first("charge", **where)) == ["ch_1", "ch_2", "ch_3"]
    assert store.get("charge", "ch_1") == one
    assert list(store.newest_first("charge", customer="cus_2")) == []
    with pytest.raises(StripeError):
        store.get("charge", "ch_4")


def test_an_object_is_listed_once_however_often_its_fields_change() -> None:
    store = Store()
    price = store.insert({"id": "price_1", "object": "price", "lookup_key": "a", "product": "p"})
    for key in ("b", "a", None, "a"):
        price = store.update(price, lookup_key=key)
    assert list(store.newest_first("price", lookup_key="a")) == [price]
    assert list(store.newest_first("price", lookup_key="b")) == []


def test_an_id_that_is_used_again_is_listed_anew() -> None:
    store = Store()
    for name in ("first", "second"):
        store.insert({"id": name, "object": "product"})
    store.delete({"id": "first", "object": "product"})
    store.insert({"id": "first", "object": "product"})
    assert ids(store.newest_first("product")) == ["first", "second"]


def test_a_deleted_object_is_found_only_as_the_stub_that_is_kept() -> None:
    store = Store()
    one = store.insert(charge(1))
    stub = store.delete(one, keep_stub=True)
    assert store.find("ch_1") == stub
    assert list(store.newest_first("charge", customer="cus_1")) == []
    assert not store.any("charge")


def test_events_and_deliveries_are_forgotten_after_30_days(stripe: Account) -> None:
    stripe.post("/v1/webhook_endpoints", url="https://x.example/hook", enabled_events=["*"])
    product = stripe.post("/v1/products", name="Standard")
    for delivery in stripe.engine.due_deliveries():
        stripe.engine.record_attempt(delivery, 200)
    (first,) = stripe.events()
    for _ in range(32):
        stripe.wait(DAY)
        stripe.post(f"/v1/products/{product['id']}", name=str(stripe.engine.world.now()))
    world = stripe.engine.world
    assert world.store.find(first["id"]) is None
    assert first["id"] not in {delivery.event_id for delivery in world.deliveries}
    assert len(stripe.events()) == 30


def test_a_customer_takes_little_memory_even_after_a_year_of_billing() -> None:
    stripe = Account(Engine(lambda: START, random.Random(1)))
    stripe.engine.world.store = Store(unpacked=50)
    items = [{"price": stripe.price()["id"]}]
    for _ in range(CUSTOMERS):
        stripe.post("/v1/subscriptions", customer=stripe.customer()["id"], items=items)
    stripe.wait(365 * DAY)
    assert len(stripe.engine.snapshot()) / CUSTOMERS < MOST_BYTES_EACH


def test_a_year_of_billing_is_over_in_a_second(stripe: Account) -> None:
    stripe.subscribe()
    began = time.process_time()
    stripe.wait(365 * DAY)
    assert time.process_time() - began < 1.0
    assert len(stripe.get("/v1/invoices", limit=100)["data"]) == 13

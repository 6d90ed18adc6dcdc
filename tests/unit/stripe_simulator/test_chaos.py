"""Chaos: what happens to deliveries on demand, the same with the same seed."""

import random
from collections.abc import Iterator

import pytest

from local.stripe_simulator.chaos import Rule
from local.stripe_simulator.deliveries import RETRY_DELAYS, Deliveries, Delivery
from local.stripe_simulator.engine import Engine
from tests.unit.stripe_simulator.account import START, Account

NAMES = ["one", "two", "three", "four", "five", "six"]


@pytest.fixture
def deliveries(stripe: Account) -> Deliveries:
    """Those of an account with one endpoint, for products only."""
    add_endpoint(stripe)
    return stripe.engine.world.deliveries


def add_endpoint(stripe: Account) -> str:
    endpoint = stripe.post(
        "/v1/webhook_endpoints",
        url="http://127.0.0.1:1/hook",
        enabled_events=["product.created", "product.deleted"],
    )
    return str(endpoint["id"])


def make_products(stripe: Account, names: list[str] = NAMES) -> None:
    for name in names:
        stripe.post("/v1/products", name=name)


def name_of(stripe: Account, delivery: Delivery) -> str:
    return str(stripe.engine.event_of(delivery)["data"]["object"]["name"])


def arriving(stripe: Account) -> Iterator[str]:
    """What reaches the endpoint by now, in order; it answers 200."""
    for delivery in stripe.engine.due_deliveries():
        stripe.engine.record_attempt(delivery, 200)
        yield name_of(stripe, delivery)


def test_without_rules_all_arrive_at_once_in_order(stripe: Account, deliveries: Deliveries) -> None:
    make_products(stripe)
    assert list(arriving(stripe)) == NAMES
    assert deliveries.settled


def test_a_delay_lets_deliveries_arrive_later(stripe: Account, deliveries: Deliveries) -> None:
    deliveries.chaos = [Rule(delay=60)]
    make_products(stripe, ["late"])
    stripe.wait(59)
    assert list(arriving(stripe)) == []
    assert deliveries.next_at() == START + 60
    stripe.wait(1)
    assert list(arriving(stripe)) == ["late"]


def test_random_delays_let_some_overtake_others_the_same_way_each_time() -> None:
    def story(seed: int) -> list[str]:
        stripe = Account(Engine(lambda: START, random.Random(seed)))
        add_endpoint(stripe)
        stripe.engine.world.deliveries.chaos = [Rule(delay=10, delay_up_to=50)]
        make_products(stripe)
        stripe.wait(9)
        assert list(arriving(stripe)) == []
        stripe.wait(51)
        return list(arriving(stripe))

    assert sorted(story(1)) == sorted(NAMES)
    assert story(1) == story(1)
    assert story(1) != NAMES
    assert story(1) != story(2)


def test_copies_are_the_same_event_several_times_over(
    stripe: Account, deliveries: Deliveries
) -> None:
    deliveries.chaos = [Rule(copies=3)]
    make_products(stripe, ["thrice"])
    assert stripe.events()[0]["pending_webhooks"] == 1
    assert list(arriving(stripe)) == ["thrice"] * 3
    assert len({delivery.event_id for delivery in deliveries}) == 1
    assert stripe.events()[0]["pending_webhooks"] == 0


def test_a_full_window_leaves_shuffled_and_in_turn(stripe: Account, deliveries: Deliveries) -> None:
    deliveries.chaos = [Rule(window=3, window_seconds=60)]
    make_products(stripe, NAMES[:2])
    assert list(arriving(stripe)) == []
    make_products(stripe, NAMES[2:])
    assert all(delivery.in_turn for delivery in deliveries)
    arrived = list(arriving(stripe))
    assert arrived != NAMES
    assert sorted(arrived[:3]) == sorted(NAMES[:3])
    assert sorted(arrived[3:]) == sorted(NAMES[3:])


def test_a_window_that_does_not_fill_leaves_when_its_time_ends(
    stripe: Account, deliveries: Deliveries
) -> None:
    deliveries.chaos = [Rule(window=100, window_seconds=60)]
    make_products(stripe)
    stripe.wait(59)
    assert list(arriving(stripe)) == []
    stripe.wait(1)
    arrived = list(arriving(stripe))
    assert arrived != NAMES
    assert sorted(arrived) == sorted(NAMES)
    make_products(stripe, ["next"])
    assert list(arriving(stripe)) == []


def test_a_dropped_delivery_never_arrives_and_stays_pending_at_the_event(
    stripe: Account, deliveries: Deliveries
) -> None:
    deliveries.chaos = [Rule(drop=True)]
    make_products(stripe, ["lost"])
    stripe.wait(sum(RETRY_DELAYS))
    assert list(arriving(stripe)) == []
    assert [delivery.state for delivery in deliveries] == ["dropped"]
    assert deliveries.settled
    assert stripe.events()[0]["pending_webhooks"] == 1


def test_lost_attempts_are_followed_by_retries(stripe: Account, deliveries: Deliveries) -> None:
    deliveries.chaos = [Rule(lose_attempts=2)]
    make_products(stripe, ["unlucky"])
    assert list(arriving(stripe)) == []
    stripe.wait(RETRY_DELAYS[0])
    assert list(arriving(stripe)) == []
    stripe.wait(RETRY_DELAYS[1])
    assert list(arriving(stripe)) == ["unlucky"]
    (delivery,) = deliveries
    assert [attempt.succeeded for attempt in delivery.attempts] == [False, False, True]


def test_held_deliveries_arrive_when_released_all_in_the_order_wanted(
    stripe: Account, deliveries: Deliveries
) -> None:
    deliveries.chaos = [Rule(hold=True)]
    now = stripe.engine.world.time()
    make_products(stripe)
    assert list(arriving(stripe)) == []
    assert deliveries.settled
    deliveries.release(now)
    assert not deliveries.settled
    assert list(arriving(stripe)) == NAMES
    make_products(stripe)
    deliveries.release(now, order="reversed")
    assert list(arriving(stripe)) == NAMES[::-1]
    make_products(stripe)
    deliveries.release(now, order="shuffled")
    arrived = list(arriving(stripe))
    assert arrived != NAMES
    assert sorted(arrived) == sorted(NAMES)


def test_held_deliveries_are_released_one_by_one_or_in_a_given_order(
    stripe: Account, deliveries: Deliveries
) -> None:
    deliveries.chaos = [Rule(hold=True)]
    make_products(stripe)
    numbers = {name_of(stripe, delivery): delivery.number for delivery in deliveries}
    deliveries.release(START, [numbers["three"]])
    assert list(arriving(stripe)) == ["three"]
    deliveries.release(START, [numbers["six"], numbers["one"], numbers["three"]])
    assert list(arriving(stripe)) == ["six", "one"]
    states = [delivery.state for delivery in deliveries]
    assert states.count("held") == 3


def test_two_releases_keep_their_order(stripe: Account, deliveries: Deliveries) -> None:
    deliveries.chaos = [Rule(hold=True)]
    make_products(stripe, ["first"])
    stripe.wait(10)
    make_products(stripe, ["second"])
    first, second = deliveries
    deliveries.release(START + 10, [second.number])
    deliveries.release(START + 10, [first.number])
    assert list(arriving(stripe)) == ["second", "first"]


def test_a_held_delivery_can_be_dropped(stripe: Account, deliveries: Deliveries) -> None:
    deliveries.chaos = [Rule(hold=True)]
    make_products(stripe, ["gone", "kept"])
    deliveries.drop(next(iter(deliveries)))
    deliveries.release(START)
    assert list(arriving(stripe)) == ["kept"]
    deliveries.drop(list(deliveries)[1])
    assert [delivery.state for delivery in deliveries] == ["dropped", "delivered"]


def test_the_first_rule_that_names_a_delivery_counts(
    stripe: Account, deliveries: Deliveries
) -> None:
    quiet = add_endpoint(stripe)
    deliveries.chaos = [
        Rule(destination=quiet, drop=True),
        Rule(events=("product.*",), copies=2),
        Rule(hold=True),
    ]
    make_products(stripe, ["seen"])
    assert list(arriving(stripe)) == ["seen", "seen"]
    states = [d.state for d in deliveries if d.destination.id == quiet]
    assert states == ["dropped"]


def test_chaos_leaves_ids_as_they_would_be() -> None:
    """Rules without chance draw nothing: a test may add one and still know its ids."""

    def product_ids(*rules: Rule) -> list[str]:
        stripe = Account()
        add_endpoint(stripe)
        stripe.engine.world.deliveries.chaos = list(rules)
        make_products(stripe)
        return [each["id"] for each in stripe.get("/v1/products")["data"]]

    assert product_ids(Rule(hold=True, copies=2)) == product_ids()

"""Stripe's events are replayed by the front door, and nothing is started in vain."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.contracts.routing import ROUTED_TYPES
from billing.contracts.stripe_events import StripeEvent
from billing.contracts.trimmed import LARGEST_EVENT
from billing.domain.errors import StripeNotFound
from billing.gateway.fetched import Last, Page
from billing.store.ledger import Entry, Failure
from billing.timestamps import DAY
from ops.errors import OpsError
from ops.journal import Journal, entries
from ops.replaying import Query, Replayed, Standing, look, replay
from ops.target import Target
from tests.support.aws import FakePorts
from tests.support.builders import NOW
from tests.support.operators import target_on
from tests.support.stripe import event_json, session_json, subscription_json

Json = dict[str, Any]
FAST = 1000.0
EXECUTION = "arn:aws:states:us-east-1:1:execution:scai-billing-upgrade:1"
LAST_HOUR = Query(since=NOW - 3600, until=NOW)
PAGE = 3


class EventsOfStripe:
    """Stripe's list of events, newest first, in small pages."""

    def __init__(self) -> None:
        self.events: list[Json] = []
        self.asked_for: list[Sequence[str]] = []

    def event(self, event_id: str) -> Json:
        found = next((e for e in self.events if e["id"] == event_id), None)
        if found is None:
            raise StripeNotFound("Stripe has no such id")
        return found

    def events_page(
        self, types: Sequence[str], since: int, until: int, after: str | None
    ) -> Page[Json]:
        assert len(types) <= 20
        if after is None:
            self.asked_for.append(types)
        newest_first = sorted(self.events, key=lambda e: int(e["created"]), reverse=True)
        wanted = [e for e in newest_first if e["type"] in types and since <= e["created"] <= until]
        start = next((n + 1 for n, e in enumerate(wanted) if e["id"] == after), 0)
        page = wanted[start : start + PAGE]
        last = Last(id=page[-1]["id"], created=page[-1]["created"]) if page else None
        return Page[Json](items=tuple(page), last=last, more=len(wanted) > start + PAGE)


@pytest.fixture
def stripe(ports: FakePorts) -> EventsOfStripe:
    made = EventsOfStripe()
    vars(ports)["stripe"] = made
    return made


@pytest.fixture
def target(ports: FakePorts) -> Target:
    return target_on(ports)


@pytest.fixture
def journal(target: Target) -> Journal:
    return Journal(target, "a test")


def tell(stripe: EventsOfStripe, event_id: str, **fields: Any) -> Json:
    """Have Stripe know an event."""
    type_ = fields.pop("type", "customer.subscription.updated")
    event = event_json(type_, subscription_json(), id=event_id, **fields)
    stripe.events.append(event)
    return event


def opened(ports: FakePorts, event: Json) -> None:
    ports.ledger.open(StripeEvent.model_validate(event), "scai.stripe", EXECUTION, ports.now())


def closed(ports: FakePorts, event: Json) -> None:
    opened(ports, event)
    ports.ledger.close(
        Entry(
            event_id=event["id"],
            execution=EXECUTION,
            user_id="user_1",
            outcome="applied",
            at=ports.now(),
        )
    )


def failed(ports: FakePorts, event: Json) -> None:
    opened(ports, event)
    failure = Failure(
        execution=EXECUTION, status="FAILED", error="Boom", cause="", redrive_count=0, at=NOW * 1000
    )
    assert ports.ledger.mark_failed(event["id"], failure)


def replayed(
    target: Target, journal: Journal, query: Query, *, again: bool = False
) -> dict[str, Replayed]:
    done = replay(target, journal, query, again=again, per_second=FAST)
    return {each.event_id: each for each in done}


def put(ports: FakePorts) -> list[str]:
    return [json.loads(held.detail)["id"] for held in ports.bus.held]


def by_id(*ids: str) -> Query:
    return Query(ids=ids)


def test_an_event_by_its_id_comes_as_stripe_has_it(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    event = tell(stripe, "evt_1")

    (done,) = replayed(target, journal, by_id("evt_1", "evt_1")).values()

    assert done == Replayed(
        event_id="evt_1",
        type="customer.subscription.updated",
        created_at=datetime.fromtimestamp(NOW, UTC),
        customer_id="cus_1",
        standing="new",
        put=True,
    )
    (held,) = ports.bus.held
    assert (held.source, json.loads(held.detail)) == ("scai.stripe", event)


def test_an_oversized_event_is_trimmed(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    large = subscription_json(padding=["x" * 1000] * 250)
    stripe.events.append(event_json("customer.subscription.updated", large))

    replayed(target, journal, by_id("evt_1"))

    (held,) = ports.bus.held
    assert len(held.detail) < LARGEST_EVENT


def test_one_that_stripe_does_not_know_is_said_and_keeps_no_other_back(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    tell(stripe, "evt_1")

    done = replayed(target, journal, by_id("evt_gone", "evt_1"))

    assert done["evt_gone"].standing == "unknown"
    assert "30 days" in str(done["evt_gone"].error)
    assert put(ports) == ["evt_1"]


def test_what_is_done_or_under_way_is_left_alone_unless_somebody_insists(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    closed(ports, tell(stripe, "evt_done"))
    opened(ports, tell(stripe, "evt_running"))
    query = by_id("evt_done", "evt_running")

    left = replayed(target, journal, query)

    assert {id_: (e.standing, e.put) for id_, e in left.items()} == {
        "evt_done": ("done", False),
        "evt_running": ("running", False),
    }
    assert put(ports) == []
    assert all(e.put for e in replayed(target, journal, query, again=True).values())
    assert put(ports) == ["evt_done", "evt_running"]


def test_what_failed_or_was_set_aside_or_was_begun_long_ago_comes_again(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    failed(ports, tell(stripe, "evt_failed"))
    opened(ports, tell(stripe, "evt_ignored"))
    ports.ledger.set_aside("evt_ignored", EXECUTION, "unattributed", "cus_1")
    opened(ports, tell(stripe, "evt_begun"))
    ports.clock.now += 3600

    done = replayed(target, journal, by_id("evt_failed", "evt_ignored", "evt_begun"))

    expected: dict[str, Standing] = {
        "evt_failed": "failed",
        "evt_ignored": "ignored",
        "evt_begun": "unfinished",
    }
    assert {id_: each.standing for id_, each in done.items()} == expected
    assert put(ports) == list(expected)


@pytest.mark.parametrize(
    "event",
    [
        event_json("customer.created", {"id": "cus_1", "object": "customer"}),
        event_json("checkout.session.expired", session_json()),
        event_json("customer.updated", {"id": "cus_1", "object": "customer"}),
    ],
    ids=lambda event: event["type"],
)
def test_what_no_rule_wants_is_said_to_be_so(
    ports: FakePorts,
    target: Target,
    journal: Journal,
    stripe: EventsOfStripe,
    event: Json,
) -> None:
    stripe.events.append(event)

    (done,) = replayed(target, journal, by_id("evt_1"), again=True).values()

    assert (done.standing, done.put, put(ports)) == ("not_routed", False, [])


def test_what_no_machine_can_read_is_left_alone(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    stripe.events.append(event_json("invoice.paid", {}, data={}))

    (done,) = replayed(target, journal, by_id("evt_1")).values()

    assert (done.standing, done.put, done.error) == ("unreadable", False, "no machine can read it")


def test_a_window_is_replayed_whole_over_all_pages_and_all_types(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    inside = [tell(stripe, f"evt_{n}", created=NOW - n).get("id") for n in range(8)]
    tell(stripe, "evt_invoice", type="invoice.paid", created=NOW - 9)
    tell(stripe, "evt_before", created=NOW - 3601)
    tell(stripe, "evt_after", created=NOW + 1)

    replayed(target, journal, LAST_HOUR)

    assert put(ports) == [*inside, "evt_invoice"]


def test_only_the_types_that_are_asked_for_are_asked_of_stripe(
    target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    wanted = LAST_HOUR.model_copy(update={"types": ("invoice.*", "charge.refunded")})

    replayed(target, journal, wanted)

    (types,) = stripe.asked_for
    assert set(types) == {
        t
        for group in ROUTED_TYPES
        for t in group
        if t.startswith("invoice.") or t == "charge.refunded"
    }


def test_more_types_than_stripe_lists_at_once_are_asked_for_in_turn(
    target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    replayed(target, journal, LAST_HOUR.model_copy(update={"types": ("*",)}))

    assert sorted(t for types in stripe.asked_for for t in types) == sorted(sum(ROUTED_TYPES, ()))


def test_only_the_customer_asked_for_is_replayed(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    tell(stripe, "evt_mine")
    others = subscription_json(customer="cus_2")
    stripe.events.append(event_json("customer.subscription.updated", others, id="evt_others"))

    done = replayed(target, journal, LAST_HOUR.model_copy(update={"customer_id": "cus_1"}))

    assert (list(done), put(ports)) == (["evt_mine"], ["evt_mine"])


def test_a_type_that_no_rule_wants_is_refused(target: Target, stripe: EventsOfStripe) -> None:
    with pytest.raises(OpsError, match=r"no rule wants events of type invoice\.created"):
        list(look(target, LAST_HOUR.model_copy(update={"types": ("invoice.created",)})))


def test_a_time_that_stripe_has_forgotten_is_refused(
    target: Target, stripe: EventsOfStripe
) -> None:
    with pytest.raises(OpsError, match="Stripe keeps events for 30 days"):
        list(look(target, Query(since=NOW - 31 * DAY, until=NOW)))


def test_all_that_stripe_keeps_may_be_asked_for_and_then_thought_about(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    query = Query(since=ports.now() - 30 * DAY, until=ports.now())
    tell(stripe, "evt_1")
    ports.clock.advance(60)

    assert list(replayed(target, journal, query)) == ["evt_1"]


def test_a_look_says_the_same_and_puts_nothing(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    tell(stripe, "evt_new")
    closed(ports, tell(stripe, "evt_done"))

    looked = {each.event_id: each for each in look(target, LAST_HOUR)}

    assert (put(ports), entries(target, 0, 10)) == ([], [])
    assert looked == replayed(target, journal, LAST_HOUR)


def test_what_the_bus_refuses_is_said_and_the_others_are_put(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    tell(stripe, "evt_refused", type="customer.subscription.paused")
    tell(stripe, "evt_taken", created=NOW - 1)
    ports.bus.refuse("customer.subscription.paused")

    done = replayed(target, journal, LAST_HOUR)

    assert (done["evt_refused"].put, put(ports)) == (False, ["evt_taken"])
    assert "refused" in str(done["evt_refused"].error)


def test_each_event_is_in_the_operators_log_with_its_user(
    ports: FakePorts, target: Target, journal: Journal, stripe: EventsOfStripe
) -> None:
    ports.customers.assign("cus_1", "user_1")
    failed(ports, tell(stripe, "evt_1"))

    replayed(target, journal, by_id("evt_1"))

    (entry,) = entries(target, 0, 10)
    assert (entry.action, entry.subject, entry.user_id) == ("replay", "evt_1", "user_1")
    assert entry.result == "put on the bus; it was failed"

"""Compare Page: drift is found in both directions, healed where it may be, and counted once."""

import json

import pytest

from billing.contracts.reconcile import ReconcileInput, RunInput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import (
    BusUnavailable,
    StoreUnavailable,
    StripeNotFound,
    StripeUnavailable,
)
from billing.domain.record import Dunning, Record
from billing.linking import link_customer
from billing.reconciling import phases
from billing.reconciling.findings import EXAMPLES
from billing.store.commit import Committer
from billing.store.dynamodb import client
from billing.store.ledger import Failure
from billing.store.runs import RunEntry
from billing.timestamps import DAY
from reconcile.compare_page import compare_page
from tests.support.api import EnginePorts, Trouble
from tests.support.aws import add_user, facts
from tests.support.builders import a_record, a_subscription, an_invoice
from tests.support.reconcile import (
    EVENT,
    Account,
    arn,
    claimed,
    look_again_and_again,
    reconcile,
    reconcile_patiently,
    tries_of_a_page,
)


def found(entry: RunEntry) -> dict[str, int]:
    return entry.run.tally.found


def of_one(customer_id: str) -> ReconcileInput:
    return ReconcileInput(scope="customer", customer_id=customer_id)


def forget_at_stripe(ports: EnginePorts, subscription_id: str) -> None:
    """Let Stripe have no such subscription any more, as after the deletion of its test clock."""
    store = ports.engine.world.store
    store.delete(store.get("subscription", subscription_id))


# -- Subscriptions --------------------------------------------------------------------------------


def test_records_that_equal_stripe_are_left_alone(ports: EnginePorts, account: Account) -> None:
    account.known("user_1")
    before = ports.records.load("user_1")

    entry = reconcile(ports)

    assert found(entry) == {}
    assert entry.run.tally.looked_at["subscriptions"] == 1
    assert entry.run.tally.looked_at["records"] == 1
    assert ports.records.load("user_1") == before
    assert (entry.completed_at, entry.attention, entry.lease_execution) == (
        ports.now(),
        None,
        None,
    )


def test_a_subscription_whose_events_never_came_is_recorded(
    ports: EnginePorts, account: Account
) -> None:
    customer_id = account.customer("user_1")
    subscription_id = account.subscribe(customer_id)

    entry = reconcile(ports)

    record = ports.records.load("user_1")
    assert record.subscription is not None
    assert (record.subscription.subscription_id, record.access_level) == (subscription_id, "full")
    assert entry.run.tally.healed["missing"] == found(entry)["missing"] == 1
    assert entry.examples["missing"] == (customer_id,)
    assert entry.attention is None


def test_the_healing_is_told_with_what_was_wrong(ports: EnginePorts, account: Account) -> None:
    subscription_id = account.known("user_1")
    account.cancel(subscription_id)

    entry = reconcile(ports)

    version = ports.records.load("user_1").version
    (healed,) = (fact for fact in facts() if fact["type"] == "DriftHealed")
    assert healed["key"] == f"DriftHealed:user_1:{version}"
    assert healed["after"] == {"kinds": ["differs"]}
    assert healed["cause"] == entry.run.id
    assert {"SubscriptionEnded", "AccessChanged"} <= {fact["type"] for fact in facts()}


def test_a_second_run_finds_nothing_more(ports: EnginePorts, account: Account) -> None:
    account.change(account.known("user_1"), cancel_at_period_end="true")
    assert found(reconcile(ports)) == {"differs": 1}
    version = ports.records.load("user_1").version

    assert found(reconcile(ports, name="b")) == {}
    assert ports.records.load("user_1").version == version


def test_a_further_live_subscription_is_missing_and_an_old_one_that_ended_is_not(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")
    customer_id = ports.records.load("user_1").customer_id
    assert customer_id is not None
    ports.clock.advance(1)
    account.cancel(account.subscribe(customer_id))
    assert "missing" not in found(reconcile(ports))

    second = account.subscribe(customer_id)

    assert found(reconcile(ports, name="b"))["missing"] == 1
    assert ports.records.load("user_1").other_live_ids == {second}


def test_a_customer_whom_we_do_not_know_is_reported_and_never_written(
    ports: EnginePorts, account: Account
) -> None:
    subscription_id = account.subscribe(account.customer())
    account.cancel(account.subscribe(account.customer()))

    entry = reconcile(ports)

    assert found(entry)["unknown_customer"] == 1
    assert entry.examples["unknown_customer"] == (subscription_id,)
    assert entry.run.tally.healed.get("unknown_customer", 0) == 0
    assert entry.attention is None


def test_a_record_that_stripe_does_not_know_is_reported_and_keeps_its_access(
    ports: EnginePorts, account: Account
) -> None:
    subscription_id = account.known("user_1")
    account.known("user_2")
    forget_at_stripe(ports, subscription_id)

    entry = reconcile(ports)

    assert found(entry) == {"orphaned": 1}
    assert entry.examples["orphaned"] == (subscription_id,)
    assert entry.attention == "drift"
    assert ports.records.load("user_1").access_level == "full"


def test_records_are_found_that_no_list_shows_with_stripe_empty(
    ports: EnginePorts, account: Account, small_pages: None
) -> None:
    for number in range(5):
        forget_at_stripe(ports, account.known(f"user_{number}"))

    assert found(reconcile(ports)) == {"orphaned": 5}


@pytest.mark.parametrize("seconds", [0, 60])
def test_both_directions_are_found_over_many_pages_ties_included(
    ports: EnginePorts, account: Account, small_pages: None, seconds: int
) -> None:
    """Seven known, of whom two are gone at Stripe, between three whose events were lost."""
    orphans, missing = set(), set()
    for number in range(10):
        ports.clock.advance(seconds)
        user_id = f"user_{number}"
        if number % 3 == 1:
            customer_id = account.customer(user_id)
            account.subscribe(customer_id)
            missing.add(customer_id)
        else:
            subscription_id = account.known(user_id)
            if number in (2, 6):
                orphans.add(subscription_id)
    for subscription_id in orphans:
        forget_at_stripe(ports, subscription_id)

    entry = reconcile(ports)

    assert (found(entry)["missing"], found(entry)["orphaned"]) == (3, 2)
    assert set(entry.examples["missing"]) == missing
    assert set(entry.examples["orphaned"]) == orphans
    assert entry.run.tally.looked_at["subscriptions"] == 8
    again = found(reconcile(ports, name="b"))
    assert (again.get("missing"), again["orphaned"]) == (None, 2)


def test_what_is_on_a_test_clock_is_asked_for_by_itself_and_left_alone(
    ports: EnginePorts, account: Account
) -> None:
    """Stripe's lists leave out what is on test clocks."""
    subscription_id = account.known("user_1", test_clock=account.clock())
    account.known("user_2")
    before = ports.records.load("user_1")

    entry = reconcile(ports)

    assert found(entry) == {}
    assert entry.run.tally.looked_at["subscriptions"] == 1
    assert entry.run.tally.looked_at["records"] == 2
    assert ports.wire.asked("GET", f"/v1/subscriptions/{subscription_id}")
    assert ports.records.load("user_1") == before


def test_what_differs_on_a_test_clock_is_healed(ports: EnginePorts, account: Account) -> None:
    subscription_id = account.known("user_1", test_clock=account.clock())
    account.change(subscription_id, cancel_at_period_end="true")

    entry = reconcile(ports)

    assert (found(entry), entry.run.tally.healed) == ({"differs": 1}, {"differs": 1})
    subscription = ports.records.load("user_1").subscription
    assert subscription is not None
    assert subscription.cancel_at is not None


def test_a_former_customers_subscription_that_ended_unseen_ends(
    ports: EnginePorts, account: Account
) -> None:
    """The user has another customer by now, among whose subscriptions it isn't."""
    subscription_id = account.known("user_1")
    record = ports.records.load("user_1")
    assert record.customer_id is not None
    former, new = record.customer_id, account.customer()
    moved = {"customer_id": new, "former_customers": (former,), "version": record.version + 1}
    ports.records.save(record.model_copy(update=moved), replacing=record.version)
    ports.customers.assign(new, "user_1")
    account.cancel(subscription_id)

    reconcile(ports)

    ended = ports.records.load("user_1")
    assert ended.subscription is not None
    assert (ended.subscription.status, ended.access_level) == ("canceled", "none")
    assert ended.customer_id == new


def test_a_successors_subscription_is_recorded_though_no_event_of_it_came(
    ports: EnginePorts, account: Account
) -> None:
    """The record still knows only the customer whose place was taken."""
    account.cancel(account.known("user_1"))
    record = ports.records.load("user_1")
    assert record.customer_id is not None
    successor = account.customer()
    ports.customers.retire(record.customer_id, "user_1")
    ports.customers.assign(successor, "user_1")
    ports.clock.advance(1)
    subscription_id = account.subscribe(successor)

    entry = reconcile(ports)

    healed = ports.records.load("user_1")
    assert healed.subscription is not None
    assert healed.subscription.subscription_id == subscription_id
    assert (healed.customer_id, healed.former_customers) == (successor, (record.customer_id,))
    assert found(entry) == entry.run.tally.healed
    assert found(reconcile(ports, name="b")) == {}


def test_what_ended_of_a_customer_whose_place_was_taken_is_no_drift(
    ports: EnginePorts, account: Account
) -> None:
    """The record never heard of that customer; the present one has nothing yet."""
    account.cancel(account.subscribe(former := account.customer("user_1")))
    present = account.customer()
    ports.customers.retire(former, "user_1")
    ports.customers.assign(present, "user_1")
    ports.reducer.sync_customer("user_1", present)

    assert found(reconcile(ports)) == {}
    assert ports.records.load("user_1").customer_id == present


def test_one_customer_who_cannot_be_healed_keeps_nobody_else_from_it(
    ports: EnginePorts, account: Account
) -> None:
    refused, healed = account.customer("user_1"), account.customer("user_2")
    for customer_id in (refused, healed):
        account.subscribe(customer_id)
    ports.wire.troubles.append(Trouble("GET", f"/v1/customers/{refused}", 400, times=9))

    entry = reconcile(ports)

    assert (found(entry)["missing"], entry.run.tally.healed["missing"]) == (2, 1)
    assert entry.attention == "drift"
    assert ports.records.load("user_2").access_level == "full"


def test_an_object_of_an_unknown_shape_keeps_nobody_else_from_it(
    ports: EnginePorts, account: Account
) -> None:
    account.subscribe(account.customer("user_1"))
    subscription_id = account.subscribe(account.customer())
    store = ports.engine.world.store
    subscription = store.get("subscription", subscription_id)
    store.update(subscription, status="imaginary")

    entry = reconcile(ports)

    assert (found(entry)["unreadable"], entry.run.tally.healed["missing"]) == (1, 1)
    assert entry.examples["unreadable"] == (subscription_id,)


# -- Customers whom no event linked ---------------------------------------------------------------


def of_user(user_id: str) -> ReconcileInput:
    return ReconcileInput(scope="user", user_id=user_id)


@pytest.mark.parametrize("owned_by", ["users table", "metadata"])
def test_a_customer_of_before_our_time_is_linked_and_recorded(
    ports: EnginePorts, account: Account, owned_by: str
) -> None:
    customer_id = account.customer()
    if owned_by == "users table":
        add_user("user_1", stripe_customer_id=customer_id)
        subscription_id = account.subscribe(customer_id)
    else:
        add_user("user_1")
        subscription_id = account.subscribe(customer_id, metadata={"user_id": "user_1"})

    entry = reconcile(ports)

    record = ports.records.load("user_1")
    assert record.subscription is not None
    assert record.subscription.subscription_id == subscription_id
    assert (record.customer_id, record.access_level) == (customer_id, "full")
    assert ports.customers.user_of(customer_id) == "user_1"
    user = ports.users.find("user_1")
    assert user is not None
    assert user.stripe_customer_id == customer_id
    assert found(entry)["unlinked_customer"] == found(entry)["missing"] == 1
    assert (found(entry), entry.attention) == (entry.run.tally.healed, None)
    assert entry.examples["unlinked_customer"] == (customer_id,)
    assert {"SubscriptionActivated", "DriftHealed"} <= {fact["type"] for fact in facts()}
    assert found(reconcile(ports, name="b")) == {}


@pytest.mark.parametrize(
    ("users", "named"),
    [
        ({"user_1": "cus_of_theirs"}, {"user_id": "user_1"}),
        ({"user_1": "the customer", "user_2": "the customer"}, {}),
        ({"user_1": None, "user_2": None}, {"user_id": "user_1", "userId": "user_2"}),
        ({}, {"user_id": "user_of_another_product"}),
    ],
    ids=["has another", "two claim it", "names two", "names nobody of ours"],
)
def test_a_customer_who_may_not_be_linked_stays_unknown(
    ports: EnginePorts,
    account: Account,
    users: dict[str, str | None],
    named: dict[str, str],
) -> None:
    customer_id = account.customer()
    account.subscribe(customer_id, metadata=named)
    for user_id, linked in users.items():
        add_user(user_id, stripe_customer_id=customer_id if linked == "the customer" else linked)

    entry = reconcile(ports)

    assert (found(entry), entry.attention) == ({"unknown_customer": 1}, None)
    assert ports.customers.user_of(customer_id) is None


def test_a_customer_who_cannot_be_linked_now_needs_attention(
    ports: EnginePorts, account: Account
) -> None:
    """And nobody else waits for them."""
    customer_id = account.customer()
    account.subscribe(account.customer("user_2"))
    account.subscribe(customer_id)
    add_user("user_1", stripe_customer_id=customer_id)
    ports.wire.troubles.append(Trouble("GET", f"/v1/customers/{customer_id}", 400, times=9))

    entry = reconcile(ports)

    assert (found(entry)["unlinked_customer"], entry.attention) == (1, "drift")
    assert ports.records.load("user_2").access_level == "full"
    assert ports.customers.user_of(customer_id) is None


@pytest.mark.parametrize("linked", [False, True])
def test_a_users_missing_record_is_made(ports: EnginePorts, account: Account, linked: bool) -> None:
    customer_id = account.customer("user_1" if linked else None)
    if not linked:
        add_user("user_1", stripe_customer_id=customer_id)
    account.subscribe(customer_id, "standard_yearly")

    entry = reconcile(ports, of_user("user_1"))

    assert ports.records.load("user_1").access_level == "full"
    assert entry.run.tally.healed["missing"] == 1
    assert entry.run.tally.healed.get("unlinked_customer", 0) == int(not linked)


# -- Who fails for good ---------------------------------------------------------------------------


def lasting(path: str) -> Trouble:
    return Trouble("GET", path, 500, times=1_000)


def test_one_customer_whom_stripe_fails_for_good_is_passed_over(
    ports: EnginePorts, account: Account, small_pages: None
) -> None:
    """Those behind on the page and on the next ones are healed, and the run says whom it left."""
    customers = [account.customer(f"user_{number}") for number in range(5)]
    for customer_id in customers:
        ports.clock.advance(60)
        account.subscribe(customer_id)
    ports.wire.troubles.append(lasting(f"/v1/customers/{customers[3]}"))

    entry = reconcile_patiently(ports)

    levels = [ports.records.load(f"user_{number}").access_level for number in range(5)]
    assert levels == ["full", "full", "full", "none", "full"]
    assert found(entry)["missing"] - entry.run.tally.healed["missing"] == 1
    assert customers[3] in entry.examples["missing"]
    assert (entry.attention, entry.setbacks) == ("drift", 0)
    assert entry.completed_at is not None


def test_a_customer_whom_stripe_fails_for_a_while_is_healed(
    ports: EnginePorts, account: Account
) -> None:
    customer_id = account.customer("user_1")
    account.subscribe(customer_id)
    a_while = tries_of_a_page() - 3
    ports.wire.troubles.append(Trouble("GET", f"/v1/customers/{customer_id}", 500, times=a_while))

    entry = reconcile_patiently(ports)

    assert (entry.run.tally.healed["missing"], entry.attention) == (1, None)


def test_a_record_that_the_store_fails_for_good_is_passed_over(
    ports: EnginePorts, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.subscribe(account.customer("user_1"))
    account.subscribe(account.customer("user_2"))
    commit = Committer.commit

    def hot(self: Committer, record: Record, *rest: object) -> None:
        if record.user_id == "user_2":
            raise StoreUnavailable("ThrottlingException")
        commit(self, record, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Committer, "commit", hot)

    entry = reconcile_patiently(ports)

    assert (found(entry)["missing"], entry.run.tally.healed["missing"]) == (2, 1)
    assert ports.records.load("user_1").access_level == "full"


@pytest.mark.moto  # it refuses items of more than 400 KB
def test_a_record_that_is_too_large_is_passed_over_at_once(
    ports: EnginePorts, account: Account
) -> None:
    account.subscribe(account.customer("user_1"))
    account.subscribe(account.customer("user_2"))
    full = {"_id": {"S": "user_2"}, "notes": {"S": "x" * 404_000}}
    client().put_item(TableName=ports.settings.subscriptions_table, Item=full)

    entry = reconcile(ports)

    assert (found(entry)["missing"], entry.run.tally.healed["missing"]) == (2, 1)
    assert (ports.records.load("user_1").access_level, entry.attention) == ("full", "drift")


def test_a_subscription_that_stripe_never_shows_is_unreadable(
    ports: EnginePorts, account: Account
) -> None:
    """It stands on a test clock, so that no list has it."""
    subscription_id = account.known("user_1", test_clock=account.clock())
    account.subscribe(account.customer("user_2"))
    ports.wire.troubles.append(lasting(f"/v1/subscriptions/{subscription_id}"))

    entry = reconcile_patiently(ports)

    assert (entry.examples["unreadable"], entry.attention) == ((subscription_id,), "drift")
    assert ports.records.load("user_2").access_level == "full"


def test_a_customer_whom_stripe_fails_is_not_linked_and_needs_attention(
    ports: EnginePorts, account: Account
) -> None:
    customer_id = account.customer()
    add_user("user_1", stripe_customer_id=customer_id)
    account.subscribe(customer_id)
    ports.wire.troubles.append(lasting(f"/v1/customers/{customer_id}"))

    entry = reconcile_patiently(ports)

    assert (found(entry), entry.attention) == ({"unlinked_customer": 1}, "drift")


def test_while_stripe_fails_for_everybody_the_run_fails_and_passes_over_nobody(
    ports: EnginePorts,
) -> None:
    """On our own board of those in debt, before which Stripe isn't asked for any list."""
    since = ports.now() - 30 * DAY
    for number in range(3):
        owing = a_record(
            user_id=f"user_{number}",
            version=1,
            customer_id=f"cus_{number}",
            subscription=a_subscription(status="past_due"),
            invoices={"in_1": an_invoice(finalized_at=since)},
            dunning=Dunning(invoice_id="in_1", since=since, until=since + 7 * DAY),
            access_level="grace",
        )
        ports.records.save(owing, replacing=0)
    run = claimed(ports)
    while run.cursor.phase != "debts":
        run = compare_page(RunInput(run=run, execution=arn("a")), ports)
    ports.wire.troubles.append(lasting("/v1/subscriptions"))

    with pytest.raises(StripeUnavailable):
        look_again_and_again(ports, run)

    entry = ports.runs.find(run.key)
    assert entry is not None
    assert (entry.run, entry.completed_at) == (run, None)


def test_a_run_of_one_customer_whom_stripe_fails_for_good_fails(
    ports: EnginePorts, account: Account
) -> None:
    customer_id = account.customer("user_1")
    account.subscribe(customer_id)
    ports.wire.troubles.append(lasting(f"/v1/customers/{customer_id}"))
    run = claimed(ports, of_one(customer_id))

    with pytest.raises(StripeUnavailable):
        look_again_and_again(ports, run)


# -- Events ---------------------------------------------------------------------------------------


def stripes_events(ports: EnginePorts, type_: str) -> list[dict[str, object]]:
    return [e for e in ports.engine.world.store.newest_first("event") if e["type"] == type_]


def test_events_that_never_came_are_put_on_our_bus_as_stripe_wrote_them(
    ports: EnginePorts, account: Account
) -> None:
    account.subscribe(account.customer("user_1"))
    account.events_are_over()

    entry = reconcile(ports)

    (paid,) = stripes_events(ports, "invoice.paid")
    (put,) = (e for e in ports.bus.held if e.detail_type == "invoice.paid")
    assert put.source == "scai.stripe"
    assert json.loads(put.detail) == json.loads(json.dumps(paid))
    assert entry.run.tally.healed["lost_event"] == found(entry)["lost_event"] == len(ports.bus.held)
    assert "customer.created" not in {e.detail_type for e in ports.bus.held}


def test_events_that_came_are_not_put_again(ports: EnginePorts, account: Account) -> None:
    account.known("user_1")
    account.events_are_over()
    account.took_every_event()

    assert found(reconcile(ports)) == {}
    assert ports.bus.held == []


def test_an_event_that_may_still_be_on_its_way_is_left_to_come(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")

    assert found(reconcile(ports)) == {}
    assert ports.bus.held == []


def test_an_event_that_no_rule_wants_was_never_lost(ports: EnginePorts, account: Account) -> None:
    customer_id = account.customer("user_1")
    account.events_are_over()
    account.took_every_event()
    ports.at_stripe("POST", f"/v1/customers/{customer_id}", {"name": "Another Name"})
    account.events_are_over()

    assert found(reconcile(ports)) == {}


def test_an_event_set_aside_is_put_again_once_its_customer_is_known(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")
    account.subscribe(account.customer())
    account.events_are_over()
    for event in stripes_events(ports, "customer.subscription.created"):
        opened = StripeEvent.model_validate(event)
        ports.ledger.open(opened, "scai.stripe", EVENT, ports.now())
        ports.ledger.set_aside(opened.id, EVENT, "unattributed", opened.customer_id)

    entry = reconcile(ports)

    assert found(entry)["unattributed_event"] == 1
    (put,) = (e for e in ports.bus.held if e.detail_type == "customer.subscription.created")
    known = ports.records.load("user_1").customer_id
    assert json.loads(put.detail)["data"]["object"]["customer"] == known


def test_an_event_set_aside_is_put_again_however_long_its_customer_stayed_unknown(
    ports: EnginePorts, account: Account
) -> None:
    """A failed attempt, say, which no listing of the customer shows afterwards."""
    customer_id = account.customer()
    account.subscribe(customer_id)
    (paid,) = stripes_events(ports, "invoice.paid")
    failed = {**paid, "id": "evt_failed", "type": "invoice.payment_failed"}
    ports.engine.world.store.insert(failed)
    opened = StripeEvent.model_validate(failed)
    ports.ledger.open(opened, "scai.stripe", EVENT, ports.now())
    ports.ledger.set_aside(opened.id, EVENT, "unattributed", customer_id)
    ports.clock.advance(3 * DAY)
    reconcile(ports)
    add_user("user_1")
    link_customer(ports.users, ports.customers, "user_1", customer_id)
    ports.reducer.sync_customer("user_1", customer_id)
    ports.clock.advance(DAY)

    entry = reconcile(ports, name="b")

    assert entry.examples["unattributed_event"] == ("evt_failed",)
    assert "evt_failed" in {json.loads(e.detail)["id"] for e in ports.bus.held}


def test_an_event_that_was_begun_and_never_finished_is_put_again(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")
    (event,) = stripes_events(ports, "invoice.paid")
    opened = StripeEvent.model_validate(event)
    ports.ledger.open(opened, "scai.stripe", EVENT, ports.now())
    account.events_are_over()
    assert "unfinished_event" not in found(reconcile(ports))

    account.events_are_over()

    assert found(reconcile(ports, name="b"))["unfinished_event"] == 1


def test_a_failed_event_is_counted_and_left_to_ops(ports: EnginePorts, account: Account) -> None:
    account.known("user_1")
    (event,) = stripes_events(ports, "invoice.paid")
    opened = StripeEvent.model_validate(event)
    ports.ledger.open(opened, "scai.stripe", EVENT, ports.now())
    failure = Failure(execution=EVENT, status="FAILED", error="E", cause="c", redrive_count=0, at=1)
    ports.ledger.mark_failed(opened.id, failure)
    account.events_are_over()

    entry = reconcile(ports)

    assert (found(entry)["failed_event"], entry.attention) == (1, None)
    assert "invoice.paid" not in {e.detail_type for e in ports.bus.held}


def test_a_page_whose_events_the_bus_refuses_is_not_done(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")
    account.events_are_over()
    ports.bus.refuse("invoice.paid", times=1)
    with pytest.raises(BusUnavailable):
        reconcile(ports)

    entry = reconcile(ports)

    assert "invoice.paid" in {e.detail_type for e in ports.bus.held}
    assert entry.completed_at is not None
    assert found(entry)["lost_event"] == len({json.loads(e.detail)["id"] for e in ports.bus.held})


def test_large_events_that_were_lost_are_put_in_requests_that_eventbridge_takes(
    ports: EnginePorts, account: Account
) -> None:
    """Ten at once are too many where each has as many bytes as still goes on whole."""
    account.subscribe(account.customer("user_1"))
    store = ports.engine.world.store
    for event in stripes_events(ports, "invoice.paid"):
        for number in range(9):
            copy = {**event, "id": f"evt_large{number}", "request": "x" * 150_000}
            store.insert(copy)
    account.events_are_over()

    entry = reconcile(ports)

    assert entry.completed_at is not None
    assert len([e for e in ports.bus.held if e.detail_type == "invoice.paid"]) == 10


def test_an_event_that_nobody_can_read_keeps_no_other_from_being_put(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")
    store = ports.engine.world.store
    (event,) = stripes_events(ports, "customer.subscription.created")
    store.update(event, data={"object": None})
    account.events_are_over()

    entry = reconcile(ports)

    assert (entry.examples["unreadable"], entry.attention) == ((event["id"],), "drift")
    assert "invoice.paid" in {e.detail_type for e in ports.bus.held}


# -- Debts ----------------------------------------------------------------------------------------


def test_the_end_of_grace_that_nobody_announced_is_announced(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")
    customer_id = ports.records.load("user_1").customer_id
    ports.at_stripe(
        "POST", f"/v1/customers/{customer_id}", {"invoice_settings": {"default_payment_method": ""}}
    )
    ports.clock.advance(33 * 86_400)
    ports.engine.advance(ports.clock.now)
    reconcile(ports)
    assert ports.records.load("user_1").access_level == "grace"

    ports.clock.advance(8 * 86_400)
    ports.engine.advance(ports.clock.now)
    entry = reconcile(ports, name="b")

    record = ports.records.load("user_1")
    assert record.access_level == "restricted"
    assert "access" in entry.run.tally.healed or "invoices" in entry.run.tally.healed


def test_the_dunning_board_is_read_to_its_end(ports: EnginePorts, small_pages: None) -> None:
    """Those whose access is restricted already are left alone."""
    since = ports.now() - 30 * 86_400
    for number in range(5):
        restricted = a_record(
            user_id=f"user_{number}",
            version=1,
            subscription=a_subscription(status="past_due"),
            invoices={"in_1": an_invoice(finalized_at=since)},
            dunning=Dunning(invoice_id="in_1", since=since, until=since + 7 * 86_400),
            access_level="restricted",
        )
        ports.records.save(restricted, replacing=0)

    entry = reconcile(ports)

    assert entry.run.tally.looked_at["debts"] == 5
    assert "access" not in found(entry)


# -- The run --------------------------------------------------------------------------------------


def test_a_page_counts_once_however_often_the_step_runs(
    ports: EnginePorts, account: Account
) -> None:
    account.subscribe(account.customer("user_1"))
    request = RunInput(run=claimed(ports), execution=arn("a"))

    first, again = compare_page(request, ports), compare_page(request, ports)

    assert first == again
    assert first.page == 1
    assert first.tally.found["missing"] == 1


def test_an_execution_that_lost_its_run_leaves_it(ports: EnginePorts, account: Account) -> None:
    account.subscribe(account.customer("user_1"))
    lost = claimed(ports)
    claimed(ports, name="another")

    answer = compare_page(RunInput(run=lost, execution=arn("a")), ports)

    assert answer.outcome == "left"
    assert ports.records.load("user_1").version == 0


def test_a_run_goes_on_in_further_executions_and_finds_the_same(
    ports: EnginePorts,
    account: Account,
    small_pages: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(phases, "PAGES_PER_EXECUTION", 2)
    for number in range(7):
        account.subscribe(account.customer(f"user_{number}"))

    entry = reconcile(ports)

    assert len(ports.executions.successors) >= 3
    assert entry.run.tally.healed["missing"] == 7
    assert entry.completed_at is not None


def test_what_is_handed_on_stays_small(ports: EnginePorts, account: Account) -> None:
    for number in range(EXAMPLES + 2):
        account.subscribe(account.customer(f"user_{number}"))

    entry = reconcile(ports)

    assert found(entry)["missing"] == EXAMPLES + 2
    assert len(entry.examples["missing"]) == EXAMPLES
    assert len(entry.run.model_dump_json()) < 1_000


# -- One customer ---------------------------------------------------------------------------------


def test_everything_of_one_customer_is_healed_and_nobody_elses(
    ports: EnginePorts, account: Account
) -> None:
    account.known("user_1")
    account.subscribe(account.customer("user_2"))
    record = ports.records.load("user_1")
    assert record.customer_id is not None
    account.change(_own(ports), cancel_at_period_end="true")

    entry = reconcile(ports, of_one(record.customer_id))

    assert entry.run.tally.healed == {"differs": 1}
    assert (entry.run.user_id, entry.run.page) == ("user_1", 1)
    assert ports.records.load("user_2").version == 0


def _own(ports: EnginePorts) -> str:
    subscription = ports.records.load("user_1").subscription
    assert subscription is not None
    return subscription.subscription_id


def test_one_customer_whom_we_do_not_know_is_said_to_be_unknown(
    ports: EnginePorts, account: Account
) -> None:
    customer_id = account.customer()

    entry = reconcile(ports, of_one(customer_id))

    assert entry.examples == {"unknown_customer": (customer_id,)}


def test_a_run_of_one_customer_who_cannot_be_healed_fails_and_says_why(
    ports: EnginePorts, account: Account
) -> None:
    """Nobody else waits for it, and done would say that all is well."""
    add_user("user_1")
    link_customer(ports.users, ports.customers, "user_1", "cus_of_another_account")

    with pytest.raises(StripeNotFound):
        reconcile(ports, of_one("cus_of_another_account"))


def test_one_customer_whose_subscription_stripe_does_not_have_is_orphaned(
    ports: EnginePorts, account: Account
) -> None:
    subscription_id = account.known("user_1")
    customer_id = ports.records.load("user_1").customer_id
    assert customer_id is not None
    forget_at_stripe(ports, subscription_id)

    assert found(reconcile(ports, of_one(customer_id))) == {"orphaned": 1}

"""The checkout slot: whatever runs twice, at once, or dies anywhere, one open session remains.

After every call to Stripe and to DynamoDB a request may die, or another one may run from beginning
to end. Each test goes through all of these points, with a new user each.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import pytest

from billing.contracts.stripe_objects import StripeCheckoutSession
from billing.domain.errors import AlreadySubscribed, StripeUnavailable
from billing.domain.record import CheckoutRequest, Record
from billing.store.dynamodb import client
from tests.support.api import Api, Request, Trouble
from tests.support.aws import add_user, user_item


class Died(BaseException):
    """The Lambda is gone, and nothing can catch that."""


class Points:
    """Counts the calls that a request makes, and acts after one of them."""

    def __init__(self, at: int, act: Callable[[], None], *, writes_only: bool) -> None:
        self._left = at
        self._act = act
        self._writes_only = writes_only
        self._acting = False

    @property
    def reached(self) -> bool:
        return self._left <= 0

    @property
    def was_last(self) -> bool:
        """Whether the request made no call afterwards."""
        return self._left == 0

    def after_stripe(self, request: Request) -> None:
        self._pass(writes=request.method != "GET")

    def after_dynamodb(self, model: Any, **_: Any) -> None:
        self._pass(writes=model.name not in ("GetItem", "Query"))

    def _pass(self, *, writes: bool) -> None:
        if self._acting or (self._writes_only and not writes):
            return
        self._left -= 1
        if self._left == 0:
            self._acting = True
            self._act()
            self._acting = False


@contextmanager
def acting_after(
    api: Api, call: int, act: Callable[[], None], *, writes_only: bool = False
) -> Iterator[Points]:
    points, events = Points(call, act, writes_only=writes_only), client().meta.events
    api.ports.wire.observers.append(points.after_stripe)
    events.register("after-call.dynamodb", points.after_dynamodb)
    try:
        yield points
    finally:
        api.ports.wire.observers.remove(points.after_stripe)
        events.unregister("after-call.dynamodb", points.after_dynamodb)


# -- What a user may come with --------------------------------------------------------------------


def nothing(api: Api, user_id: str) -> None:
    add_user(user_id)


def open_session_for_another_plan(api: Api, user_id: str) -> None:
    add_user(user_id)
    start(api, user_id, "agency_yearly")


def expired_session(api: Api, user_id: str) -> None:
    add_user(user_id)
    session = start(api, user_id)
    api.at_stripe("POST", f"/v1/checkout/sessions/{session.id}/expire")


def customer_of_old(api: Api, user_id: str) -> None:
    """One that the users table names, and whom billing has never met."""
    customer = api.at_stripe("POST", "/v1/customers", {"metadata": {"user_id": user_id}})
    add_user(user_id, stripe_customer_id=customer["id"])


def deleted_customer(api: Api, user_id: str) -> None:
    expired_session(api, user_id)
    api.at_stripe("DELETE", f"/v1/customers/{record_of(api, user_id).customer_id}")


UNSUBSCRIBED = [
    nothing,
    open_session_for_another_plan,
    expired_session,
    customer_of_old,
    deleted_customer,
]
#: Where two requests can get into each other's way in all the ways that there are.
CONTESTED = [nothing, open_session_for_another_plan]


def paid_session(api: Api, user_id: str) -> None:
    add_user(user_id)
    api.pay(start(api, user_id).id)


def subscribed_customer_of_old(api: Api, user_id: str) -> None:
    customer_of_old(api, user_id)
    customer_id = user_item(f"{user_id}@example.test")["stripe_customer_id"]
    pay_a_frontends_own_session(api, user_id, customer_id)


def pay_a_frontends_own_session(api: Api, user_id: str, customer_id: str) -> str:
    session = api.at_stripe(
        "POST",
        "/v1/checkout/sessions",
        {
            "mode": "subscription",
            "customer": customer_id,
            "client_reference_id": user_id,
            "line_items": {"0": {"price": api.price("agency_monthly"), "quantity": 1}},
            "success_url": "https://app.example.com",
        },
    )
    session_id: str = session["id"]
    api.pay(session_id)
    return session_id


SUBSCRIBED = [paid_session, subscribed_customer_of_old]


# -- What they do, and what must hold --------------------------------------------------------------


def start(api: Api, user_id: str, lookup_key: str = "standard_monthly") -> StripeCheckoutSession:
    user = api.ports.users.find(user_id)
    assert user is not None
    request = CheckoutRequest(price_id=api.price(lookup_key))
    return api.ports.checkout.start(user, request, "usd")


def record_of(api: Api, user_id: str) -> Record:
    return api.ports.records.load(user_id)


def the_open_session(api: Api, user_id: str) -> str:
    """Check that there is one open session, in the slot, of the one linked customer."""
    (session,) = api.sessions(client_reference_id=user_id, status="open")
    (customer,) = [
        customer
        for customer in api.customers()
        if not customer.get("deleted") and customer["metadata"].get("user_id") == user_id
    ]
    record = record_of(api, user_id)
    assert record.checkout is not None
    assert record.checkout.session_id == session["id"]
    assert record.customer_id == session["customer"] == customer["id"]
    assert user_item(f"{user_id}@example.test")["stripe_customer_id"] == customer["id"]
    assert api.ports.customers.user_of(customer["id"]) == user_id
    session_id: str = session["id"]
    return session_id


def every_point(api: Api, before: Callable[[Api, str], None]) -> Iterator[tuple[int, str]]:
    """Each point with a user of its own; the test ends it by ``break`` once none is reached."""
    for point in count(1):
        user_id = f"user_{point}"
        before(api, user_id)
        yield point, user_id


def die() -> None:
    raise Died


@pytest.mark.parametrize("before", UNSUBSCRIBED)
def test_a_request_that_died_anywhere_is_carried_on_by_the_next(
    api: Api, before: Callable[[Api, str], None]
) -> None:
    for point, user_id in every_point(api, before):
        with acting_after(api, point, die, writes_only=True) as points, suppress(Died):
            start(api, user_id)

        assert start(api, user_id).id == the_open_session(api, user_id)
        if not points.reached:
            assert point > 2
            break


@pytest.mark.parametrize("before", SUBSCRIBED)
def test_what_was_bought_is_found_out_wherever_the_request_before_died(
    api: Api, before: Callable[[Api, str], None]
) -> None:
    for point, user_id in every_point(api, before):
        with (
            acting_after(api, point, die, writes_only=True) as points,
            pytest.raises((Died, AlreadySubscribed)),
        ):
            start(api, user_id)

        with pytest.raises(AlreadySubscribed):
            start(api, user_id)
        subscription = record_of(api, user_id).subscription
        assert subscription is not None
        assert subscription.status == "active"
        assert api.sessions(client_reference_id=user_id, status="open") == []
        if not points.reached:
            break


@pytest.mark.parametrize("before", CONTESTED)
def test_two_equal_requests_at_once_get_the_same_session(
    api: Api, before: Callable[[Api, str], None]
) -> None:
    for point, user_id in every_point(api, before):
        inner: list[StripeCheckoutSession] = []

        def meanwhile(user_id: str = user_id, inner: list[Any] = inner) -> None:
            inner.append(start(api, user_id))

        with acting_after(api, point, meanwhile) as points:
            session = start(api, user_id)

        assert session.id == the_open_session(api, user_id)
        if not points.reached:
            break
        assert [other.id for other in inner] == [session.id]


@pytest.mark.parametrize("before", CONTESTED)
def test_of_two_different_requests_at_once_one_session_stays_open(
    api: Api, before: Callable[[Api, str], None]
) -> None:
    for point, user_id in every_point(api, before):
        inner: list[StripeCheckoutSession] = []

        def meanwhile(user_id: str = user_id, inner: list[Any] = inner) -> None:
            inner.append(start(api, user_id, "standard_yearly"))

        with acting_after(api, point, meanwhile) as points:
            session = start(api, user_id)

        still_open = the_open_session(api, user_id)
        if points.was_last:
            assert [other.id for other in inner] == [still_open]
        else:
            assert session.id == still_open
        if not points.reached:
            break


def test_whoever_pays_the_old_session_while_asking_for_another_subscribes_once(api: Api) -> None:
    for point, user_id in every_point(api, open_session_for_another_plan):
        slot = record_of(api, user_id).checkout
        assert slot is not None
        paid: list[int] = []

        def pay(
            path: str = f"/v1/payment_pages/{slot.session_id}/confirm", paid: Any = paid
        ) -> None:
            engine = api.ports.engine
            card = {"payment_method": "pm_card_visa"}
            paid.append(engine.request("POST", path, card, engine.own_headers()).status)

        with acting_after(api, point, pay) as points:
            try:
                start(api, user_id)
            except AlreadySubscribed:
                assert paid == [200]
            else:
                assert paid in ([], [400]), "paid, and yet another session was opened"
        customer_id = record_of(api, user_id).customer_id or ""
        bought = api.ports.engine.world.store.newest_first("subscription", customer=customer_id)
        assert len(list(bought)) == paid.count(200)
        if not points.reached:
            break


def subscribe_some_other_way(api: Api, user_id: str) -> None:
    """Buy in a frontend's own session and come back, while the slot's session is open."""
    customer_id = record_of(api, user_id).customer_id
    assert customer_id is not None
    session_id = pay_a_frontends_own_session(api, user_id, customer_id)
    api.ports.checkout.complete(user_id, api.ports.stripe.checkout_session(session_id))


def test_whoever_subscribed_some_other_way_is_left_no_session_to_pay(api: Api) -> None:
    add_user()
    start(api, "user_1")
    subscribe_some_other_way(api, "user_1")

    with pytest.raises(AlreadySubscribed):
        start(api, "user_1")

    assert api.sessions(status="open") == []
    assert record_of(api, "user_1").checkout is None


@pytest.mark.parametrize("step", ["look", "expire"])
def test_a_subscribers_session_that_stripe_wont_close_now_is_never_handed_out(
    api: Api, step: str
) -> None:
    add_user()
    path = f"/v1/checkout/sessions/{start(api, 'user_1').id}"
    subscribe_some_other_way(api, "user_1")
    failing = {"look": ("GET", path), "expire": ("POST", f"{path}/expire")}[step]
    api.ports.wire.troubles.append(Trouble(*failing, status=500))

    with pytest.raises(StripeUnavailable):
        start(api, "user_1")
    with pytest.raises(AlreadySubscribed):
        start(api, "user_1")

    assert api.sessions(status="open") == []


# -- When Stripe's answers are lost, or worse ------------------------------------------------------


def test_after_a_lost_answer_the_retry_sends_the_same_key_and_gets_the_same(api: Api) -> None:
    add_user()
    sessions = "/v1/checkout/sessions"
    api.ports.wire.troubles.append(Trouble("POST", sessions, status=None, after_effect=True))

    with pytest.raises(StripeUnavailable):
        start(api, "user_1")
    slot = record_of(api, "user_1").checkout
    session = start(api, "user_1")

    assert session.id == the_open_session(api, "user_1")
    assert len(api.sessions()) == 1
    first, second = api.ports.wire.asked("POST", sessions)
    assert slot is not None
    assert first.key == second.key == f"op:user_1:{slot.op_seq}"


@pytest.mark.parametrize("days", [0, 2])
def test_a_customer_whose_making_was_not_answered_is_found(api: Api, days: int) -> None:
    """Stripe forgets a key after a day: then it would make another one."""
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", "/v1/customers", status=None, after_effect=True))
    with pytest.raises(StripeUnavailable):
        start(api, "user_1")
    api.ports.engine.advance(api.ports.now() + days * 86_400)

    start(api, "user_1")

    assert len(api.customers()) == 1


def test_a_customer_whose_making_failed_is_made_with_the_same_key(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", "/v1/customers", status=None))
    with pytest.raises(StripeUnavailable):
        start(api, "user_1")

    start(api, "user_1")

    assert {r.key for r in api.ports.wire.asked("POST", "/v1/customers")} == {"op:user_1:0"}
    assert len(api.customers()) == 1


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/checkout/sessions"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_an_error_that_stripe_saved_for_the_key_doesnt_hold_the_user_up(
    api: Api, path: str, after_effect: bool
) -> None:
    """Stripe repeats a saved 500 for a day: what it made is found, and the next key gets on."""
    add_user()
    api.ports.wire.troubles.append(
        Trouble("POST", path, status=500, after_effect=after_effect, saved=True)
    )

    for _ in range(2):
        try:
            session = start(api, "user_1")
        except StripeUnavailable:
            continue
        break

    assert session.id == the_open_session(api, "user_1")


def test_a_name_changed_since_a_lost_answer_makes_no_second_customer(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", "/v1/customers", status=None, after_effect=True))
    with pytest.raises(StripeUnavailable):
        start(api, "user_1")
    add_user(firstName="Married")

    session = start(api, "user_1")

    assert session.id == the_open_session(api, "user_1")
    assert len(api.customers()) == 1


def test_a_page_moved_since_a_lost_answer_leaves_one_session_open(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_user()
    api.ports.wire.troubles.append(
        Trouble("POST", "/v1/checkout/sessions", status=None, after_effect=True)
    )
    with pytest.raises(StripeUnavailable):
        start(api, "user_1")
    monkeypatch.setenv("CHECKOUT_SUCCESS_URL", "https://moved.example.com")
    del api.ports.settings, api.ports.checkout

    session = start(api, "user_1")

    assert session.id == the_open_session(api, "user_1")
    assert api.sessions(status="open")[0]["success_url"] == "https://moved.example.com"


def test_each_operation_has_a_number_of_its_own(api: Api) -> None:
    add_user()
    for lookup_key in ("standard_monthly", "agency_monthly", "standard_monthly"):
        start(api, "user_1", lookup_key)

    wire = api.ports.wire
    keys = [r.key for r in wire.requests if r.key and r.key.startswith("op:")]
    assert len(keys) == len(set(keys)) == 4


def test_a_double_click_costs_one_read(api: Api) -> None:
    add_user()
    first = start(api, "user_1")
    asked = len(api.ports.wire.requests)

    again = start(api, "user_1")

    assert again.url == first.url
    assert [request.method for request in api.ports.wire.requests[asked:]] == ["GET"]

"""Payment methods while answers get lost, requests die, and others do something meanwhile."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from threading import Barrier

import pytest

from billing.domain.errors import PaymentMethodInUse, PaymentMethodNotFound
from billing.payment_methods import PaymentMethods
from tests.support.api import Api, Request, Trouble
from tests.support.payer import Payer, a_card
from tests.support.subscriber import Json


class Died(BaseException):
    """The Lambda is gone, and nothing can catch that."""


class Points:
    """Counts the requests to Stripe that matter, and acts after one of them."""

    def __init__(
        self, at: int, act: Callable[[], object], matters: Callable[[Request], bool]
    ) -> None:
        self._left = at
        self._act = act
        self._matters = matters
        self._acting = False

    @property
    def reached(self) -> bool:
        return self._left <= 0

    def __call__(self, request: Request) -> None:
        if self._acting or not self._matters(request):
            return
        self._left -= 1
        if self._left == 0:
            self._acting = True
            self._act()
            self._acting = False


@contextmanager
def acting_after(
    api: Api,
    request: int,
    act: Callable[[], object],
    matters: Callable[[Request], bool] = lambda _: True,
) -> Iterator[Points]:
    """Do something once Stripe has answered this many of the requests that matter."""
    points = Points(request, act, matters)
    api.ports.wire.observers.append(points)
    try:
        yield points
    finally:
        api.ports.wire.observers.remove(points)


def make_default(payer: Payer, method_id: str) -> None:
    user = payer.api.ports.users.find(payer.user_id)
    assert user is not None
    PaymentMethods(payer.api.ports).make_default(user, method_id)


def detach(payer: Payer, method_id: str) -> None:
    user = payer.api.ports.users.find(payer.user_id)
    assert user is not None
    PaymentMethods(payer.api.ports).detach(user, method_id)


def is_write(request: Request) -> bool:
    return request.method != "GET"


def die() -> None:
    raise Died


def at_stripe(payer: Payer, method: str, path: str, params: Json | None = None) -> int:
    """Try something at Stripe without our code."""
    engine = payer.api.ports.engine
    return engine.request(method, path, params or {}, engine.own_headers()).status


def pays_with(payer: Payer) -> str | None:
    """The payment method that the next renewal is charged to."""
    own: str | None = payer.subscription["default_payment_method"]
    return own or payer.default()


# -- Answers that get lost --------------------------------------------------------------------


@pytest.mark.parametrize("write", ["customer", "subscription", "invoice"])
@pytest.mark.parametrize(
    ("status", "saved", "after_effect"),
    [(None, False, True), (None, False, False), (500, True, True), (429, False, False)],
)
def test_a_write_that_isnt_answered_is_carried_on_by_the_next_try(
    api: Api, write: str, status: int | None, saved: bool, after_effect: bool
) -> None:
    payer = Payer(api).subscribe().fall_behind()
    card, paid_before = payer.on_file(), payer.charged()
    own = payer.on_file("pm_card_visa")
    subscription = f"/v1/subscriptions/{payer.subscription['id']}"
    api.at_stripe("POST", subscription, {"default_payment_method": own})
    path = {
        "customer": f"/v1/customers/{payer.customer_id}",
        "subscription": subscription,
        "invoice": f"/v1/invoices/{payer.invoices()[0]['id']}/pay",
    }[write]
    trouble = Trouble("POST", path, status=status, after_effect=after_effect, saved=saved)
    api.ports.wire.troubles.append(trouble)
    first = payer.make_default(card)

    assert first.status == (200 if saved else 503)
    assert payer.make_default(card).status == 200

    assert pays_with(payer) == card
    assert payer.charged() == [*paid_before, card]
    assert payer.level == "full"


def test_another_card_is_chosen_after_an_answer_was_lost(api: Api) -> None:
    payer = Payer(api).subscribe().fall_behind()
    first, second = payer.on_file(), payer.on_file("pm_card_visa")
    path = f"/v1/customers/{payer.customer_id}"
    api.ports.wire.troubles.append(Trouble("POST", path, status=None, after_effect=True))
    assert payer.make_default(first).status == 503

    assert payer.make_default(second).status == 200

    assert pays_with(payer) == payer.charged()[-1] == second


@pytest.mark.parametrize("after_effect", [False, True])
def test_attaching_again_after_a_lost_answer_attaches_once(api: Api, after_effect: bool) -> None:
    payer = Payer(api).subscribe()
    card = a_card(api)
    path = f"/v1/payment_methods/{card}/attach"
    api.ports.wire.troubles.append(Trouble("POST", path, status=None, after_effect=after_effect))
    assert payer.attach(card).status == 503

    assert payer.attach(card).status == 200

    assert payer.owner_of(card) == payer.customer_id


def test_a_request_that_died_after_any_write_is_carried_on_by_the_next(api: Api) -> None:
    payer = Payer(api).subscribe()
    for point in count(1):
        payer.fall_behind()
        card, paid_before = payer.on_file(), payer.charged()
        with acting_after(api, point, die, is_write) as points, suppress(Died):
            make_default(payer, card)

        make_default(payer, card)

        assert pays_with(payer) == card
        assert payer.charged() == [*paid_before, card]
        assert payer.level == "full"
        if not points.reached:
            assert point > 2
            break


# -- What others do meanwhile -----------------------------------------------------------------


def test_of_two_defaults_chosen_at_once_one_is_charged(api: Api) -> None:
    payer = Payer(api).subscribe()
    for point in count(1):
        one, other = payer.on_file(), payer.on_file("pm_card_visa")

        with acting_after(api, point, partial(make_default, payer, other)) as points:
            make_default(payer, one)

        assert pays_with(payer) in (one, other)
        customer = payer.record.customer
        assert customer is not None
        assert customer.default_payment_method_id == pays_with(payer)
        if not points.reached:
            break


def test_a_card_that_becomes_the_default_meanwhile_isnt_detached(api: Api) -> None:
    payer = Payer(api).subscribe()
    other = payer.on_file("pm_card_visa")
    for point in count(1):
        make_default(payer, other)
        card, chosen = payer.on_file(), list[str]()

        def choose(card: str = card, chosen: list[str] = chosen) -> None:
            with suppress(PaymentMethodNotFound):
                make_default(payer, card)
                chosen.append(card)

        with acting_after(api, point, choose) as points, suppress(PaymentMethodInUse):
            detach(payer, card)

        assert payer.owner_of(card) == (payer.customer_id if chosen else None)
        assert pays_with(payer) == (card if chosen else other)
        if not points.reached:
            break


def test_a_card_that_staff_detach_meanwhile_is_no_longer_found(api: Api) -> None:
    payer = Payer(api).subscribe()
    for point in count(1):
        card = payer.on_file()
        path = f"/v1/payment_methods/{card}/detach"

        with acting_after(api, point, partial(at_stripe, payer, "POST", path)) as points:
            answer = payer.make_default(card)

        assert answer.status in (200, 404)
        assert payer.make_default(card).status == (404 if points.reached else 200)
        if not points.reached:
            break


def test_a_customer_that_is_deleted_meanwhile_breaks_nothing(api: Api) -> None:
    for point in count(1):
        payer = Payer(api, f"user_{point}")
        payer.set_up()
        card = payer.on_file()
        path = f"/v1/customers/{payer.customer_id}"

        with acting_after(api, point, partial(at_stripe, payer, "DELETE", path)) as points:
            answer = payer.make_default(card)

        assert answer.status in (200, 404)
        assert payer.make_default(card).status == (404 if points.reached else 200)
        if not points.reached:
            break


@pytest.mark.parametrize("seen", ["subscriptions", "invoices", "invoice_payments"])
def test_what_staff_collect_meanwhile_isnt_charged_again(api: Api, seen: str) -> None:
    payer = Payer(api).subscribe().fall_behind()
    card, paid_before = payer.on_file(), payer.charged()
    good = payer.on_file("pm_card_visa")
    pay = f"/v1/invoices/{payer.invoices()[0]['id']}/pay"
    collect = partial(at_stripe, payer, "POST", pay, {"payment_method": good})

    with acting_after(api, 1, collect, lambda request: request.path == f"/v1/{seen}") as points:
        assert payer.make_default(card).status == 200

    assert points.reached
    assert payer.charged() == [*paid_before, good]
    assert payer.level == "full"


@pytest.mark.parametrize("clicks", [2, 3])
def test_a_double_click_charges_once(api: Api, clicks: int) -> None:
    payer = Payer(api).subscribe().fall_behind()
    card, paid_before = payer.on_file(), payer.charged()
    barrier = Barrier(clicks)

    def click() -> None:
        barrier.wait()
        make_default(payer, card)

    with ThreadPoolExecutor(clicks) as threads:
        for clicked in [threads.submit(click) for _ in range(clicks)]:
            clicked.result()

    assert payer.charged() == [*paid_before, card]
    assert payer.level == "full"

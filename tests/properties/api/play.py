"""Plays: one user asks the API for all sorts of things, and all sorts of things go wrong.

No event of Stripe's is delivered: what our record knows, the API itself has found out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter

from api.app import app
from api.documentation import DOCUMENT
from tests.properties.api.invariants import AtStripe, check
from tests.properties.api.steps import TROUBLES, Step, read, written
from tests.support.api import Api, ApiAnswer
from tests.support.payer import DAY, MONTH, Payer, a_card
from tests.support.troubles import (
    DEATH,
    Call,
    Cloud,
    Died,
    Fate,
    Fates,
    Snapshot,
    unlike_stripe,
)

Json = dict[str, Any]

USER, OTHER = "user_1", "user_2"
TRIES = 3
PLANS = ("standard_monthly", "standard_yearly", "agency_monthly", "agency_yearly")
#: Good, good, declined when charged, to be confirmed, declined for want of money.
CARDS = (
    "4242424242424242",
    "5555555555554444",
    "4000000000000341",
    "4000002760003184",
    "4000008260003178",
)
WAITS = (3_600, DAY, 10 * DAY, MONTH, 100 * DAY)


class Failed(AssertionError):
    """A play that ends where it must not; it says how to repeat it."""


@dataclass
class Request:
    """A request, and what must be so once it was answered with success."""

    route: str
    given: Json | str = ""
    so: Callable[[AtStripe, ApiAnswer], None] = field(default=lambda _user, _answer: None)
    notes: frozenset[str] = frozenset()  # what the record has like Stripe from then on


class Play:
    """One play on a cloud, from a beginning that is prepared once."""

    def __init__(self, cloud: Cloud, steps: Sequence[Step]) -> None:
        self.cloud = cloud
        self.steps = steps
        self.played: list[str] = []
        self.step = steps[0]
        self.session_id: str | None = None
        self.contested = False

    def run(self) -> None:
        """Play all steps.

        Raises:
            Failed: something doesn't hold.
        """
        self.cloud.restore(beginning(self.cloud, self.steps[0].choice))
        for step in self.steps[1:]:
            self.step = step
            self.cloud.clock.advance(1)
            self.cloud.engine.run_due()
            try:
                self._play()
            except AssertionError as error:
                raise Failed(self._told(error)) from error

    def _play(self) -> None:
        act = self.step.act
        if act in DEEDS:
            self.played.append(f"{self.step}")
            DEEDS[act](self, self.step.choice)
        else:
            self._ask(REQUESTS[act](self, self.step.choice))
        check(self.cloud, USER)

    def _ask(self, request: Request) -> None:
        """Ask until it is answered, and check what was made of it."""
        before, others = self.user, self.others()
        plan, paid = self.plan(), before.changes_paid
        self.contested = False
        answer = self._answer(request)
        assert self.others() == others, "another user's objects were changed"
        most = 2 if self.contested else 1
        assert self.user.changes_paid - paid <= most, "a change was charged more than once"
        if answer is None or self.contested:
            return
        if answer.status == 402 and request.route == "POST /update-subscription":
            assert self.plan() == plan, "declined, and changed"
            assert not self.user.changes_open, "declined, and still to be paid"
        if answer.status == 200:
            request.so(self.user, answer)
            waits = answer.body.get("status") == "requires_action"
            unlike = request.notes & unlike_stripe(self.cloud)
            assert waits or not unlike, f"the record isn't as Stripe has it: {sorted(unlike)}"

    def _answer(self, request: Request) -> ApiAnswer | None:
        """The answer that the client is left with: none if the process died, and it gave up."""
        key = f"key-{len(self.played)}" if self.step.at % 2 else None
        api = self.cloud.api(self._fates(request, key))
        answer = self._sent(request, key, api)
        for _ in range(TRIES):
            if self.step.gives_up or (answer is not None and answer.status != 503):
                break
            answer = self._sent(request, key, api if answer is not None else self.cloud.api())
        assert self.step.gives_up or (answer is not None and answer.status != 503), "unanswered"
        return answer

    def _sent(self, request: Request, key: str | None, api: Api) -> ApiAnswer | None:
        method, path = request.route.split()
        headers = {"Idempotency-Key": key} if key else {}
        api.seconds_left = -1 if self.step.fate == DEATH else 29
        told = f"{self.step}: {request.route} {request.given}"
        try:
            if method == "GET":
                answer = api.get(re.sub("{.*}", str(request.given), path), USER)
            else:
                assert isinstance(request.given, dict)
                answer = api.post(path, {"userId": USER, **request.given}, USER, headers=headers)
        except Died:
            self.played.append(f"{told} -> died")
            return None
        self.played.append(f"{told} -> {answer.status} {answer.text[:300]}")
        assert answer.status in documented(request.route), f"{answer.status} isn't documented"
        assert not any(id_ in answer.text for id_ in self.foreign()), "it tells of another user"
        return answer

    def _fates(self, request: Request, key: str | None) -> Fates:
        """What the step says: befalling the first call that it can, from its place on."""
        if not self.step.fate:
            return lambda _call: None
        trouble, left = TROUBLES.get(self.step.fate), [self.step.at, 1]

        def fate(call: Call) -> Fate | None:
            left[0] -= 1
            if left[0] >= 0 or not left[1] or (trouble is not None and not trouble.befalls(call)):
                return None
            left[1] = 0
            if trouble is not None:
                return trouble
            return DEATH if self.step.fate == DEATH else self._meanwhile(request, key)

        return fate

    def _meanwhile(self, request: Request, key: str | None) -> Callable[[], object]:
        """Another request, or the same again, from beginning to end in another process."""
        (other,) = read(self.step.fate)
        twice = (other.act, other.choice) == (self.step.act, self.step.choice)

        def ask() -> None:
            self.contested = True
            with aside():
                again = request if twice else REQUESTS[other.act](self, other.choice)
                self._sent(again, key if twice else None, self.cloud.api())

        return ask

    # -- What there is --------------------------------------------------------------------------

    @property
    def user(self) -> AtStripe:
        return AtStripe(self.cloud, USER)

    def plan(self) -> Any:
        live = self.user.live
        return live and (live["id"], price_of(live), live["items"]["data"][0]["quantity"])

    def price(self, lookup_key: str) -> str:
        found = self.cloud.engine.world.store.newest_first("price", lookup_key=lookup_key)
        price_id: str = next(iter(found))["id"]
        return price_id

    def cards(self) -> list[str]:
        """Cards of the user's, and one of somebody else's."""
        theirs = AtStripe(self.cloud, OTHER).of("payment_method")
        return [method["id"] for method in [*self.user.of("payment_method"), *theirs]]

    def others(self) -> dict[str, Json]:
        return AtStripe(self.cloud, OTHER).everything()

    def foreign(self) -> list[str]:
        return AtStripe(self.cloud, OTHER).customers

    def at_stripe(self, method: str, path: str, params: Json | None = None) -> Json:
        """Do something at Stripe, which may refuse it."""
        engine = self.cloud.engine
        answer = engine.request(method, path, params, engine.own_headers())
        self.played.append(f"      {method} {path} {params} -> {answer.status}")
        body: Json = answer.json()
        return body

    def _told(self, error: AssertionError) -> str:
        command = f"PYTHONPATH=functions python -m tests.properties.api '{written(self.steps)}'"
        return "\n".join([str(error), *self.played, "", f"To repeat it: {command}"])


def must_hold(cloud: Cloud, steps: Sequence[Step]) -> None:
    """Play it; where it fails, tell of the smallest play that fails too.

    Raises:
        Failed: something doesn't hold.
    """
    failed = failure(cloud, steps)
    if failed is None:
        return
    for place in reversed(range(1, len(steps))):
        fewer = [*steps[:place], *steps[place + 1 :]]
        if (smaller := failure(cloud, fewer)) is not None:
            steps, failed = fewer, smaller
    raise failed


def failure(cloud: Cloud, steps: Sequence[Step]) -> Failed | None:
    try:
        Play(cloud, steps).run()
    except Failed as failed:
        return failed
    return None


@contextmanager
def aside() -> Iterator[None]:
    """Let another request be resolved meanwhile: processes of the Lambda share no resolver."""
    event, context, held = BaseRouter.current_event, BaseRouter.lambda_context, dict(app.context)
    try:
        yield
    finally:
        BaseRouter.current_event, BaseRouter.lambda_context = event, context
        app.context.update(held)


@cache
def documented(route: str) -> frozenset[int]:
    """What a client may expect: never that something is wrong with us."""
    method, path = route.split()
    told = json.loads(DOCUMENT.read_text())["paths"][path][method.lower()]["responses"]
    return frozenset(map(int, told)) - {500}


def price_of(subscription: Json) -> str:
    price_id: str = subscription["items"]["data"][0]["price"]["id"]
    return price_id


_beginnings: dict[tuple[int, int], Snapshot] = {}


def beginning(cloud: Cloud, choice: int) -> Snapshot:
    """Who the user is.

    A new one, a subscriber of the least or of the most, one who owes, or a subscriber of the least
    whose card is declined or wants its owner's confirmation.
    """
    if (id(cloud), choice) not in _beginnings:
        cloud.reset()
        Payer(cloud.api(), OTHER).subscribe("agency_monthly")
        user = Payer(cloud.api(), USER)
        if choice not in (0, 2):
            user.subscribe()
        if choice == 2:
            user.subscribe("agency_yearly", quantity=2)
        if choice == 3:
            user.fall_behind()
        if choice in (4, 5):
            user.pay_with(f"pm_card_{('chargeCustomerFail', 'authenticationRequired')[choice - 4]}")
        _beginnings[id(cloud), choice] = cloud.snapshot()
    return _beginnings[id(cloud), choice]


# -- What the user asks ---------------------------------------------------------------------------

#: Of the subscription, what a change of it must bring to the record.
_OF_SUBSCRIPTION = frozenset(
    {
        *("subscription_id", "status", "price_id", "quantity", "schedule_id"),
        *("current_period_end", "cancel_at", "cancel_at_period_end"),
    }
)
_OF_METHODS = frozenset({"methods", "default"})


def _buy(play: Play, choice: int) -> Request:
    given: Json = {"priceId": play.price(PLANS[choice % 4])}
    if choice & 4:
        given["trialDays"] = 14

    def so(user: AtStripe, answer: ApiAnswer) -> None:
        play.session_id = answer.body["sessionId"]
        session = user.find(play.session_id)
        assert session is not None
        assert session["status"] == "open", "a session that can't be paid"
        assert not user.live, "a session for who has subscribed already"

    return Request("POST /create-checkout-session", given, so)


def _return(play: Play, choice: int) -> Request:
    return Request("GET /checkout-session/{id}", play.session_id or "cs_test_none")


def _change(play: Play, choice: int) -> Request:
    given: Json = {"newPriceId": play.price(PLANS[choice % 4])}
    if choice & 4:
        given["quantity"] = 1 + choice % 3
    if choice & 8:
        given["effective"] = "period_end" if choice & 16 else "now"
    if choice & 32:
        given |= _quoted(play, given)
    wanted = given["newPriceId"], given.get("quantity")

    def so(user: AtStripe, answer: ApiAnswer) -> None:
        live, schedule = user.live, user.schedule
        assert live is not None
        if answer.body["status"] == "requires_action":
            (item,) = live["pending_update"]["subscription_items"]
        elif "period" in answer.body["message"] and schedule is not None:
            item = schedule["phases"][1]["items"][0]
        else:
            assert schedule is None, "what was planned will undo it"
            assert live["pending_update"] is None, "what waits to be confirmed will undo it"
            (item,) = live["items"]["data"]
        price = item["price"] if isinstance(item["price"], str) else item["price"]["id"]
        assert (price, item["quantity"]) == (wanted[0], wanted[1] or item["quantity"])

    return Request("POST /update-subscription", given, so, _OF_SUBSCRIPTION)


def _quoted(play: Play, given: Json) -> Json:
    """A quote for a change, if there is one to be had."""
    with aside():
        body = {"userId": USER, **given}
        answer = play.cloud.api().post("/preview-subscription-change", body, USER)
    return {"quote": answer.body["quote"]} if answer.status == 200 else {}


def _preview(play: Play, choice: int) -> Request:
    given = {"newPriceId": play.price(PLANS[choice % 4])}
    return Request("POST /preview-subscription-change", given)


def _cancel(play: Play, choice: int) -> Request:
    def so(user: AtStripe, _answer: ApiAnswer) -> None:
        live = user.live
        assert live is None or live["cancel_at_period_end"] or live["cancel_at"], "it goes on"
        assert live is None or live["schedule"] is None, "what was planned will undo it"

    return Request("POST /cancel-subscription", {}, so, _OF_SUBSCRIPTION)


def _reactivate(play: Play, choice: int) -> Request:
    def so(user: AtStripe, _answer: ApiAnswer) -> None:
        live = user.live
        assert live is not None
        assert not live["cancel_at_period_end"], "it ends all the same"
        assert not live["cancel_at"], "it ends all the same"

    return Request("POST /reactivate-subscription", {}, so, _OF_SUBSCRIPTION)


def _set_up(play: Play, choice: int) -> Request:
    return Request("POST /create-setup-intent", {})


def _attach(play: Play, choice: int) -> Request:
    with aside():
        card = a_card(play.cloud.api(), CARDS[choice % len(CARDS)])

    def so(user: AtStripe, _answer: ApiAnswer) -> None:
        assert card in [method["id"] for method in user.of("payment_method")]

    return Request("POST /attach-payment-method", {"paymentMethodId": card}, so, _OF_METHODS)


def _default(play: Play, choice: int) -> Request:
    cards = play.cards()
    card = cards[choice % len(cards)]

    def so(user: AtStripe, _answer: ApiAnswer) -> None:
        live = user.live
        own = live["default_payment_method"] if live else None
        assert own in (None, card), "another one is charged"
        owner = user.find(card)
        assert owner is not None
        customer = user.find(owner["customer"])
        assert customer is not None
        assert customer["invoice_settings"]["default_payment_method"] == card

    given = {"paymentMethodId": card}
    notes = _OF_METHODS | _OF_SUBSCRIPTION
    return Request("POST /update-default-payment-method", given, so, notes)


def _detach(play: Play, choice: int) -> Request:
    cards = play.cards()
    card = cards[choice % len(cards)]

    def so(user: AtStripe, _answer: ApiAnswer) -> None:
        assert card not in [method["id"] for method in user.of("payment_method")]

    return Request("POST /detach-payment-method", {"paymentMethodId": card}, so, _OF_METHODS)


def _purchase(play: Play, choice: int) -> Request:
    given = {"priceId": play.price("self_hosted")}

    def so(user: AtStripe, answer: ApiAnswer) -> None:
        session = user.find(answer.body["sessionId"])
        assert session is not None
        assert session["status"] == "open", "a session that can't be paid"

    return Request("POST /create-one-time-payment-session", given, so)


REQUESTS: dict[str, Callable[[Play, int], Request]] = {
    "buy": _buy,
    "return": _return,
    "change": _change,
    "preview": _preview,
    "cancel": _cancel,
    "reactivate": _reactivate,
    "set_up": _set_up,
    "attach": _attach,
    "default": _default,
    "detach": _detach,
    "purchase": _purchase,
    "portal": lambda _play, _choice: Request("POST /create-portal-session", {}),
    "dashboard": lambda _play, _choice: Request("GET /dashboard/{userId}", USER),
    "invoices": lambda _play, _choice: Request("GET /invoices/{userId}", USER),
    "access": lambda _play, _choice: Request("GET /access/{userId}", USER),
}


# -- What happens at Stripe -----------------------------------------------------------------------


def _pay(play: Play, choice: int) -> None:
    """Pay on a page that is open."""
    pages = [s["id"] for s in play.user.of("checkout.session") if s["status"] == "open"]
    if pages:
        with aside():
            card = a_card(play.cloud.api(), CARDS[choice % len(CARDS)])
        path = f"/v1/payment_pages/{pages[choice % len(pages)]}/confirm"
        play.at_stripe("POST", path, {"payment_method": card})


def _confirm(play: Play, choice: int) -> None:
    """Do what the bank wants of the owner of the card, or fail to."""
    waiting = [p for p in play.user.of("payment_intent") if p["status"] == "requires_action"]
    if waiting:
        outcome = "failed" if choice % 4 == 0 else "completed"
        path = f"/v1/3ds2/{waiting[0]['id']}/authenticate"
        play.at_stripe("POST", path, {"outcome": outcome})


def _card(play: Play, choice: int) -> None:
    """Be charged by another card from now on, as chosen on Stripe's portal."""
    live = play.user.live
    if live is None:
        return
    customer = live["customer"]
    with aside():
        card = a_card(play.cloud.api(), CARDS[choice % len(CARDS)])
    play.at_stripe("POST", f"/v1/payment_methods/{card}/attach", {"customer": customer})
    settings = {"invoice_settings": {"default_payment_method": card}}
    play.at_stripe("POST", f"/v1/customers/{customer}", settings)
    if choice & 1:
        own = {"default_payment_method": card if choice & 2 else ""}
        play.at_stripe("POST", f"/v1/subscriptions/{live['id']}", own)


def _staff(play: Play, choice: int) -> None:
    """Edit the subscription or its customer on Stripe's dashboard."""
    live = play.user.live
    if live is None:
        return
    path, item = f"/v1/subscriptions/{live['id']}", live["items"]["data"][0]["id"]
    price = play.price(PLANS[choice % 4])
    new_price = {"items": {"0": {"id": item, "price": price}}, "proration_behavior": "none"}
    edits: list[tuple[str, str, Json]] = [
        ("POST", path, {"cancel_at_period_end": "true"}),
        ("POST", path, {"cancel_at_period_end": "false"}),
        ("POST", path, {"cancel_at": int(play.cloud.clock.now + 5 * DAY)}),
        ("POST", path, new_price),
        ("POST", path, {"pause_collection": {"behavior": "void"}}),
        ("POST", path, {"pause_collection": ""}),
        ("POST", "/v1/subscription_schedules", {"from_subscription": live["id"]}),
    ]
    endings: list[tuple[str, str, Json]] = [
        ("DELETE", path, {}),
        ("DELETE", f"/v1/customers/{live['customer']}", {}),
    ]
    play.at_stripe(*(endings if choice > 55 else edits)[choice % (2 if choice > 55 else 7)])


def _wait(play: Play, choice: int) -> None:
    play.cloud.clock.advance(WAITS[choice % len(WAITS)])
    play.cloud.engine.run_due()


DEEDS: dict[str, Callable[[Play, int], None]] = {
    "pay": _pay,
    "confirm": _confirm,
    "card": _card,
    "staff": _staff,
    "wait": _wait,
}

"""Whatever goes wrong with any call of any route, a client that tries again gets what it wanted.

Each scenario is played once undisturbed, which shows its calls and its end. Then it is played again
for each call and each trouble, with and without an ``Idempotency-Key``: the answer is a documented
one, and once the request is repeated, Stripe and our record are as if nothing had happened.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import pytest

from api.app import app
from api.documentation import DOCUMENT
from tests.support.api import ApiAnswer
from tests.support.payer import Payer, a_card
from tests.support.troubles import (
    DEATH,
    READ_TROUBLES,
    RETRY_AFTER,
    WRITE_TROUBLES,
    Call,
    Cloud,
    Died,
    Fates,
    Snapshot,
    Trouble,
    a_cloud,
    unlike_stripe,
)

Json = dict[str, Any]

#: How often a client that gets no answer, or a 503, tries again.
TRIES = 3
#: What only reads our own tables, or nothing.
WITHOUT_STRIPE = {
    "GET /health",
    "GET /openapi.json",
    "GET /docs",
    "GET /access/{userId}",
}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with a_cloud(monkeypatch) as cloud:
        yield cloud


# -- What a client does ---------------------------------------------------------------------------

#: Prepares all for a request, and gives its body or, of a GET, the parameter in its path.
Prepare = Callable[[Payer], Any]


@dataclass(frozen=True)
class Scenario:
    route: str
    prepare: Prepare
    status: int
    looks: bool  # and changes nothing at Stripe
    again: int  # the status for whom all was done already

    def __str__(self) -> str:
        return self.prepare.__name__


SCENARIOS: list[Scenario] = []


def paying_with(user: Payer, card: str) -> None:
    """Swap the card, and let the record know as events would."""
    user.pay_with(card)
    user.api.ports.reducer.sync_customer(user.user_id, user.customer_id)


def scenario(
    route: str, status: int = 200, *, looks: bool = False, again: int | None = None
) -> Callable[[Prepare], Prepare]:
    def register(prepare: Prepare) -> Prepare:
        SCENARIOS.append(Scenario(route, prepare, status, looks, again or status))
        return prepare

    return register


@scenario("GET /config", looks=True)
def configuration(user: Payer) -> None:
    return None


@scenario("GET /dashboard/{userId}", looks=True)
def dashboard(user: Payer) -> str:
    return user.subscribe().user_id


@scenario("GET /invoices/{userId}", looks=True)
def invoices(user: Payer) -> str:
    return user.subscribe().user_id


@scenario("GET /checkout-session/{id}", looks=True)
def return_from_checkout(user: Payer) -> str:
    wanted = {"priceId": user.api.price("standard_monthly")}
    session_id: str = user.post("/create-checkout-session", **wanted).body["sessionId"]
    user.api.pay(session_id)
    return session_id


@scenario("POST /create-checkout-session")
def first_checkout(user: Payer) -> Json:
    return {"priceId": user.api.price("standard_monthly"), "trialDays": 7}


@scenario("POST /create-checkout-session")
def checkout_of_another_plan(user: Payer) -> Json:
    user.post("/create-checkout-session", priceId=user.api.price("standard_monthly"))
    return {"priceId": user.api.price("agency_yearly"), "quantity": 3}


@scenario("POST /create-checkout-session", 409, looks=True)
def checkout_after_buying_elsewhere(user: Payer) -> Json:
    wanted = {"priceId": user.api.price("standard_monthly")}
    user.api.pay(user.post("/create-checkout-session", **wanted).body["sessionId"])
    return wanted


@scenario("POST /create-one-time-payment-session")
def first_purchase(user: Payer) -> Json:
    return {"priceId": user.api.price("self_hosted"), "metadata": {"campaign": "spring"}}


@scenario("POST /create-one-time-payment-session")
def purchase_of_a_subscriber(user: Payer) -> Json:
    user.subscribe()
    return {"priceId": user.api.price("self_hosted")}


@scenario("POST /preview-subscription-change", looks=True)
def preview_of_an_upgrade(user: Payer) -> Json:
    return {"newPriceId": user.subscribe().api.price("agency_yearly")}


@scenario("POST /update-subscription")
def upgrade(user: Payer) -> Json:
    return {"newPriceId": user.subscribe().api.price("agency_monthly")}


@scenario("POST /update-subscription")
def upgrade_at_a_quote(user: Payer) -> Json:
    quote = user.subscribe().preview("agency_yearly").body["quote"]
    return {"newPriceId": user.api.price("agency_yearly"), "quote": quote}


@scenario("POST /update-subscription")
def upgrade_where_a_downgrade_was_planned(user: Payer) -> Json:
    user.subscribe("agency_monthly").change("standard_monthly")
    return {"newPriceId": user.api.price("agency_monthly"), "quantity": 2}


@scenario("POST /update-subscription", 402)
def declined_upgrade(user: Payer) -> Json:
    paying_with(user.subscribe(), "pm_card_chargeCustomerFail")
    return {"newPriceId": user.api.price("agency_monthly")}


@scenario("POST /update-subscription")
def upgrade_to_confirm(user: Payer) -> Json:
    paying_with(user.subscribe(), "pm_card_authenticationRequired")
    return {"newPriceId": user.api.price("agency_monthly")}


@scenario("POST /update-subscription")
def downgrade(user: Payer) -> Json:
    return {"newPriceId": user.subscribe("agency_monthly").api.price("standard_monthly")}


@scenario("POST /update-subscription")
def downgrade_in_place_of_another(user: Payer) -> Json:
    user.subscribe("agency_yearly").change("standard_monthly")
    return {"newPriceId": user.api.price("standard_yearly")}


@scenario("POST /cancel-subscription")
def cancellation(user: Payer) -> Json:
    user.subscribe()
    return {"reason": "too_expensive"}


@scenario("POST /cancel-subscription")
def cancellation_where_a_downgrade_was_planned(user: Payer) -> Json:
    user.subscribe("agency_monthly").change("standard_monthly")
    return {}


@scenario("POST /cancel-subscription")
def cancellation_where_a_change_waits_to_be_confirmed(user: Payer) -> Json:
    paying_with(user.subscribe(), "pm_card_authenticationRequired")
    user.change("agency_monthly")
    return {}


@scenario("POST /reactivate-subscription")
def reactivation(user: Payer) -> Json:
    user.subscribe().post("/cancel-subscription")
    return {}


@scenario("POST /create-setup-intent")
def first_set_up(user: Payer) -> Json:
    return {}


@scenario("POST /attach-payment-method")
def another_card(user: Payer) -> Json:
    return {"paymentMethodId": a_card(user.subscribe().api)}


@scenario("POST /attach-payment-method", 402)
def card_that_its_bank_refuses(user: Payer) -> Json:
    return {"paymentMethodId": a_card(user.subscribe().api, "4000000000000002")}


@scenario("POST /update-default-payment-method")
def another_default(user: Payer) -> Json:
    return {"paymentMethodId": user.subscribe().on_file()}


@scenario("POST /update-default-payment-method")
def another_default_where_a_downgrade_was_planned(user: Payer) -> Json:
    user.subscribe("agency_monthly").change("standard_monthly")
    return {"paymentMethodId": user.on_file()}


@scenario("POST /update-default-payment-method")
def default_that_pays_what_is_overdue(user: Payer) -> Json:
    user.subscribe().fall_behind()
    return {"paymentMethodId": user.on_file()}


@scenario("POST /update-default-payment-method", 402)
def default_that_is_declined_for_what_is_overdue(user: Payer) -> Json:
    user.subscribe().fall_behind()
    return {"paymentMethodId": user.on_file("pm_card_chargeCustomerFail")}


@scenario("POST /update-default-payment-method")
def default_that_must_confirm_what_is_overdue(user: Payer) -> Json:
    user.subscribe().fall_behind()
    return {"paymentMethodId": user.on_file("pm_card_authenticationRequired")}


@scenario("POST /detach-payment-method", again=404)
def card_off_file(user: Payer) -> Json:
    card = user.subscribe().on_file()
    user.attach(card)
    return {"paymentMethodId": card}


@scenario("POST /create-portal-session")
def first_portal_session(user: Payer) -> Json:
    return {}


class Rehearsal(NamedTuple):
    """What a scenario comes to where nothing goes wrong."""

    before: Snapshot
    given: Any
    calls: tuple[Call, ...]
    answer: ApiAnswer
    end: Json
    unlike: frozenset[str]


class Play:
    """One client with its request, which it may repeat, and the process that serves it."""

    def __init__(self, cloud: Cloud, scenario: Scenario, given: Any, key: str | None) -> None:
        self._cloud = cloud
        self._scenario = scenario
        self._given = given
        self._headers = {"Idempotency-Key": key} if key else {}
        self._api = cloud.api()

    def in_a_new_process(self, fates: Fates = lambda _call: None) -> "Play":
        self._api = self._cloud.api(fates)
        return self

    def ask(self, *, outlived: bool = True) -> ApiAnswer:
        """Send the request; a process that it doesn't outlive leaves its key to the next."""
        method, path = self._scenario.route.split()
        self._api.seconds_left = 29 if outlived else -1
        if method == "GET":
            path = re.sub("{.*}", self._given or "", path)
            return self._api.get(path, headers=self._headers)
        return self._api.post(path, {"userId": "user_1", **self._given}, headers=self._headers)

    def ask_until_it_is_answered(self, answer: ApiAnswer) -> ApiAnswer:
        """Try again, as a client does that got no answer, or half of one."""
        for _ in range(TRIES):
            if answer.status != 503 and not is_degraded(answer):
                break
            answer = self.ask()
            check_answer(self._scenario, answer)
        return answer


def rehearsals(cloud: Cloud, scenario: Scenario) -> Iterator[tuple[str | None, Rehearsal]]:
    """A scenario as it goes undisturbed, without and with a key."""
    for key in (None,) if scenario.route.startswith("GET") else (None, "key_1"):
        yield key, rehearsed(cloud, scenario, key)


_rehearsed: dict[tuple[Scenario, str | None], Rehearsal] = {}


def rehearsed(cloud: Cloud, scenario: Scenario, key: str | None) -> Rehearsal:
    """Prepare a scenario and play it once, for all tests."""
    known = _rehearsed.get((scenario, key))
    if known is None:
        cloud.reset()
        given = scenario.prepare(Payer(cloud.api()))
        before = cloud.snapshot()
        answer = Play(cloud, scenario, given, key).ask()
        assert answer.status == scenario.status, answer.text
        calls = tuple(cloud.line.calls)
        known = Rehearsal(before, given, calls, answer, held(cloud), unlike_stripe(cloud))
        _rehearsed[scenario, key] = known
    return known


# -- What came of it ------------------------------------------------------------------------------


def held(cloud: Cloud) -> Json:
    """What Stripe holds, told by what it is worth, whatever its ids are."""
    return {
        "customers": _count(cloud, "customer", lambda c: _last4(cloud, _default(c))),
        "cards": _count(cloud, "payment_method", _last4_if_attached),
        "charges": _count(cloud, "charge", lambda c: c["amount"] if c["paid"] else None),
        "invoices": _count(cloud, "invoice", _invoice),
        "subscriptions": _count(cloud, "subscription", lambda s: _subscription(cloud, s)),
        "schedules": _count(cloud, "subscription_schedule", _schedule),
        "sessions": _count(cloud, "checkout.session", _session),
    }


def _count(cloud: Cloud, kind: str, told: Callable[[Json], Any]) -> Counter[Any]:
    all_told = map(told, cloud.engine.world.store.newest_first(kind))
    return Counter(one for one in all_told if one is not None)


def _default(customer: Json) -> str | None:
    default: str | None = customer["invoice_settings"]["default_payment_method"]
    return default


def _last4(cloud: Cloud, method_id: str | None) -> str:
    method = cloud.engine.world.store.find(method_id) if method_id else None
    return method["card"]["last4"] if method else "none"


def _last4_if_attached(method: Json) -> str | None:
    return method["card"]["last4"] if method["customer"] else None


def _invoice(invoice: Json) -> Any:
    """One that was voided is none: each try of a change that isn't paid leaves one."""
    if invoice["status"] == "void":
        return None
    return invoice["status"], invoice["billing_reason"], invoice["total"], invoice["amount_paid"]


def _subscription(cloud: Cloud, subscription: Json) -> Any:
    (item,) = subscription["items"]["data"]
    return (
        subscription["status"],
        item["price"]["lookup_key"],
        item["quantity"],
        subscription["cancel_at_period_end"],
        subscription["pending_update"] is None,
        subscription["schedule"] is None,
        _last4(cloud, subscription["default_payment_method"]),
    )


def _schedule(schedule: Json) -> Any:
    if schedule["status"] != "active":
        return None
    return tuple(phase["items"][0]["price"] for phase in schedule["phases"])


def _session(session: Json) -> Any:
    """One in payment mode is opened anew each time, and nobody has the address of a lost one."""
    if session["status"] != "open" or session["mode"] == "payment":
        return None
    return session["mode"], session["amount_total"]


@cache
def documented(route: str) -> frozenset[int]:
    """The statuses that a client may expect."""
    method, path = route.split()
    told = json.loads(DOCUMENT.read_text())["paths"][path][method.lower()]["responses"]
    return frozenset(int(status) for status in told) - {500}


def is_degraded(answer: ApiAnswer) -> bool:
    return bool(answer.body.get("degraded"))


def check_answer(scenario: Scenario, answer: ApiAnswer) -> None:
    """What a client is told when something went wrong: what it asked for, or to try again."""
    assert answer.status in documented(scenario.route), answer.text
    assert answer.status in (scenario.status, 503), answer.text
    assert "req_" not in answer.text
    assert answer.status != 503 or answer.header("Retry-After")


def check_answer_is_the_same(answer: ApiAnswer, undisturbed: ApiAnswer) -> None:
    """But for ids and secrets."""
    assert answer.status == undisturbed.status, answer.text
    assert answer.body.keys() == undisturbed.body.keys()
    for said in ("status", "message", "detail", "degraded", "amountDueNow"):
        assert answer.body.get(said) == undisturbed.body.get(said)


def check_end(cloud: Cloud, rehearsal: Rehearsal) -> None:
    """As if nothing had happened."""
    assert held(cloud) == rehearsal.end
    assert unlike_stripe(cloud) <= rehearsal.unlike


# -- The matrix -----------------------------------------------------------------------------------


def test_every_route_is_played_or_does_without_stripe() -> None:
    routes = {f"{r.method} {r.openapi_path}" for r in app._static_routes + app._dynamic_routes}

    assert {scenario.route for scenario in SCENARIOS} == routes - WITHOUT_STRIPE


@pytest.mark.parametrize("route", sorted(WITHOUT_STRIPE))
def test_what_does_without_stripe_asks_it_nothing(cloud: Cloud, route: str) -> None:
    Payer(cloud.api())

    assert cloud.api().get(route.split()[1].replace("{userId}", "user_1")).status == 200
    assert not any(call.of_stripe for call in cloud.line.calls)


@pytest.mark.parametrize(
    ("scenario", "trouble"),
    [
        pytest.param(scenario, trouble, id=f"{scenario}-{trouble}")
        for scenario in SCENARIOS
        for trouble in (READ_TROUBLES if scenario.looks else WRITE_TROUBLES)
    ],
)
def test_trouble_at_stripe_is_gone_when_the_client_tries_again(
    cloud: Cloud, scenario: Scenario, trouble: Trouble
) -> None:
    for key, rehearsal in rehearsals(cloud, scenario):
        befallen = [call for call in rehearsal.calls if trouble.befalls(call)]
        assert befallen
        for call in befallen:
            with naming(f"{scenario.route}: {trouble} at {call}, key {key}"):
                cloud.restore(rehearsal.before)
                play = Play(cloud, scenario, rehearsal.given, key)
                answer = play.in_a_new_process({call: trouble}.get).ask()
                check_answer(scenario, answer)
                if trouble.kind == "rate_limit" and answer.status == 503:
                    assert answer.header("Retry-After") == str(RETRY_AFTER)
                answer = play.ask_until_it_is_answered(answer)
                check_answer_is_the_same(answer, rehearsal.answer)
                check_end(cloud, rehearsal)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_request_that_died_anywhere_is_carried_on_when_the_client_tries_again(
    cloud: Cloud, scenario: Scenario
) -> None:
    *_, (key, rehearsal) = rehearsals(cloud, scenario)  # the one with a key makes all the calls
    for call in rehearsal.calls:
        with naming(f"{scenario.route}: died after {call}, key {key}"):
            cloud.restore(rehearsal.before)
            play = Play(cloud, scenario, rehearsal.given, key)
            with pytest.raises(Died):
                play.in_a_new_process({call: DEATH}.get).ask(outlived=False)
            answer = play.in_a_new_process().ask()
            if answer.status == scenario.status:
                check_answer_is_the_same(answer, rehearsal.answer)
            else:
                assert answer.status == scenario.again
            check_end(cloud, rehearsal)


@contextmanager
def naming(what: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        error.add_note(what)
        raise

"""What a history is made of: what customers, staff, banks, time and our own operators do.

An action is plain data and says all that it does. What it acts on is found when it happens; where
there is nothing to act on, or Stripe refuses, nothing happens. So any part of a history is one too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from billing.domain.record import CheckoutRequest
from local.stripe_simulator.resources.payments import disputes, payment_methods, refunds
from local.stripe_simulator.resources.payments.card_balances import set_card
from tests.simulation.truth import Refused
from tests.simulation.world import Person, World

Json = dict[str, Any]

MINUTE, HOUR, DAY = 60, 3600, 86400
OPEN = ("incomplete", "trialing", "active", "past_due", "unpaid", "paused")
SUCCESS = "https://app.test/done"


@dataclass(frozen=True)
class Action:
    """Something that somebody does."""

    def do(self, world: World) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class PersonalAction(Action):
    who: int

    def person(self, world: World) -> Person:
        return world.people[self.who]

    def subscription(self, world: World) -> Json:
        """Their newest subscription that hasn't ended."""
        return _newest(world, self.person(world), "subscription", *OPEN)

    def change(self, world: World, **params: Any) -> None:
        world.stripe.ask("POST", f"/v1/subscriptions/{self.subscription(world)['id']}", **params)


# -- Customers come in


@dataclass(frozen=True)
class Register(PersonalAction):
    """They become a customer at Stripe, with a card on file.

    ``knowing``: how we learn whose customer it is: our own metadata, or the users table of before
    our time, or not at all. ``on_clock``: their time is a test clock's, which stands still.
    """

    card: str = "pm_card_visa"
    knowing: Literal["metadata", "users_table", "nothing"] = "metadata"
    on_clock: bool = False

    def do(self, world: World) -> None:
        person = self.person(world)
        if person.customer is not None:
            return
        named = {"user_id": person.user_id} if self.knowing == "metadata" else {}
        customer = world.stripe.ask(
            "POST",
            "/v1/customers",
            email=person.email,
            metadata=named,
            test_clock=_clock(world) if self.on_clock else None,
        )
        world.made_by_others.add(customer["id"])
        person.customers.append(customer["id"])
        if self.knowing == "users_table" and world.item("USERS_TABLE", person.email):
            world.add_user(person, stripe_customer_id=customer["id"])
        _give_card(world, customer["id"], self.card)


@dataclass(frozen=True)
class Subscribe(PersonalAction):
    """Staff, or another system, subscribe them by Stripe's API; perhaps a second time."""

    plan: str = "standard_monthly"
    quantity: int = 1
    trial_days: int | None = None
    behavior: str | None = None
    classic: bool = False
    named: bool = True

    def do(self, world: World) -> None:
        person = self.person(world)
        metadata = {"user_id": person.user_id} if self.named else {}
        world.stripe.ask(
            "POST",
            "/v1/subscriptions",
            customer=_customer(person),
            items=[{"price": world.stripe.price(self.plan), "quantity": self.quantity}],
            trial_period_days=self.trial_days,
            payment_behavior=self.behavior,
            billing_mode={"type": "classic"} if self.classic else None,
            metadata=metadata,
        )


@dataclass(frozen=True)
class CheckOut(PersonalAction):
    """They buy on Stripe's page, in a session that some frontend made; ``pay`` None: they don't."""

    product: str = "standard_monthly"
    pay: str | None = "pm_card_visa"
    trial_days: int | None = None
    as_known: bool = True

    def do(self, world: World) -> None:
        person = self.person(world)
        mode = "payment" if self.product == "self_hosted" else "subscription"
        metadata = {"user_id": person.user_id}
        data: Json = {"metadata": metadata}
        if self.trial_days:
            data["trial_period_days"] = self.trial_days
        known = self.as_known and person.customer is not None
        session = world.stripe.ask(
            "POST",
            "/v1/checkout/sessions",
            mode=mode,
            client_reference_id=person.user_id,
            metadata=metadata,
            customer=person.customer if known else None,
            customer_creation="always" if mode == "payment" and not known else None,
            line_items=[{"price": world.stripe.price(self.product), "quantity": 1}],
            subscription_data=data if mode == "subscription" else None,
            allowed_payment_method_types=["card", "us_bank_account"] if mode == "payment" else None,
            success_url=SUCCESS,
        )
        if self.pay is not None:
            _pay(world, person, session["id"], self.pay)


@dataclass(frozen=True)
class StartCheckout(PersonalAction):
    """They ask our API for a checkout; they pay ``after`` so many seconds, and may come back."""

    plan: str = "standard_monthly"
    pay: str | None = "pm_card_visa"
    after: float = 30.0
    returns: bool = True
    times: int = 1  # so often do they press the button

    def do(self, world: World) -> None:
        for _ in range(self.times):
            self._ask(world)

    def _ask(self, world: World) -> None:
        person, price = self.person(world), world.stripe.price(self.plan)

        def start() -> Any:
            user = world.ports.users.find(person.user_id)
            if user is None:
                return None
            return world.checkout.start(user, CheckoutRequest(price_id=price), "usd")

        def started(session: Any) -> None:
            if session is None:
                return
            if session.customer not in person.customers:
                person.customers.append(session.customer)
            if self.pay is not None:
                world.kernel.after(self.after, lambda: self._pay(world, session.id))

        world.request(start, started)

    def _pay(self, world: World, session_id: str) -> None:
        assert self.pay is not None
        _quietly(lambda: _pay(world, self.person(world), session_id, str(self.pay)))
        if self.returns:
            world.request(lambda: self._return(world, session_id), lambda _: None)

    def _return(self, world: World, session_id: str) -> None:
        session = world.ports.stripe.checkout_session(session_id)
        if session.status == "complete":
            world.checkout.complete(self.person(world).user_id, session)


@dataclass(frozen=True)
class Appear(PersonalAction):
    """Their user is made only now, after Stripe may have told of them."""

    def do(self, world: World) -> None:
        person = self.person(world)
        if not world.item("USERS_TABLE", person.email):
            world.add_user(person)


# -- Subscriptions change


@dataclass(frozen=True)
class ChangePlan(PersonalAction):
    """To another plan or quantity, at once; by staff, the portal or our own API."""

    plan: str
    quantity: int = 1
    proration: str = "create_prorations"
    behavior: str | None = None

    def do(self, world: World) -> None:
        item = self.subscription(world)["items"]["data"][0]["id"]
        price = world.stripe.price(self.plan)
        self.change(
            world,
            items=[{"id": item, "price": price, "quantity": self.quantity}],
            proration_behavior=self.proration,
            payment_behavior=self.behavior,
        )


@dataclass(frozen=True)
class ChangeQuantity(PersonalAction):
    """More or fewer seats of what they have, by its item."""

    quantity: int
    proration: str = "create_prorations"

    def do(self, world: World) -> None:
        item = self.subscription(world)["items"]["data"][0]["id"]
        world.stripe.ask(
            "POST",
            f"/v1/subscription_items/{item}",
            quantity=self.quantity,
            proration_behavior=self.proration,
        )


@dataclass(frozen=True)
class ScheduleDowngrade(PersonalAction):
    """To another plan when the period ends."""

    plan: str

    def do(self, world: World) -> None:
        subscription = self.subscription(world)
        schedule = world.stripe.ask(
            "POST", "/v1/subscription_schedules", from_subscription=subscription["id"]
        )
        phase = schedule["phases"][0]
        now = {
            "items": [{"price": i["price"], "quantity": i["quantity"]} for i in phase["items"]],
            "start_date": phase["start_date"],
            "end_date": phase["end_date"],
        }
        later = {
            "items": [{"price": world.stripe.price(self.plan), "quantity": 1}],
            "duration": {"interval": "month", "interval_count": 1},
        }
        world.stripe.ask(
            "POST", f"/v1/subscription_schedules/{schedule['id']}", phases=[now, later]
        )


@dataclass(frozen=True)
class ReleaseSchedule(PersonalAction):
    def do(self, world: World) -> None:
        schedule = self.subscription(world)["schedule"]
        if schedule:
            world.stripe.ask("POST", f"/v1/subscription_schedules/{schedule}/release")


@dataclass(frozen=True)
class Cancel(PersonalAction):
    how: Literal["at_period_end", "at", "now", "undo", "undo_at"]

    def do(self, world: World) -> None:
        subscription = self.subscription(world)
        match self.how:
            case "at_period_end":
                self.change(world, cancel_at_period_end=True)
            case "at":
                self.change(world, cancel_at=int(world.kernel.now) + 9 * DAY)
            case "undo":
                self.change(world, cancel_at_period_end=False)
            case "undo_at":
                self.change(world, cancel_at="")
            case "now":
                world.stripe.ask("DELETE", f"/v1/subscriptions/{subscription['id']}")


# -- In the customer portal, which offers what the account's configuration allows


@dataclass(frozen=True)
class ChangePlanInPortal(PersonalAction):
    plan: str
    quantity: int = 1

    def do(self, world: World) -> None:
        given = {"price": world.stripe.price(self.plan), "quantity": str(self.quantity)}
        with world.stripe.portal(_customer(self.person(world))) as portal:
            subscription = portal.subscription(self.subscription(world)["id"])
            if subscription is None or not portal.can_update(subscription):
                raise Refused("not on offer")
            portal.change(subscription, portal.chosen(subscription, given))


@dataclass(frozen=True)
class CancelInPortal(PersonalAction):
    """At the end of the period, and why; or they think better of it."""

    undo: bool = False

    def do(self, world: World) -> None:
        with world.stripe.portal(_customer(self.person(world))) as portal:
            subscription = self.subscription(world)
            if self.undo:
                portal.keep(subscription)
            else:
                portal.cancel(subscription, "too_expensive", "Perhaps another time.")


@dataclass(frozen=True)
class ChangeCardInPortal(PersonalAction):
    """Another card, for the customer and for subscriptions that have one of their own."""

    number: str = "5555555555554444"

    def do(self, world: World) -> None:
        card = {"number": self.number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
        with world.stripe.portal(_customer(self.person(world))) as portal:
            portal.add_card({"type": "card", "card": card}, SUCCESS)


@dataclass(frozen=True)
class PauseCollection(PersonalAction):
    behavior: str  # "" ends it

    def do(self, world: World) -> None:
        self.change(world, pause_collection={"behavior": self.behavior} if self.behavior else "")


@dataclass(frozen=True)
class Pause(PersonalAction):
    resume: bool = False

    def do(self, world: World) -> None:
        subscription = self.subscription(world)
        verb = "resume" if self.resume else "pause"
        world.stripe.ask("POST", f"/v1/subscriptions/{subscription['id']}/{verb}")


@dataclass(frozen=True)
class EndTrial(PersonalAction):
    def do(self, world: World) -> None:
        self.change(world, trial_end="now")


@dataclass(frozen=True)
class Rename(PersonalAction):
    """A change that nobody needs to hear of."""

    def do(self, world: World) -> None:
        world.stripe.ask(
            "POST", f"/v1/customers/{_customer(self.person(world))}", name=f"N{world.kernel.now}"
        )


# -- Money


@dataclass(frozen=True)
class Behave(PersonalAction):
    """Their cards decline from now on, or are good again."""

    declines: str | None = "generic_decline"

    def do(self, world: World) -> None:
        customer = _customer(self.person(world))
        for method in world.stripe.all("payment_method", customer=customer):
            with world.stripe.by_hand(method["id"]) as account:
                set_card(account, method["id"], declines=self.declines)


@dataclass(frozen=True)
class PayInvoice(PersonalAction):
    """An open invoice of theirs is paid, voided or given up by hand."""

    verb: Literal["pay", "void", "mark_uncollectible"] = "pay"

    def do(self, world: World) -> None:
        invoice = _newest(world, self.person(world), "invoice", "open", "uncollectible")
        world.stripe.ask("POST", f"/v1/invoices/{invoice['id']}/{self.verb}")


@dataclass(frozen=True)
class BillByHand(PersonalAction):
    """Staff write an invoice of their own, which no subscription has to do with."""

    def do(self, world: World) -> None:
        customer = _customer(self.person(world))
        world.stripe.ask("POST", "/v1/invoiceitems", customer=customer, currency="usd", amount=4000)
        invoice = world.stripe.ask("POST", "/v1/invoices", customer=customer, auto_advance=True)
        world.stripe.ask("POST", f"/v1/invoices/{invoice['id']}/finalize")


@dataclass(frozen=True)
class FailFinalization(PersonalAction):
    """Stripe can't finalize a draft of theirs (no tax for where they live) until it is mended."""

    def do(self, world: World) -> None:
        draft = _newest(world, self.person(world), "invoice", "draft")
        error = {"type": "invalid_request_error", "code": "customer_tax_location_invalid"}
        with world.stripe.by_hand(draft["id"]) as account:
            failed = account.store.update(draft, auto_advance=False, last_finalization_error=error)
            account.emit("invoice.finalization_failed", failed)


@dataclass(frozen=True)
class Finalize(PersonalAction):
    """Staff finalize a draft of theirs, which is collected then."""

    def do(self, world: World) -> None:
        draft = _newest(world, self.person(world), "invoice", "draft")
        path = f"/v1/invoices/{draft['id']}/finalize"
        world.stripe.ask("POST", path, auto_advance=True)


@dataclass(frozen=True)
class Authenticate(PersonalAction):
    """They answer their bank's 3D Secure question."""

    well: bool = True

    def do(self, world: World) -> None:
        intent = _newest(world, self.person(world), "payment_intent", "requires_action")
        outcome = "completed" if self.well else "failed"
        world.stripe.ask("POST", f"/v1/3ds2/{intent['id']}/authenticate", outcome=outcome)


@dataclass(frozen=True)
class Refund(PersonalAction):
    amount: int | None = None
    fails: bool = False

    def do(self, world: World) -> None:
        charge = _charge(world, self.person(world))
        refund = world.stripe.ask("POST", "/v1/refunds", charge=charge["id"], amount=self.amount)
        if self.fails:
            with world.stripe.by_hand(refund["id"]) as account:
                refunds.settle_due(account, refund["id"])


@dataclass(frozen=True)
class Dispute(PersonalAction):
    inquiry: bool = False

    def do(self, world: World) -> None:
        charge = _charge(world, self.person(world))
        with world.stripe.by_hand(charge["id"]) as account:
            disputes.open_on(account, charge["id"], inquiry=self.inquiry)


@dataclass(frozen=True)
class AnswerDispute(PersonalAction):
    wins: bool

    def do(self, world: World) -> None:
        charge = _charge(world, self.person(world))
        for dispute in world.stripe.all("dispute", charge=charge["id"]):
            evidence = "winning_evidence" if self.wins else "losing_evidence"
            path = f"/v1/disputes/{dispute['id']}"
            world.stripe.ask("POST", path, evidence={"uncategorized_text": evidence}, submit=True)


# -- Payment methods


@dataclass(frozen=True)
class AttachCard(PersonalAction):
    card: str
    default: bool = True

    def do(self, world: World) -> None:
        customer = _customer(self.person(world))
        if self.default:
            _give_card(world, customer, self.card)
        else:
            path = f"/v1/payment_methods/{self.card}/attach"
            world.stripe.ask("POST", path, customer=customer)


@dataclass(frozen=True)
class DetachCard(PersonalAction):
    def do(self, world: World) -> None:
        methods = world.stripe.all("payment_method", customer=_customer(self.person(world)))
        if methods:
            world.stripe.ask("POST", f"/v1/payment_methods/{methods[0]['id']}/detach")


@dataclass(frozen=True)
class RenewCard(PersonalAction):
    """The bank issues another card in place of the one on file."""

    year: int = 2035

    def do(self, world: World) -> None:
        for method in world.stripe.all("payment_method", customer=_customer(self.person(world))):
            with world.stripe.by_hand(method["id"]) as account:
                payment_methods.auto_update(account, method["id"], 3, self.year)


@dataclass(frozen=True)
class PayBySubscriptionsOwnCard(PersonalAction):
    """The subscription gets a default payment method of its own."""

    def do(self, world: World) -> None:
        methods = world.stripe.all("payment_method", customer=_customer(self.person(world)))
        if methods:
            self.change(world, default_payment_method=methods[-1]["id"])


@dataclass(frozen=True)
class DeleteCustomer(PersonalAction):
    """Staff delete the customer; the person may come back as another one."""

    def do(self, world: World) -> None:
        person = self.person(world)
        customer = _customer(person)
        world.stripe.ask("DELETE", f"/v1/customers/{customer}")
        person.customers.append("")


# -- Time, and operators


@dataclass(frozen=True)
class Wait(Action):
    seconds: float

    def do(self, world: World) -> None:
        world.run_until(world.kernel.now + self.seconds)


@dataclass(frozen=True)
class WaitForRenewal(PersonalAction):
    """Until a minute after their period's end: the next period's invoice is a draft for an hour."""

    def do(self, world: World) -> None:
        end = self.subscription(world)["items"]["data"][0]["current_period_end"]
        world.run_until(end + MINUTE)


@dataclass(frozen=True)
class AdvanceClock(PersonalAction):
    """Their test clock goes on by so much; nobody else's time does."""

    seconds: int

    def do(self, world: World) -> None:
        customer = world.stripe.find(_customer(self.person(world))) or {}
        clock = world.stripe.find(customer.get("test_clock"))
        if clock is None:
            raise Refused("no test clock")
        path = f"/v1/test_helpers/test_clocks/{clock['id']}/advance"
        world.stripe.ask("POST", path, frozen_time=clock["frozen_time"] + self.seconds)


@dataclass(frozen=True)
class StripeGoesDown(Action):
    """Stripe's API answers nobody of us for a while; its customers don't notice."""

    seconds: float

    def do(self, world: World) -> None:
        world.stripe_down_until = world.kernel.now + self.seconds


@dataclass(frozen=True)
class Redrive(Action):
    """An operator redrives what failed."""

    def do(self, world: World) -> None:
        for run in world.cloud.failed_runs():
            world.cloud.redrive(run)


@dataclass(frozen=True)
class RedriveDeadLetters(Action):
    def do(self, world: World) -> None:
        for number, letter in enumerate(list(world.cloud.dead_letters)):
            world.cloud.redrive_dead_letter(letter, f"{world.doing} letter {number}")


@dataclass(frozen=True)
class Reconcile(Action):
    """The nightly reconciliation, or an operator's for one person."""

    who: int | None = None

    def do(self, world: World) -> None:
        asked = {"scope": "all"}
        if self.who is not None:
            asked = {"scope": "user", "user_id": world.people[self.who].user_id}
        world.cloud.start("reconcile", asked, f"{world.doing} reconcile")


@dataclass(frozen=True)
class Replay(Action):
    """An operator has some of the events of so long ago delivered again."""

    share: float
    seconds: float = 30 * DAY

    def do(self, world: World) -> None:
        since = world.kernel.now - self.seconds
        events = [event for event in world.sent if event["created"] >= since]
        chosen = events[:: max(1, round(1 / self.share))]
        for number, event in enumerate(chosen):
            world.replay(event, f"{world.doing} replay {number}")


@dataclass(frozen=True)
class ChangePolicy(Action):
    """Another deployment, with another grace period or another view of paused collection."""

    variable: str
    value: str
    VARIABLES: ClassVar = ("GRACE_PERIOD_DAYS", "PAUSED_COLLECTION_ACCESS")

    def do(self, world: World) -> None:
        world.deploy(**{self.variable: self.value})


# -- What they share


def _quietly(act: Callable[[], object]) -> None:
    with suppress(Refused):
        act()


def _customer(person: Person) -> str:
    if not person.customer:
        raise Refused("no customer")
    return person.customer


def _newest(world: World, person: Person, kind: str, *statuses: str) -> Json:
    """The newest object of a kind that is theirs and has one of these statuses."""
    found = world.stripe.all(kind, customer=_customer(person))
    fitting = [each for each in found if each["status"] in statuses]
    if not fitting:
        raise Refused(f"no such {kind}")
    return fitting[-1]


def _charge(world: World, person: Person) -> Json:
    """Their newest charge that took money: a purchase's, rather."""
    bought = _newest(world, person, "charge", "succeeded")
    for session in reversed(world.stripe.all("checkout.session", customer=_customer(person))):
        intent = session["payment_intent"]
        if intent:
            for charge in world.stripe.all("charge", payment_intent=intent):
                if charge["status"] == "succeeded":
                    return charge
    return bought


def _clock(world: World) -> str:
    now = int(world.kernel.now)
    return str(world.stripe.ask("POST", "/v1/test_helpers/test_clocks", frozen_time=now)["id"])


def _give_card(world: World, customer: str, card: str) -> None:
    method = world.stripe.ask("POST", f"/v1/payment_methods/{card}/attach", customer=customer)
    world.stripe.ask(
        "POST",
        f"/v1/customers/{customer}",
        invoice_settings={"default_payment_method": method["id"]},
    )


def _pay(world: World, person: Person, session_id: str, card: str) -> None:
    """Pay on Stripe's page; what becomes their customer there is theirs."""
    path = f"/v1/payment_pages/{session_id}/confirm"
    paid = world.stripe.ask("POST", path, payment_method=card, email=person.email)
    if paid["customer"] and paid["customer"] not in person.customers:
        person.customers.append(paid["customer"])

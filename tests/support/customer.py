"""A customer of the deployed stack, on a test clock of its own at Stripe.

What is done to it is done at Stripe, as its dashboard, its pages and the bank would; ``settled``
then waits for all that Stripe tells of it, and holds the record to what Stripe has.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.support.deployed import Deployed, Facts, Json
from tests.support.stripe_truth import access_by_stripe, at_stripe, on_record
from tests.support.waiting import eventually

DAY = 86_400


class Customer:
    """Somebody whom the SaaS knows as a customer, with a card on file and nothing bought yet."""

    def __init__(self, deployed: Deployed, facts: Facts, *, since: int | None = None) -> None:
        self.deployed = deployed
        self._facts = facts
        self._heard = 0
        self.began_after = deployed.newest_event()
        clock = self.post("/v1/test_helpers/test_clocks", frozen_time=since or int(time.time()))
        self.clock_id: str = clock["id"]
        self.time: int = clock["frozen_time"]
        made = self.post("/v1/customers", test_clock=self.clock_id)
        self.id: str = made["id"]
        self.user_id = self._user()
        self.card_id = self.attach("pm_card_visa")

    def _user(self) -> str:
        return self.deployed.add_user(self.id)

    # -- What happens at Stripe -------------------------------------------------------------------

    def post(self, path: str, **params: Any) -> Json:
        return self.deployed.ask("post", path, **params)

    def attach(self, method: str) -> str:
        """Put a payment method on file, as the default."""
        attached = self.post(f"/v1/payment_methods/{method}/attach", customer=self.id)
        method_id: str = attached["id"]
        self.prefer(method_id)
        return method_id

    def prefer(self, method_id: str) -> None:
        """Make a payment method the default."""
        settings = {"default_payment_method": method_id}
        self.post(f"/v1/customers/{self.id}", invoice_settings=settings)

    def subscribe(self, plan: str = "standard_monthly", **fields: Any) -> Json:
        return self.post(
            "/v1/subscriptions", customer=self.id, items=[{"price": self.price(plan)}], **fields
        )

    @property
    def subscription(self) -> Json:
        """The newest one."""
        listed = self.deployed.ask("get", "/v1/subscriptions", customer=self.id, status="all")
        newest: Json = listed["data"][0]
        return newest

    def change(self, **fields: Any) -> Json:
        return self.post(f"/v1/subscriptions/{self.subscription['id']}", **fields)

    def switch_to(self, plan: str, **fields: Any) -> Json:
        item = self.subscription["items"]["data"][0]["id"]
        return self.change(items=[{"id": item, "price": self.price(plan)}], **fields)

    def price(self, plan: str) -> str:
        return self.deployed.stack.prices[plan]

    def period_end(self) -> int:
        end: int = self.subscription["items"]["data"][0]["current_period_end"]
        return end

    def advance_to(self, moment: int) -> None:
        """Let time pass for this customer."""
        path = f"/v1/test_helpers/test_clocks/{self.clock_id}"
        self.post(f"{path}/advance", frozen_time=moment)
        eventually(lambda: self.deployed.ask("get", path)["status"] == "ready", "the clock")
        self.time = moment

    def renew(self) -> None:
        """Let time pass until the renewal is paid, or was tried to be."""
        self.advance_to(self.period_end() + 2 * 3600)

    def card_declines(self, code: str | None) -> None:
        """Let the card on file be declined from now on, or work again."""
        behaviour = {"declines": code} if code else {}
        self.deployed.control("POST", f"/payment_methods/{self.card_id}", behaviour)

    def pay_latest_invoice(self) -> None:
        self.post(f"/v1/invoices/{self.subscription['latest_invoice']}/pay")

    def check_out(self, plan: str = "standard_monthly", **asked: Any) -> None:
        """Subscribe as a user does: by our API, and then on Stripe's page."""
        body = {"priceId": self.price(plan), "userId": self.user_id, "metadata": {}, **asked}
        session = self.deployed.ask_api("POST", "/create-checkout-session", body)
        self._pay_session(session["sessionId"], self.card_id)

    def buy(self, method: str = "pm_card_visa") -> str:
        """Buy something once by Checkout; give the payment intent."""
        paid = self._pay_session(self.offer()["id"], method)
        intent: str = paid["payment_intent"]
        return intent

    def offer(self) -> Json:
        """Open Stripe's page for something that is bought once."""
        return self.post(
            "/v1/checkout/sessions",
            customer=self.id,
            mode="payment",
            line_items=[{"price": self.price("self_hosted"), "quantity": 1}],
            success_url="https://app.example.com/billing",
            allowed_payment_method_types=["card", "us_bank_account"],
        )

    def _pay_session(self, session_id: str, method: str) -> Json:
        return self.post(f"/v1/payment_pages/{session_id}/confirm", payment_method=method)

    def charge_of(self, intent: str) -> str:
        charge: str = self.deployed.ask("get", f"/v1/payment_intents/{intent}")["latest_charge"]
        return charge

    # -- What becomes of it -----------------------------------------------------------------------

    @property
    def record(self) -> Json:
        return self.deployed.record(self.user_id)

    @property
    def access(self) -> str:
        level: str = self.dashboard["access"]["level"]
        return level

    @property
    def dashboard(self) -> Json:
        return self.deployed.ask_api("GET", f"/dashboard/{self.user_id}")

    def entries(self) -> list[Json]:
        """The ledger's entries of all that Stripe has told, once each has ended well."""
        return self.deployed.all_ended(self.deployed.events_since(self.began_after))

    def settled(self) -> list[str]:
        """Wait for what Stripe tells, hold the record to it, and name the facts that are new."""
        self.entries()
        self.hold_to_stripe()
        told = self.told_once()
        news = sorted(fact["detail-type"] for fact in told[self._heard :])
        self._heard = len(told)
        return news

    def hold_to_stripe(self) -> None:
        """Hold the record, and the access that follows from it, to what Stripe has."""
        ask = self.deployed.ask
        recorded, truth = on_record(self.record), at_stripe(ask, self.id)
        wrong = {
            part: (recorded[part], truth[part]) for part in truth if recorded[part] != truth[part]
        }
        assert not wrong, f"on record, at Stripe: {wrong}"
        assert self.access == access_by_stripe(ask, self.id, int(time.time()))

    def told_once(self) -> list[Json]:
        """Wait until the bus has carried what was committed, each fact once; give the facts."""
        committed = sorted(self.deployed.committed_facts(self.user_id))
        eventually(lambda: len(self.facts()) >= len(committed), f"{committed} on the bus")
        told = self.facts()
        ids = sorted(fact["detail"]["id"] for fact in told)
        assert ids == committed, f"the bus carried {ids}, committed were {committed}"
        return told

    def facts(self) -> list[Json]:
        """What the bus has carried of this user: once what it carried twice, under one id."""
        return list({fact["detail"]["id"]: fact for fact in self._facts.of(self.user_id)}.values())


#: Makes a customer; ``since`` is when their time begins.
NewCustomer = Callable[..., Customer]


def declined() -> Any:
    """Expect Stripe to decline."""
    return pytest.raises(stripe.CardError)

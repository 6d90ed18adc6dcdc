"""A subscriber with payment methods, and what is charged to them when time passes."""

from dataclasses import replace
from typing import Any

from tests.support.api import Api, ApiAnswer
from tests.support.subscriber import Json, Subscriber

DAY = 86_400
HOUR = 3_600
#: A month and the hour for which Stripe leaves a renewal's invoice a draft.
MONTH = 31 * DAY + 2 * HOUR


class Payer(Subscriber):
    """One user, what they do with their payment methods, and what Stripe has of it."""

    def subscribe(self, lookup_key: str = "standard_monthly", **body: Any) -> "Payer":
        super().subscribe(lookup_key, **body)
        return self

    def set_up(self) -> ApiAnswer:
        return self.post("/create-setup-intent")

    def attach(self, method_id: str) -> ApiAnswer:
        return self.post("/attach-payment-method", paymentMethodId=method_id)

    def make_default(self, method_id: str) -> ApiAnswer:
        return self.post("/update-default-payment-method", paymentMethodId=method_id)

    def detach(self, method_id: str) -> ApiAnswer:
        return self.post("/detach-payment-method", paymentMethodId=method_id)

    # -- At Stripe ------------------------------------------------------------------------------

    def on_file(self, card: str = "pm_card_mastercard") -> str:
        """Another payment method of theirs, put on file without our code."""
        attach = f"/v1/payment_methods/{card}/attach"
        method_id: str = self.api.at_stripe("POST", attach, {"customer": self.customer_id})["id"]
        return method_id

    def default(self) -> str | None:
        """Their default payment method."""
        customer = self.api.at_stripe("GET", f"/v1/customers/{self.customer_id}")
        method_id: str | None = customer["invoice_settings"]["default_payment_method"]
        return method_id

    def charged(self) -> list[str]:
        """The payment methods of all charges that succeeded, in order."""
        params = {"customer": self.customer_id, "limit": 100}
        listed = self.api.at_stripe("GET", "/v1/charges", params)
        paid = [charge for charge in listed["data"] if charge["status"] == "succeeded"]
        return [charge["payment_method"] for charge in reversed(paid)]

    def owner_of(self, method_id: str) -> str | None:
        found = self.api.at_stripe("GET", f"/v1/payment_methods/{method_id}")
        owner: str | None = found["customer"]
        return owner

    def plan_ahead(self, **phase: Any) -> Json:
        """Plan the agency plan for the next period, as staff do, with a schedule."""
        path = "/v1/subscription_schedules"
        made = self.api.at_stripe("POST", path, {"from_subscription": self.subscription["id"]})
        current = made["phases"][0]
        kept = {
            "items": {"0": {"price": current["items"][0]["price"], "quantity": 1}},
            "start_date": current["start_date"],
            "end_date": current["end_date"],
        }
        following = {"items": {"0": {"price": self.api.price("agency_monthly")}}, **phase}
        params = {"phases": {"0": kept, "1": following}}
        return self.api.at_stripe("POST", f"{path}/{made['id']}", params)

    # -- Time -----------------------------------------------------------------------------------

    def pass_time(self, seconds: int) -> None:
        """Let Stripe do what falls due meanwhile."""
        self.api.ports.clock.advance(seconds)
        self.api.ports.engine.run_due()

    def fall_behind(self, card: str = "pm_card_chargeCustomerFail") -> "Payer":
        """Have a renewal fail, and the record know."""
        self.pay_with(card)
        renewal = self.subscription["items"]["data"][0]["current_period_end"]
        self.pass_time(renewal - self.api.ports.now() + 2 * HOUR)
        self.api.ports.reducer.sync_customer(self.user_id, self.customer_id)
        assert self.subscription["status"] == "past_due"
        assert self.level == "grace"
        return self

    def fall_out(self) -> "Payer":
        """Have all tries to collect a renewal fail, where the account leaves it unpaid then."""
        world = self.api.ports.engine.world
        world.settings = replace(world.settings, after_last_retry="mark_unpaid")
        self.fall_behind()
        for _ in range(15):
            self.pass_time(DAY)
        self.api.ports.reducer.sync_customer(self.user_id, self.customer_id)
        assert self.subscription["status"] == "unpaid"
        return self

    @property
    def level(self) -> str:
        level: str = self.api.get(f"/access/{self.user_id}", self.user_id).body["level"]
        return level


def a_card(api: Api, number: str = "5555555555554444") -> str:
    """A card that nobody has yet, as Stripe.js makes one."""
    card = {"number": number, "exp_month": 12, "exp_year": 2040}
    method_id: str = api.at_stripe("POST", "/v1/payment_methods", {"type": "card", "card": card})[
        "id"
    ]
    return method_id

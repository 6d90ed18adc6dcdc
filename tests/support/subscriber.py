"""A user with a subscription, as the API's unit tests need one: bought, paid, and in the record."""

from typing import Any

from billing.applying import recorded
from billing.contracts.routing import ROUTED_TYPES, is_routed
from billing.contracts.steps import LifecycleInput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.record import Record
from tests.support.api import Api, ApiAnswer
from tests.support.aws import add_user

Json = dict[str, Any]

_ROUTED = {type_ for group in ROUTED_TYPES for type_ in group}


class Subscriber:
    """One user and what Stripe has of them."""

    def __init__(self, api: Api, user_id: str = "user_1") -> None:
        self.api = api
        self.user_id = user_id
        self._heard: set[str] = set()
        add_user(user_id)

    def subscribe(self, lookup_key: str = "standard_monthly", **body: Any) -> "Subscriber":
        """Buy a plan on Stripe's page, and come back."""
        wanted = {"priceId": self.api.price(lookup_key), "userId": self.user_id, **body}
        started = self.api.post("/create-checkout-session", wanted, self.user_id)
        assert started.status == 200, started.text
        self.api.pay(started.body["sessionId"])
        back = self.api.get(f"/checkout-session/{started.body['sessionId']}", self.user_id)
        assert back.status == 200, back.text
        return self

    def post(self, path: str, **body: Any) -> ApiAnswer:
        return self.api.post(path, {"userId": self.user_id, **body}, self.user_id)

    def change(self, lookup_key: str, **body: Any) -> ApiAnswer:
        return self.post("/update-subscription", newPriceId=self.api.price(lookup_key), **body)

    def preview(self, lookup_key: str, **body: Any) -> ApiAnswer:
        price = self.api.price(lookup_key)
        return self.post("/preview-subscription-change", newPriceId=price, **body)

    # -- What happens besides -------------------------------------------------------------------

    def wait(self, seconds: int) -> None:
        """Let time pass, here and at Stripe."""
        self.api.ports.clock.advance(seconds)
        self.api.ports.engine.run_due()

    def wait_for_renewal(self) -> None:
        """Let the period end, and the hour for which Stripe leaves the invoice a draft."""
        item = self.subscription["items"]["data"][0]
        self.wait(item["current_period_end"] - self.api.ports.now())
        self.wait(3_700)

    def confirm(self, client_secret: str, outcome: str = "completed") -> None:
        """Answer the bank's question, as in the customer's browser."""
        intent = client_secret.split("_secret_", maxsplit=1)[0]
        self.api.at_stripe("POST", f"/v1/3ds2/{intent}/authenticate", {"outcome": outcome})

    def staff_set(self, **params: Any) -> None:
        """Change the subscription, as staff do in Stripe's dashboard."""
        self.api.at_stripe("POST", f"/v1/subscriptions/{self.subscription['id']}", params)

    def discount(self, percent: int = 20) -> None:
        """Give a discount for good, as staff do."""
        coupon = {"percent_off": percent, "duration": "forever"}
        coupon_id = self.api.at_stripe("POST", "/v1/coupons", coupon)["id"]
        self.staff_set(discounts={"0": {"coupon": coupon_id}})

    def credit(self, amount: int) -> None:
        """Give a credit, as staff do; a negative one is a debt."""
        path = f"/v1/customers/{self.customer_id}"
        self.api.at_stripe("POST", path, {"balance": -amount})

    def hear(self) -> None:
        """Let Stripe's events come that haven't come yet, as the machines' steps take them."""
        events = reversed(list(self.api.ports.engine.world.store.newest_first("event")))
        for members in events:
            event = StripeEvent.model_validate(members)
            if event.type in _ROUTED and is_routed(event) and event.id not in self._heard:
                self._heard.add(event.id)
                self.api.ports.ledger.open(event, "scai.stripe", event.id, self.api.ports.now())
                request = LifecycleInput(
                    event=event,
                    execution=event.id,
                    user_id=self.user_id,
                    customer_id=self.customer_id,
                )
                recorded(request, self.api.ports)

    # -- What came of it ------------------------------------------------------------------------

    @property
    def record(self) -> Record:
        return self.api.ports.records.load(self.user_id)

    @property
    def customer_id(self) -> str:
        customer_id = self.record.customer_id
        assert customer_id is not None
        return customer_id

    @property
    def subscription(self) -> Json:
        """The one subscription, at Stripe."""
        path = "/v1/subscriptions"
        found = self.api.at_stripe("GET", path, {"customer": self.customer_id, "status": "all"})
        (subscription,) = found["data"]
        shown: Json = subscription
        return shown

    @property
    def plan(self) -> str:
        """The lookup key of the plan that Stripe bills."""
        key: str = self.subscription["items"]["data"][0]["price"]["lookup_key"]
        return key

    @property
    def schedule(self) -> Json | None:
        """The schedule that rules the subscription."""
        schedule_id = self.subscription["schedule"]
        if schedule_id is None:
            return None
        return self.api.at_stripe("GET", f"/v1/subscription_schedules/{schedule_id}")

    def invoices(self) -> list[Json]:
        """The invoices at Stripe, the newest first."""
        listed = self.api.at_stripe("GET", "/v1/invoices", self._all())
        shown: list[Json] = listed["data"]
        return shown

    def charges(self) -> list[int]:
        """What was charged, in order, in minor currency units."""
        listed = self.api.at_stripe("GET", "/v1/charges", self._all())
        return [c["amount"] for c in reversed(listed["data"]) if c["status"] == "succeeded"]

    def _all(self) -> Json:
        """The parameters of a list of all that is theirs."""
        return {"customer": self.customer_id, "limit": 100}

    def pay_with(self, card: str) -> None:
        """Pay with another card from now on, as on Stripe's portal."""
        attach = f"/v1/payment_methods/{card}/attach"
        method = self.api.at_stripe("POST", attach, {"customer": self.customer_id})
        settings = {"invoice_settings": {"default_payment_method": method["id"]}}
        self.api.at_stripe("POST", f"/v1/customers/{self.customer_id}", settings)
        own = {"default_payment_method": ""}
        self.api.at_stripe("POST", f"/v1/subscriptions/{self.subscription['id']}", own)

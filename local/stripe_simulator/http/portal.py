"""One visit to the customer portal: what it shows, and what it does, all by calls of the API.

Whatever a customer may do here the session's configuration allows; the rest is neither shown nor
done. The API is called as any client's is, so events and refusals are the API's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from local.stripe_simulator.http.api_client import ApiClient, Refused
from local.stripe_simulator.http.rendering import each_period
from local.stripe_simulator.money import formatted
from local.stripe_simulator.resources.portal import portal_sessions
from local.stripe_simulator.store import Json

ENDED = ("canceled", "incomplete_expired")
DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


@dataclass(frozen=True)
class Choice:
    """What a customer asks a subscription to become."""

    price: str
    quantity: int
    promotion_code: str = ""


class Portal:
    def __init__(self, api: ApiClient, session: Json) -> None:
        self.api, self.session = api, session
        self._names: dict[str, str] = {}

    def get(self, path: str, **params: Any) -> Json:
        return self.api.get(path, params)

    def post(self, path: str, **params: Any) -> Json:
        return self.api.post(path, params)

    @property
    def url(self) -> str:
        return f"/p/session/{self.session['id']}"

    @cached_property
    def features(self) -> Json:
        path = f"/v1/billing_portal/configurations/{self.session['configuration']}"
        features: Json = self.get(path)["features"]
        return features

    def allows(self, feature: str) -> bool:
        return bool(self.features[feature]["enabled"])

    def now(self) -> datetime:
        world = self.api.world
        with world.on_clock(world.clock_of(self.session["id"])):
            return datetime.fromtimestamp(world.now(), UTC)

    @property
    def customer(self) -> Json:
        return self.get(f"/v1/customers/{self.session['customer']}")

    def subscriptions(self) -> list[Json]:
        found = self.get("/v1/subscriptions", customer=self.session["customer"], limit=100)
        return [one for one in found["data"] if one["status"] not in ENDED]

    def subscription(self, subscription_id: str) -> Json | None:
        """The customer's own subscription of that id."""
        return next((one for one in self.subscriptions() if one["id"] == subscription_id), None)

    def invoices(self) -> list[Json]:
        found = self.get("/v1/invoices", customer=self.session["customer"], limit=12)
        return [invoice for invoice in found["data"] if invoice["status"] != "draft"]

    def methods(self) -> list[Json]:
        path = f"/v1/customers/{self.session['customer']}/payment_methods"
        return list(self.get(path, limit=100)["data"])

    def product_name(self, price: Json) -> str:
        product = price["product"]
        if product not in self._names:
            self._names[product] = self.get(f"/v1/products/{product}")["name"]
        return self._names[product]

    def next_invoice(self, subscription: Json) -> Json | None:
        """What comes next, if anything does: a subscription that ends bills no more."""
        if ends_at(subscription) is not None or subscription["status"] == "paused":
            return None
        try:
            return self.post("/v1/invoices/create_preview", subscription=subscription["id"])
        except Refused:
            return None

    def can_update(self, subscription: Json) -> bool:
        """Stripe's portal changes subscriptions of one product only."""
        return (
            self.allows("subscription_update")
            and len(subscription["items"]["data"]) == 1
            and subscription["schedule"] is None
            and ends_at(subscription) is None
        )

    def prices(self, subscription: Json) -> list[Json]:
        """What the subscription can change to, its own price first."""
        own = subscription["items"]["data"][0]["price"]
        offered = [own]
        if "price" in self.features["subscription_update"]["default_allowed_updates"]:
            offered += [price for price in self._offered() if price["id"] != own["id"]]
        return [price for price in offered if price["currency"] == own["currency"]]

    def _offered(self) -> list[Json]:
        products = self.features["subscription_update"]["products"]
        if products is not None:
            ids = [price for product in products for price in product["prices"]]
            return [self.get(f"/v1/prices/{price_id}") for price_id in ids]
        licensed = {"usage_type": "licensed"}
        found = self.get(
            "/v1/prices", active="true", type="recurring", recurring=licensed, limit=100
        )
        return list(found["data"])

    def quantities(self, subscription: Json) -> tuple[int, int] | None:
        """The least and the most that the quantity can be; none if it can't be changed."""
        feature = self.features["subscription_update"]
        if "quantity" not in feature["default_allowed_updates"]:
            return None
        if feature["products"] is None:
            return 1, 999_999
        product = subscription["items"]["data"][0]["price"]["product"]
        for one in feature["products"]:
            limits = one["adjustable_quantity"]
            if one["product"] == product and limits["enabled"]:
                return limits["minimum"], limits["maximum"] or 999_999
        return None

    def chosen(self, subscription: Json, given: Mapping[str, Any]) -> Choice:
        """What was asked for, if it is on offer; otherwise what is."""
        item = subscription["items"]["data"][0]
        offered = [price["id"] for price in self.prices(subscription)]
        price = str(given.get("price"))
        limits = self.quantities(subscription)
        quantity = str(given.get("quantity") or "")
        wanted = int(quantity) if quantity.isascii() and quantity.isdigit() else item["quantity"]
        if limits is not None:
            wanted = min(max(wanted, limits[0]), limits[1])
        return Choice(
            price if price in offered else item["price"]["id"],
            wanted if limits is not None else item["quantity"],
            str(given.get("promotion_code") or ""),
        )

    def preview(self, subscription: Json, choice: Choice) -> Json:
        """The invoice to which a change leads: at once, or when the period ends."""
        change = self._change(subscription, choice)
        discounts = {"discounts": change.pop("discounts")} if "discounts" in change else {}
        return self.post(
            "/v1/invoices/create_preview",
            subscription=subscription["id"],
            subscription_details=change,
            **discounts,
        )

    def change(self, subscription: Json, choice: Choice) -> None:
        """Make it so: now, or by schedule where the configuration wants to wait."""
        if self.waits(subscription, choice):
            self._plan(subscription, choice)
        else:
            change = self._change(subscription, choice)
            self.post(f"/v1/subscriptions/{subscription['id']}", **change)

    def _change(self, subscription: Json, choice: Choice) -> Json:
        feature = self.features["subscription_update"]
        item = subscription["items"]["data"][0]
        change: Json = {
            "items": [{"id": item["id"], "price": choice.price, "quantity": choice.quantity}],
            "proration_behavior": feature["proration_behavior"],
        }
        if feature["billing_cycle_anchor"] == "now":
            change["billing_cycle_anchor"] = {"type": "now"}
        if subscription["status"] == "trialing" and feature["trial_update_behavior"] == "end_trial":
            change["trial_end"] = "now"
        if choice.promotion_code:
            change["discounts"] = [{"promotion_code": self._promotion(choice.promotion_code)}]
        return change

    def _promotion(self, code: str) -> str:
        found = self.get("/v1/promotion_codes", code=code, active="true")["data"]
        if not found:
            raise Refused({"message": "This promotion code is invalid."})
        return str(found[0]["id"])

    def waits(self, subscription: Json, choice: Choice) -> bool:
        """Whether a change is for the end of the period: it costs less, or bills more often."""
        conditions = self.features["subscription_update"]["schedule_at_period_end"]["conditions"]
        item = subscription["items"]["data"][0]
        price = self.get(f"/v1/prices/{choice.price}")
        less = (price["unit_amount"] or 0) * choice.quantity < (
            item["price"]["unit_amount"] or 0
        ) * item["quantity"]
        shorter = _length(price) < _length(item["price"])
        met = {"decreasing_item_amount": less, "shortening_interval": shorter}
        return any(met[condition["type"]] for condition in conditions)

    def _plan(self, subscription: Json, choice: Choice) -> None:
        schedules = "/v1/subscription_schedules"
        schedule = self.post(schedules, from_subscription=subscription["id"])
        phase = schedule["phases"][0]
        kept = [{key: item[key] for key in ("price", "quantity")} for item in phase["items"]]
        dates = {key: phase[key] for key in ("start_date", "end_date")}
        asked = {"price": choice.price, "quantity": choice.quantity}
        self.post(
            f"{schedules}/{schedule['id']}", phases=[{"items": kept, **dates}, {"items": [asked]}]
        )

    def cancel(self, subscription: Json, feedback: str, comment: str) -> None:
        feature = self.features["subscription_cancel"]
        given = {"feedback": feedback, "comment": comment}
        details = {"cancellation_details": {k: value for k, value in given.items() if value}}
        path = f"/v1/subscriptions/{subscription['id']}"
        if feature["mode"] == "at_period_end":
            self.post(path, cancel_at_period_end="true", **details)
            return
        prorate = feature["proration_behavior"] != "none"
        invoiced = feature["proration_behavior"] == "always_invoice"
        self.api.delete(path, {"prorate": prorate, "invoice_now": invoiced, **details})

    def keep(self, subscription: Json) -> None:
        """Take a cancellation at the end of the period back."""
        self.post(f"/v1/subscriptions/{subscription['id']}", cancel_at_period_end="false")

    def add_card(self, card: Json, return_url: str) -> str | None:
        """Set a card up and pay with it from now on; where its bank wants to be asked, if so."""
        method = self.post("/v1/payment_methods", **card)
        intent = self.post(
            "/v1/setup_intents",
            customer=self.session["customer"],
            payment_method=method["id"],
            usage="off_session",
            confirm="true",
            return_url=return_url,
        )
        if intent["status"] == "requires_action":
            return str(intent["next_action"]["redirect_to_url"]["url"])
        self.pay_with(method["id"])
        return None

    def finish_card(self, intent_id: str) -> None:
        """The bank was asked: pay with the card, if it agreed."""
        intent = self.get(f"/v1/setup_intents/{intent_id}")
        if intent["customer"] != self.session["customer"] or intent["status"] != "succeeded":
            raise Refused({"message": "Your bank did not confirm this card. Please try again."})
        self.pay_with(intent["payment_method"])

    def pay_with(self, method_id: str) -> None:
        """Make a method the customer's default, and that of subscriptions with one of their own."""
        settings = {"default_payment_method": method_id}
        self.post(f"/v1/customers/{self.session['customer']}", invoice_settings=settings)
        for subscription in self.subscriptions():
            if subscription["default_payment_method"] not in (None, method_id):
                path = f"/v1/subscriptions/{subscription['id']}"
                self.post(path, default_payment_method=method_id)

    def remove(self, method_id: str) -> None:
        self.post(f"/v1/payment_methods/{method_id}/detach")

    def errand(self) -> Json | None:
        """The flow that the session is for, until it is done."""
        done = portal_sessions.is_done(self.api.world, self.session)
        flow: Json | None = None if done else self.session["flow"]
        return flow

    def done(self) -> str:
        """Where to go after something was done: on from an errand, or home."""
        flow = self.errand()
        if flow is None:
            return self.url
        portal_sessions.complete(self.api.world, self.session)
        after = flow["after_completion"]
        if after["type"] == "redirect":
            return str(after["redirect"]["return_url"])
        return f"{self.url}/done" if after["type"] == "hosted_confirmation" else self.url


def ends_at(subscription: Json) -> int | None:
    """When a subscription ends: in flexible billing mode a date, in classic a flag."""
    if subscription["cancel_at_period_end"]:
        return period_end(subscription)
    end: int | None = subscription["cancel_at"]
    return end


def period_end(subscription: Json) -> int:
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


def _length(price: Json) -> int:
    recurring = price["recurring"]
    return int(DAYS[recurring["interval"]] * recurring["interval_count"])


def cost(price: Json, quantity: int = 1) -> str:
    """What a price costs, for people to read: "$19.00 per month"."""
    every = each_period(price["recurring"])
    if price["unit_amount"] is None:
        return f"as listed, {every}"
    return f"{formatted(price['unit_amount'] * quantity, price['currency'])} {every}"

"""A simulated Stripe account for tests: a clock that stands still, and short ways to call it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from local.stripe_simulator.engine import Engine, Response
from local.stripe_simulator.world import Settings

Json = dict[str, Any]

START = 1_800_000_000  # 15 January 2027, 08:00 UTC
HOUR = 3600
DAY = 86400
KEY = {"Authorization": "Bearer sk_test_anything"}


@dataclass
class Account:
    """Calls an engine as a client would; what isn't a success fails the test at once."""

    engine: Engine = field(
        default_factory=lambda: Engine(clock=lambda: START, rng=random.Random(1))
    )

    @classmethod
    def with_settings(cls, **settings: Any) -> Account:
        return cls(Engine(lambda: START, random.Random(1), Settings(**settings)))

    def request(self, method: str, path: str, params: Json | str, **headers: str) -> Response:
        return self.engine.request(method, path, params, {**KEY, **headers})

    def get(self, path: str, **params: Any) -> Json:
        return self._succeeded(self.request("GET", path, params))

    def post(self, path: str, **params: Any) -> Json:
        return self._succeeded(self.request("POST", path, params))

    def delete(self, path: str, **params: Any) -> Json:
        return self._succeeded(self.request("DELETE", path, params))

    @staticmethod
    def _succeeded(response: Response) -> Json:
        body: Json = response.json()
        assert response.status == 200, body
        return body

    def refused(self, method: str, path: str, status: int, **params: Any) -> Json:
        """The error of a request that must fail with `status`."""
        response = self.request(method, path, params)
        assert response.status == status, response.json()
        error: Json = response.json()["error"]
        return error

    def event_types(self, since: int = 0) -> list[str]:
        """The types of all events in the order of their creation, but for the first `since`."""
        return [event["type"] for event in self.events()][since:]

    def events(self, **filters: Any) -> list[Json]:
        page = self.get("/v1/events", limit=100, **filters)
        assert not page["has_more"]
        return list(reversed(page["data"]))

    def price(self, amount: int = 1900, interval: str | None = "month", **params: Any) -> Json:
        product = self.post("/v1/products", name="Standard")
        recurring = {"recurring": {"interval": interval}} if interval else {}
        return self.post(
            "/v1/prices",
            product=product["id"],
            currency=params.pop("currency", "usd"),
            unit_amount=amount,
            **recurring,
            **params,
        )

    def customer(self, card: str | None = "pm_card_visa", **params: Any) -> Json:
        """A customer, with that card on file as default."""
        customer = self.post("/v1/customers", **{"email": "customer@example.test", **params})
        if card is None:
            return customer
        method = self.post(f"/v1/payment_methods/{card}/attach", customer=customer["id"])
        default = {"default_payment_method": method["id"]}
        return self.post(f"/v1/customers/{customer['id']}", invoice_settings=default)

    def subscribe(self, card: str | None = "pm_card_visa", **params: Any) -> Json:
        """A subscription of a new customer, by the API."""
        price = self.price()
        return self.post(
            "/v1/subscriptions",
            customer=self.customer(card)["id"],
            items=[{"price": price["id"]}],
            **params,
        )

    def session(self, price: Json | None = None, **params: Any) -> Json:
        price = price or self.price()
        usual = {
            "mode": "subscription" if price["recurring"] else "payment",
            "line_items": [{"price": price["id"], "quantity": 1}],
            "success_url": "https://app.example.com/done?session={CHECKOUT_SESSION_ID}",
        }
        return self.post("/v1/checkout/sessions", **{**usual, **params})

    def pay(self, session: Json, card: str = "pm_card_visa") -> Json:
        return self.post(f"/v1/payment_pages/{session['id']}/confirm", payment_method=card)

    def latest_invoice(self, subscription: Json) -> Json:
        current = self.get(f"/v1/subscriptions/{subscription['id']}")
        return self.get(f"/v1/invoices/{current['latest_invoice']}")

    def wait(self, seconds: float) -> None:
        """Let time pass, with all that falls due meanwhile."""
        self.engine.advance(self.engine.world.time() + seconds)

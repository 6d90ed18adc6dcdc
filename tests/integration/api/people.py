"""Users of the deployed stack with billing of their own, as the API's tests meet them."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx

from tests.integration.api.tokens import Tokens
from tests.support.api_document import Request
from tests.support.deployed import Deployed, Json


class Caller:
    """Somebody who calls the API with a token, or with none."""

    def __init__(self, deployed: Deployed, token: str | None = None) -> None:
        self.deployed = deployed
        self.token = token

    def send(self, request: Request, **headers: str) -> httpx.Response:
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.deployed.http.request(
            request.method,
            f"{self.deployed.stack.api_url}{request.path}",
            params=request.query,
            json=request.body,
            headers=headers,
        )

    def ask(self, method: str, path: str, body: Json | None = None, **query: Any) -> Json:
        """Send a request that is to succeed."""
        answer = self.send(Request(method, path, query, body))
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told


class User(Caller):
    """A user of the SaaS who hasn't bought anything."""

    def __init__(self, deployed: Deployed, tokens: Tokens) -> None:
        name = uuid.uuid4().hex[:12]
        self.names = (f"Given-{name}", f"Family-{name}")
        self.id = deployed.add_user(firstName=self.names[0], lastName=self.names[1])
        super().__init__(deployed, tokens.of(self.id))

    @property
    def values(self) -> dict[str, str]:
        """What requests about this user name, by the parameters that name it."""
        return {"userId": self.id, "priceId": self.price("standard_yearly")}

    def price(self, plan: str) -> str:
        return self.deployed.stack.prices[plan]

    def check_out(self, plan: str) -> str:
        """Open Stripe's page for a plan; give the session's id."""
        body = {"priceId": self.price(plan), "userId": self.id, "metadata": {}}
        session_id: str = self.ask("POST", "/create-checkout-session", body)["sessionId"]
        return session_id


class Subscriber(User):
    """A user with a subscription, two invoices, and cards on file; Stripe tells nobody of it.

    The API alone brings the record up to date, so nothing happens behind a test's back.
    """

    def __init__(self, deployed: Deployed, tokens: Tokens) -> None:
        super().__init__(deployed, tokens)
        with deployed.network({"drop": True}):
            self.session_id = self.check_out("standard_monthly")
            self._post(
                f"/v1/payment_pages/{self.session_id}/confirm", payment_method="pm_card_visa"
            )
            self.ask("GET", f"/checkout-session/{self.session_id}")
            self.customer_id: str = deployed.record(self.id)["customer_id"]
            self.payment_method_id = self.add_card()
            self._switch_to("agency_monthly")
            self.quote = self._preview("agency_yearly")
            first = self.ask("GET", f"/invoices/{self.id}", limit=1)
            self.cursor: str = first["nextCursor"]

    def add_card(self) -> str:
        """Put one more card on file."""
        path = "/v1/payment_methods/pm_card_mastercard/attach"
        method_id: str = self._post(path, customer=self.customer_id)["id"]
        return method_id

    def new_card(self) -> str:
        """Give a card to Stripe that is nobody's yet, as its own form does."""
        made = self._post("/v1/payment_methods", type="card", card={"token": "tok_visa"})
        method_id: str = made["id"]
        return method_id

    def listed(self, kind: str) -> list[Json]:
        """What Stripe has of this kind for the customer."""
        path = f"/v1/{kind}"
        found: list[Json] = self.deployed.ask("get", path, customer=self.customer_id, limit=100)[
            "data"
        ]
        return found

    @property
    def values(self) -> dict[str, str]:
        return super().values | {
            "newPriceId": self.price("agency_yearly"),
            "id": self.session_id,
            "paymentMethodId": self.payment_method_id,
            "quote": self.quote,
            "cursor": self.cursor,
        }

    def state(self) -> Json:
        """All that a request could have changed."""
        kinds = ("subscriptions", "payment_methods", "invoices", "checkout/sessions")
        at_stripe = {kind: self.listed(kind) for kind in (*kinds, "setup_intents")}
        customer = self.deployed.ask("get", f"/v1/customers/{self.customer_id}")
        return at_stripe | {"customer": customer, "record": self.deployed.record(self.id)}

    def traces(self) -> set[str]:
        """All by which somebody could tell who this user is, or act on what is theirs."""
        found = {self.id, *self.names, *self.values.values()}
        found |= set(_ids_in(self.state()))
        return {trace for trace in found if trace not in self.deployed.stack.prices.values()}

    def _switch_to(self, plan: str) -> None:
        (subscription,) = self.listed("subscriptions")
        (item,) = subscription["items"]["data"]
        self._post(
            f"/v1/subscriptions/{subscription['id']}",
            items=[{"id": item["id"], "price": self.price(plan)}],
            proration_behavior="always_invoice",
        )

    def _preview(self, plan: str) -> str:
        change = {"userId": self.id, "newPriceId": self.price(plan)}
        quote: str = self.ask("POST", "/preview-subscription-change", change)["quote"]
        return quote

    def _post(self, path: str, **params: Any) -> Json:
        return self.deployed.ask("post", path, **params)


_TELLING = ("id", "number", "email", "client_secret")


def _ids_in(node: Any) -> Iterator[str]:
    """Every id, number, address and secret in it."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in _TELLING and isinstance(value, str):
                yield value
            else:
                yield from _ids_in(value)
    elif isinstance(node, list):
        for each in node:
            yield from _ids_in(each)

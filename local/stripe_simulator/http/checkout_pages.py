"""The payment page of Checkout sessions: what is bought, for how much, and paying it.

A refusal leaves the session open and is shown where it belongs; success leaves for the app's own
page, by way of the bank's where a card wants authentication.
"""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_simulator.bank_accounts import IBANS, SEPA_BEHAVIOURS, US_ACCOUNTS
from local.stripe_simulator.http.api_client import ApiClient, Refused
from local.stripe_simulator.http.checkout_form import CheckoutForm
from local.stripe_simulator.http.rendering import page, redirect
from local.stripe_simulator.resources.checkout import checkout_lines, payment_pages
from local.stripe_simulator.resources.subscriptions import subscriptions
from local.stripe_simulator.store import Json

MISSING = "checkout session"
DAY = 86400
NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. Please choose a different payment method "
    "and try again."
)
#: The fields of the form that a refused parameter belongs to.
FIELDS = {"sepa_debit[iban]": "iban"}


class CheckoutPages:
    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def routes(self) -> list[Route]:
        return [
            Route("/c/pay/{id}", self.show),
            Route("/c/pay/{id}", self.pay, methods=["POST"]),
            Route("/c/pay/{id}/order", self.change_order, methods=["POST"]),
            Route("/c/recover/{id}", self.recover),
        ]

    async def show(self, request: Request) -> Response:
        session = self._api.find("checkout.session", request)
        if session is None:
            return page("missing.html", 404, what=MISSING)
        if session["status"] != "open":
            return page("ended.html", session=session, next_url=next_url(session))
        problems = {}
        if "unauthenticated" in request.query_params and (intent := self._intent(session)):
            problems = last_error(intent)
        return self._checkout(session, problems=problems)

    async def pay(self, request: Request) -> Response:
        session = self._api.find("checkout.session", request)
        if session is None or session["status"] != "open":
            return await self.show(request)
        form = CheckoutForm.from_form(
            await request.form(),
            session,
            known_email(session),
            asks_method=payment_pages.needs_method(session),
        )
        if problems := form.problems(session, *self._api.today()):
            return self._checkout(session, 422, form.kept(), problems)
        try:
            session = self._confirm(session, form)
        except Refused as refusal:
            where = FIELDS.get(refusal.param or "", "card")
            return self._checkout(session, 402, form.kept(), {where: str(refusal)})
        intent = self._intent(session)
        if intent is not None and intent["status"] == "requires_action":
            return redirect(f"/3ds/{intent['id']}")
        return redirect(next_url(session))

    async def change_order(self, request: Request) -> Response:
        """Apply or remove a promotion code, or adjust quantities."""
        session = self._api.find("checkout.session", request)
        if session is None or session["status"] != "open":
            return await self.show(request)
        form = await request.form()
        try:
            self._api.post(f"/v1/payment_pages/{session['id']}", _changes(form))
        except Refused as refusal:
            typed = {"promotion_code": str(form.get("promotion_code", ""))}
            where = "promotion_code" if form.get("do") == "apply" else "quantity"
            return self._checkout(session, 422, typed, {where: str(refusal)})
        return redirect(f"/c/pay/{session['id']}")

    async def recover(self, request: Request) -> Response:
        session = self._api.find("checkout.session", request)
        try:
            if session is not None:
                copy = self._api.post(f"/v1/payment_pages/{session['id']}/recover")
                return redirect(str(copy["url"]))
        except Refused:
            pass  # not to be recovered, or not any more
        return page("missing.html", 404, what=MISSING)

    def _confirm(self, session: Json, form: CheckoutForm) -> Json:
        params = form.extras(session)
        if form.method is not None:
            params["payment_method"] = self._payment_method(form)["id"]
        elif session["customer"] is None:
            params["email"] = form.card.email
        return self._api.post(f"/v1/payment_pages/{session['id']}/confirm", params)

    def _payment_method(self, form: CheckoutForm) -> Json:
        if form.method == "card":
            return self._api.post("/v1/payment_methods", form.card_params())
        details = form.account_details()
        if form.method == "sepa_debit":
            params = {"type": "sepa_debit", "sepa_debit": {"iban": form.iban}}
            return self._api.post("/v1/payment_methods", {**params, "billing_details": details})
        account = self._api.get(f"/v1/payment_methods/pm_usBankAccount_{form.account}")
        path = f"/v1/payment_methods/{account['id']}"
        return self._api.post(path, {"billing_details": details})

    def _intent(self, session: Json) -> Json | None:
        return self._api.world.store.find(self._private(session).get("intent", ""))

    def _private(self, session: Json) -> Json:
        return self._api.world.private[session["id"]]

    def _checkout(
        self,
        session: Json,
        status: int = 200,
        kept: dict[str, str] | None = None,
        problems: dict[str, str] | None = None,
    ) -> Response:
        return page(
            "checkout.html",
            status,
            session=session,
            order=self._order(session),
            asks_method=payment_pages.needs_method(session),
            email=known_email(session),
            kept=kept or {},
            problems=problems or {},
            us_accounts=US_ACCOUNTS,
            ibans=dict(zip(SEPA_BEHAVIOURS, IBANS["DE"], strict=True)),
        )

    def _order(self, session: Json) -> Json:
        """What the summary shows."""
        private, world = self._private(session), self._api.world
        lines = private["line_items"]
        parts = checkout_lines.breakdown(world, lines)
        return {
            "code": self._code(session),
            "full": {line["id"]: checkout_lines.full_amount(world, line) for line in lines},
            "lines": lines,
            "taxes": parts["taxes"],
            "trial_days": self._trial_days(private["params"].get("subscription_data", {})),
        }

    def _trial_days(self, data: Json) -> int:
        world = self._api.world
        end = subscriptions.trial_end_of(world, data)
        return 0 if end is None else -((world.now() - end) // DAY)

    def _code(self, session: Json) -> str | None:
        """What the customer knows of the discount: its code, or its coupon's name."""
        for each in session["discounts"]:
            if each["promotion_code"]:
                return str(
                    self._api.world.store.get("promotion_code", each["promotion_code"])["code"]
                )
            coupon = self._api.world.store.find(each["coupon"]) or {"id": each["coupon"]}
            return str(coupon.get("name") or coupon["id"])
        return None


def _changes(form: FormData) -> dict[str, Any]:
    action = form.get("do")
    if action == "apply":
        return {"promotion_code": str(form.get("promotion_code", "")).strip()}
    if action == "remove":
        return {"promotion_code": ""}
    prefix = "quantity-"
    quantities = {
        name.removeprefix(prefix): str(value).strip()
        for name, value in form.items()
        if name.startswith(prefix)
    }
    return {"line_items": [{"id": key, "quantity": value} for key, value in quantities.items()]}


def known_email(session: Json) -> str | None:
    details = session["customer_details"]
    return details["email"] if details else None


def last_error(intent: Json) -> dict[str, str]:
    """Why the intent's last attempt came to nothing, in words for the customer."""
    error = intent.get("last_payment_error") or intent.get("last_setup_error")
    if error is None:
        return {}
    authentication = str(error.get("code")).endswith("_authentication_failure")
    return {"card": NOT_AUTHENTICATED if authentication else str(error["message"])}


def next_url(session: Json) -> str:
    """Where the app wants the customer now."""
    if session["status"] == "expired":
        return str(session["cancel_url"] or "")
    url = str(session["success_url"])
    for placeholder in ("{CHECKOUT_SESSION_ID}", "%7BCHECKOUT_SESSION_ID%7D"):
        url = url.replace(placeholder, session["id"])
    return url

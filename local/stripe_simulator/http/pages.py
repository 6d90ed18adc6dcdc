"""The hosted pages: paying a Checkout session in a browser, without JavaScript.

Paying goes through the API like any client's: a decline leaves the session open and shows
Stripe's message, success leaves for the app's own page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.card_form import CardForm
from local.stripe_simulator.http.sender import Sender
from local.stripe_simulator.money import formatted
from local.stripe_simulator.store import Json

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


class Pages:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender

    def routes(self) -> list[Route]:
        return [
            Route("/c/pay/{id}", self.show),
            Route("/c/pay/{id}", self.pay, methods=["POST"]),
            Route("/i/{id}", self.invoice),
            Route("/i/{id}/pdf", self.invoice),
            Route("/_sim/returned", self.returned),
        ]

    async def show(self, request: Request) -> Response:
        self._engine.run_due()
        session = self._find("checkout.session", request)
        if session is None:
            return _page("missing.html", 404, what="checkout session")
        if session["status"] != "open":
            return _page("ended.html", session=session, next_url=_next_url(session))
        return self._checkout(session)

    async def pay(self, request: Request) -> Response:
        session = self._find("checkout.session", request)
        if session is None or session["status"] != "open":
            return await self.show(request)
        form = CardForm.from_form(await request.form(), self._email(session))
        today = datetime.fromtimestamp(self._engine.world.now(), UTC)
        if problems := form.problems(today.month, today.year):
            return self._checkout(session, 422, form.kept(), problems)
        refusal = self._charge(session, form)
        self._sender.wake()
        if refusal is not None:
            return self._checkout(session, 402, form.kept(), {"card": refusal})
        return RedirectResponse(_next_url(session), 303, HEADERS)

    async def invoice(self, request: Request) -> Response:
        invoice = self._find("invoice", request)
        if invoice is None:
            return _page("missing.html", 404, what="invoice")
        return _page("invoice.html", invoice=invoice, money=formatted, date=_date)

    async def returned(self, request: Request) -> Response:
        canceled = request.query_params.get("canceled") is not None
        session_id = request.query_params.get("session_id", "")
        return _page("returned.html", canceled=canceled, session_id=session_id)

    def _find(self, kind: str, request: Request) -> Json | None:
        found = self._engine.world.store.find(request.path_params["id"])
        return found if found is not None and found["object"] == kind else None

    def _email(self, session: Json) -> str | None:
        details = session["customer_details"]
        return details["email"] if details else None

    def _charge(self, session: Json, form: CardForm) -> str | None:
        """Pay the session; why it was refused, in words for the customer, if it was."""
        method = self._post("/v1/payment_methods", form.as_params())
        if "error" in method:
            return str(method["error"]["message"])
        confirm = f"/v1/payment_pages/{session['id']}/confirm"
        answer = self._post(confirm, {"payment_method": method["id"]})
        return str(answer["error"]["message"]) if "error" in answer else None

    def _post(self, path: str, params: dict[str, Any]) -> Json:
        answer: Json = self._engine.request("POST", path, params, self._engine.own_headers()).json()
        return answer

    def _checkout(
        self,
        session: Json,
        status: int = 200,
        kept: dict[str, str] | None = None,
        problems: dict[str, str] | None = None,
    ) -> Response:
        private = self._engine.world.private[session["id"]]
        return _page(
            "checkout.html",
            status,
            session=session,
            lines=private["line_items"],
            trial_days=private["subscription_data"].get("trial_period_days"),
            email=self._email(session),
            kept=kept or {},
            problems=problems or {},
            money=formatted,
        )


def _next_url(session: Json) -> str:
    """Where the app wants the customer now."""
    if session["status"] == "expired":
        return str(session["cancel_url"] or "")
    url = str(session["success_url"])
    for placeholder in ("{CHECKOUT_SESSION_ID}", "%7BCHECKOUT_SESSION_ID%7D"):
        url = url.replace(placeholder, session["id"])
    return url


def _page(template: str, status: int = 200, **values: Any) -> Response:
    text = TEMPLATES.get_template(template).render(**values)
    return HTMLResponse(text, status, HEADERS)


def _date(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%-d %B %Y")

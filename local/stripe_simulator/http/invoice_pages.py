"""The hosted page of an invoice: what it bills, and paying it by card."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_simulator.http.api_client import ApiClient, Refused
from local.stripe_simulator.http.card_form import CardForm
from local.stripe_simulator.http.checkout_pages import last_error
from local.stripe_simulator.http.rendering import page, redirect
from local.stripe_simulator.resources.invoices import invoice_collection
from local.stripe_simulator.store import Json

PAYABLE = ("open", "uncollectible")


class InvoicePages:
    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def routes(self) -> list[Route]:
        return [
            Route("/i/{id}", self.show),
            Route("/i/{id}", self.pay, methods=["POST"]),
            Route("/i/{id}/pdf", self.show),
        ]

    async def show(self, request: Request) -> Response:
        invoice = self._api.find("invoice", request)
        if invoice is None:
            return page("missing.html", 404, what="invoice")
        intent = self._intent(invoice)
        unauthenticated = "unauthenticated" in request.query_params
        return self._page(invoice, problems=last_error(intent or {}) if unauthenticated else {})

    async def pay(self, request: Request) -> Response:
        invoice = self._api.find("invoice", request)
        if invoice is None or invoice["status"] not in PAYABLE:
            return await self.show(request)
        form = CardForm.from_form(await request.form(), invoice["customer_email"])
        if problems := form.problems(*self._api.today()):
            return self._page(invoice, 422, form.kept(), problems)
        refusal = self._charge(invoice, form)
        intent = self._intent(invoice)
        if intent is not None and intent["status"] == "requires_action":
            return redirect(f"/3ds/{intent['id']}")
        if refusal is not None:
            return self._page(invoice, 402, form.kept(), {"card": refusal})
        return redirect(f"/i/{invoice['id']}")

    def _charge(self, invoice: Json, form: CardForm) -> str | None:
        """Why the card was refused, in words for the customer, if it was."""
        try:
            method = self._api.post("/v1/payment_methods", form.as_params())
            path = f"/v1/invoices/{invoice['id']}/pay"
            self._api.post(path, {"payment_method": method["id"], "off_session": "false"})
        except Refused as refusal:
            return str(refusal)
        return None

    def _intent(self, invoice: Json) -> Json | None:
        return invoice_collection.intent_of(self._api.world, invoice)

    def _page(
        self,
        invoice: Json,
        status: int = 200,
        kept: dict[str, str] | None = None,
        problems: dict[str, str] | None = None,
    ) -> Response:
        return page(
            "invoice.html",
            status,
            invoice=invoice,
            email=invoice["customer_email"],
            payable=invoice["status"] in PAYABLE and invoice["amount_remaining"] > 0,
            kept=kept or {},
            problems=problems or {},
        )

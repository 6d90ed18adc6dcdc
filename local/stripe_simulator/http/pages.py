"""The hosted pages: paying sessions and invoices in a browser, authenticating, the portal.

Paying goes through the API like any client's (`api_client`), without JavaScript.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.api_client import ApiClient
from local.stripe_simulator.http.authentication_pages import AuthenticationPages
from local.stripe_simulator.http.checkout_pages import CheckoutPages
from local.stripe_simulator.http.invoice_pages import InvoicePages
from local.stripe_simulator.http.portal_pages import PortalPages
from local.stripe_simulator.http.rendering import page
from local.stripe_simulator.http.sender import Sender


class Pages:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._api = ApiClient(engine, sender)

    def routes(self) -> list[Route]:
        return [
            *CheckoutPages(self._api).routes(),
            *InvoicePages(self._api).routes(),
            *AuthenticationPages(self._api).routes(),
            *PortalPages(self._api).routes(),
            Route("/_sim/returned", returned),
        ]


async def returned(request: Request) -> Response:
    """A page to return to, for sessions of clients that have none of their own."""
    canceled = request.query_params.get("canceled") is not None
    session_id = request.query_params.get("session_id", "")
    return page("returned.html", canceled=canceled, session_id=session_id)

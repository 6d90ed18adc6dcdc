"""The bank's page of 3D Secure, as Stripe's test mode shows it: complete it or fail it.

It serves every intent that requires action, and sends the customer back to where they came from:
a payment page, an invoice's page, or the `return_url` of who confirmed the intent.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_simulator.http.api_client import ApiClient, Refused
from local.stripe_simulator.http.checkout_pages import next_url
from local.stripe_simulator.http.rendering import page, redirect
from local.stripe_simulator.store import Json

KINDS = ("payment_intent", "setup_intent")
DONE = ("succeeded", "processing", "requires_capture")


class AuthenticationPages:
    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def routes(self) -> list[Route]:
        return [
            Route("/3ds/{id}", self.show),
            Route("/3ds/{id}", self.answer, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        intent = self._find(request)
        if intent is None:
            return page("missing.html", 404, what="authentication")
        if intent["status"] != "requires_action":
            return self._leave(intent, None)
        return page("authentication.html", intent=intent)

    async def answer(self, request: Request) -> Response:
        intent = self._find(request)
        if intent is None or intent["status"] != "requires_action":
            return await self.show(request)
        outcome = "completed" if (await request.form()).get("do") == "complete" else "failed"
        return_url = _return_url(intent)
        with suppress(Refused):  # somebody else answered
            path = f"/v1/3ds2/{intent['id']}/authenticate"
            intent = self._api.post(path, {"outcome": outcome})
        return self._leave(intent, return_url)

    def _find(self, request: Request) -> Json | None:
        return next(filter(None, (self._api.find(kind, request) for kind in KINDS)), None)

    def _leave(self, intent: Json, return_url: str | None) -> Response:
        """Send the customer back to where they came from."""
        done = intent["status"] in DONE
        private = self._api.world.private.get(intent["id"], {})
        session = self._api.known("checkout.session", private.get("checkout_session", ""))
        if session is not None:
            way_back = next_url(session) if done else f"/c/pay/{session['id']}?unauthenticated"
            return redirect(way_back)
        if return_url is not None:
            return redirect(_with_outcome(return_url, intent, done=done))
        if "invoice" in private:
            return redirect(f"/i/{private['invoice']}" + ("" if done else "?unauthenticated"))
        return page("authenticated.html", done=done, intent=intent)


def _return_url(intent: Json) -> str | None:
    redirects = (intent["next_action"] or {}).get("redirect_to_url")
    return str(redirects["return_url"]) if redirects else None


def _with_outcome(url: str, intent: Json, *, done: bool) -> str:
    """What Stripe adds to a `return_url`: which intent it is about, and how it went."""
    kind = intent["object"]
    added = {
        kind: intent["id"],
        f"{kind}_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if done else "failed",
    }
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
    return urlunsplit(parts._replace(query=query))

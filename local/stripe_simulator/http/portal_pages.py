"""The customer portal in a browser: plain pages for what `portal` shows and does.

A refusal by the API is shown where it happened, in the API's words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_simulator.http import rendering
from local.stripe_simulator.http.api_client import ApiClient, Refused
from local.stripe_simulator.http.card_form import CardForm
from local.stripe_simulator.http.portal import Portal, cost, ends_at, period_end
from local.stripe_simulator.http.rendering import redirect
from local.stripe_simulator.http.same_origin import changing
from local.stripe_simulator.resources.portal import portal_sessions
from local.stripe_simulator.store import Json

Handler = Callable[[Portal, Request], Awaitable[Response]]
ERRANDS = {
    "payment_method_update": "card",
    "subscription_cancel": "cancel",
    "subscription_update": "update",
    "subscription_update_confirm": "confirm",
}
REASONS = {
    "too_expensive": "It's too expensive",
    "missing_features": "I need more features",
    "switched_service": "I found an alternative",
    "unused": "I no longer need it",
    "customer_service": "Customer service was less than expected",
    "too_complex": "Ease of use was less than expected",
    "low_quality": "Quality was less than expected",
    "other": "Other reason",
}


class PortalPages:
    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def routes(self) -> list[Route]:
        pages = (
            ("", home, None, None),
            ("/done", done, None, None),
            ("/details", None, change_details, "customer_update"),
            ("/cancel/{subscription}", ask_to_cancel, cancel, "subscription_cancel"),
            ("/keep/{subscription}", None, keep, "subscription_cancel"),
            ("/update/{subscription}", choose, None, "subscription_update"),
            ("/confirm/{subscription}", confirm, update, "subscription_update"),
            ("/card", ask_for_card, add_card, "payment_method_update"),
            ("/card/confirmed", card_confirmed, None, "payment_method_update"),
            ("/card/{method}/default", None, make_default, "payment_method_update"),
            ("/card/{method}/remove", None, remove, "payment_method_update"),
        )
        prefix = "/p/session/{id}"
        return [
            make(f"{prefix}{path}", self._page(handler, feature))
            for path, show, act, feature in pages
            for make, handler in ((Route, show), (changing, act))
            if handler is not None
        ]

    def _page(
        self, handler: Handler, feature: str | None
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint for the holder of an open session that allows the feature."""

        async def endpoint(request: Request) -> Response:
            session = self._api.find("billing_portal.session", request)
            if session is None:
                return rendering.page("missing.html", 404, what="portal session")
            if not portal_sessions.visit(self._api.world, session):
                return rendering.page("portal_expired.html", 410, session=session)
            portal = Portal(self._api, session)
            if feature is not None and not portal.allows(feature):
                return rendering.page("missing.html", 404, what="page in this portal")
            return await handler(portal, request)

        return endpoint


async def home(portal: Portal, _request: Request) -> Response:
    flow = portal.errand()
    if flow is not None:
        return redirect(_errand_url(portal, flow))
    return _home(portal)


def _errand_url(portal: Portal, flow: Json) -> str:
    about = flow.get(flow["type"]) or {}
    url = f"{portal.url}/{ERRANDS[flow['type']]}"
    if "subscription" in about:
        url += f"/{about['subscription']}"
    if "items" in about:
        item = about["items"][0]
        url += f"?price={item['price'] or ''}&quantity={item.get('quantity', '')}"
    return url


def _home(portal: Portal, problem: str | None = None) -> Response:
    subscriptions = portal.subscriptions()
    upcoming = {one["id"]: portal.next_invoice(one) for one in subscriptions}
    return _show(
        portal,
        "portal_home.html",
        problem,
        subscriptions=subscriptions,
        upcoming=upcoming,
        methods=portal.methods(),
        customer=portal.customer,
        invoices=portal.invoices() if portal.allows("invoice_history") else [],
    )


async def done(portal: Portal, _request: Request) -> Response:
    flow = portal.session["flow"]
    confirmation = flow and flow["after_completion"]["hosted_confirmation"]
    return _show(portal, "portal_done.html", message=(confirmation or {}).get("custom_message"))


async def change_details(portal: Portal, request: Request) -> Response:
    form = await request.form()
    allowed = portal.features["customer_update"]["allowed_updates"]
    changes = {name: str(form[name]) for name in allowed if name in form}
    return _after(portal, lambda: portal.post(f"/v1/customers/{portal.customer['id']}", **changes))


async def ask_to_cancel(portal: Portal, request: Request) -> Response:
    subscription = _subscription(portal, request)
    return _missing() if subscription is None else _cancel_page(portal, subscription)


def _cancel_page(portal: Portal, subscription: Json, problem: str | None = None) -> Response:
    reason = portal.features["subscription_cancel"]["cancellation_reason"]
    options = reason["options"] if reason["enabled"] else []
    return _show(
        portal,
        "portal_cancel.html",
        problem,
        subscription=subscription,
        reasons={option: REASONS[option] for option in options},
        immediately=portal.features["subscription_cancel"]["mode"] == "immediately",
    )


async def cancel(portal: Portal, request: Request) -> Response:
    subscription = _subscription(portal, request)
    if subscription is None:
        return _missing()
    form = await request.form()
    try:
        portal.cancel(subscription, str(form.get("feedback", "")), str(form.get("comment", "")))
    except Refused as refused:
        return _cancel_page(portal, subscription, str(refused))
    return redirect(portal.done())


async def keep(portal: Portal, request: Request) -> Response:
    subscription = _subscription(portal, request)
    return _missing() if subscription is None else _after(portal, lambda: portal.keep(subscription))


async def choose(portal: Portal, request: Request) -> Response:
    subscription = _subscription(portal, request)
    if subscription is None or not portal.can_update(subscription):
        return _missing()
    return _choices(portal, subscription)


def _choices(portal: Portal, subscription: Json, problem: str | None = None) -> Response:
    allowed = portal.features["subscription_update"]["default_allowed_updates"]
    return _show(
        portal,
        "portal_update.html",
        problem,
        subscription=subscription,
        prices=portal.prices(subscription),
        quantities=portal.quantities(subscription),
        takes_codes="promotion_code" in allowed,
    )


async def confirm(portal: Portal, request: Request) -> Response:
    subscription = _subscription(portal, request)
    if subscription is None or not portal.can_update(subscription):
        return _missing()
    choice = portal.chosen(subscription, dict(request.query_params))
    try:
        waits = portal.waits(subscription, choice)
        preview = None if waits else portal.preview(subscription, choice)
    except Refused as refused:
        return _choices(portal, subscription, str(refused))
    return _show(
        portal,
        "portal_confirm.html",
        subscription=subscription,
        choice=choice,
        price=portal.get(f"/v1/prices/{choice.price}"),
        preview=preview,
    )


async def update(portal: Portal, request: Request) -> Response:
    subscription = _subscription(portal, request)
    if subscription is None or not portal.can_update(subscription):
        return _missing()
    try:
        portal.change(subscription, portal.chosen(subscription, dict(await request.form())))
    except Refused as refused:
        return _choices(portal, subscription, str(refused))
    return redirect(portal.done())


async def ask_for_card(portal: Portal, _request: Request) -> Response:
    return _card_page(portal)


def _card_page(
    portal: Portal, status: int = 200, problems: Json | None = None, kept: Json | None = None
) -> Response:
    return _show(
        portal,
        "portal_card.html",
        status=status,
        email=portal.customer["email"],
        problems=problems or {},
        kept=kept or {},
    )


async def add_card(portal: Portal, request: Request) -> Response:
    form = CardForm.from_form(await request.form(), portal.customer["email"])
    today = portal.now()
    problems = form.problems(today.month, today.year)
    if problems:
        return _card_page(portal, 422, problems, form.kept())
    base = portal.api.world.settings.base_url
    try:
        bank = portal.add_card(form.as_params(), f"{base}{portal.url}/card/confirmed")
    except Refused as refused:
        return _card_page(portal, 402, {"card": str(refused)}, form.kept())
    return redirect(bank or portal.done())


async def card_confirmed(portal: Portal, request: Request) -> Response:
    try:
        portal.finish_card(request.query_params.get("setup_intent", ""))
    except Refused as refused:
        return _card_page(portal, 402, {"card": str(refused)})
    return redirect(portal.done())


async def make_default(portal: Portal, request: Request) -> Response:
    method = _method(portal, request)
    return _missing() if method is None else _after(portal, lambda: portal.pay_with(method))


async def remove(portal: Portal, request: Request) -> Response:
    method = _method(portal, request)
    return _missing() if method is None else _after(portal, lambda: portal.remove(method))


def _method(portal: Portal, request: Request) -> str | None:
    """The payment method that the path names, if it is the customer's own."""
    asked: str = request.path_params["method"]
    return asked if asked in [method["id"] for method in portal.methods()] else None


def _subscription(portal: Portal, request: Request) -> Json | None:
    return portal.subscription(request.path_params["subscription"])


def _after(portal: Portal, act: Callable[[], object]) -> Response:
    """Home again after something was done there, or refused."""
    try:
        act()
    except Refused as refused:
        return _home(portal, str(refused))
    return redirect(portal.url)


def _missing() -> Response:
    return rendering.page("missing.html", 404, what="subscription or payment method of yours")


def _show(
    portal: Portal, template: str, problem: str | None = None, *, status: int = 200, **values: Any
) -> Response:
    return rendering.page(
        template,
        400 if problem else status,
        portal=portal,
        problem=problem,
        cost=cost,
        ends_at=ends_at,
        period_end=period_end,
        **values,
    )

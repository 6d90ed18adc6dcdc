"""Checkout sessions: what is for sale, to whom, until when. Paying one is `payment_pages`."""

from __future__ import annotations

from collections.abc import Sequence

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST, PAGE, page, whole
from local.stripe_simulator.params import Params, changes_of, hash_of, merged, one_of, text
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue import coupons, discounts
from local.stripe_simulator.resources.catalogue.discounts import Purchase
from local.stripe_simulator.resources.checkout import checkout_lines, session_params
from local.stripe_simulator.resources.checkout.checkout_lines import Terms
from local.stripe_simulator.resources.payments import intents, payment_intents
from local.stripe_simulator.resources.subscriptions import subscriptions
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

SHORTEST_SECONDS = 1800
LONGEST_SECONDS = 86400
RECOVERABLE_SECONDS = 30 * 86400
NOT_RECOVERED = ("discounts", "expires_at")
PAYMENT_METHOD_OPTIONS: dict[str, Json] = {
    "card": {"request_three_d_secure": "automatic"},
    "sepa_debit": {},
    "us_bank_account": {"verification_method": "automatic"},
}


def create(world: World, params: Params) -> Json:
    session_params.check(params)
    mode = params["mode"]
    customer_id = params.get("customer")
    customer = world.store.get("customer", customer_id, "customer") if customer_id else None
    given = params.get("line_items", [])
    wanted = params.get("currency") or (customer["currency"] if customer else None)
    lines = [
        checkout_lines.new(world, each, index, mode, wanted) for index, each in enumerate(given)
    ]
    currency = _currency(params, lines)
    session_id = world.new_id("cs_test_a1", 58)
    world.private[session_id] = {
        "discount": None,
        "line_items": lines,
        "params": {name: each for name, each in params.items() if name != "line_items"},
    }
    session = world.store.insert(
        {
            **_empty(world, session_id),
            "after_expiration": _after_expiration(params),
            "allow_promotion_codes": params.get("allow_promotion_codes"),
            "allowed_payment_method_types": params.get("allowed_payment_method_types"),
            "automatic_tax": _automatic_tax(params),
            "billing_address_collection": params.get("billing_address_collection"),
            "cancel_url": params.get("cancel_url"),
            "client_reference_id": params.get("client_reference_id"),
            "consent_collection": _consent_collection(params),
            "currency": currency,
            "custom_fields": [_custom_field(each) for each in params.get("custom_fields", [])],
            "custom_text": _custom_text(params),
            "customer": customer_id,
            "customer_creation": _customer_creation(params),
            "customer_details": details_of(customer, params.get("customer_email")),
            "customer_email": params.get("customer_email"),
            "expires_at": _expiry(world.now(), params.get("expires_at")),
            "integration_identifier": params.get("integration_identifier"),
            "invoice_creation": _invoice_creation(params) if mode == "payment" else None,
            "locale": params.get("locale"),
            "metadata": merged({}, params.get("metadata")),
            "mode": mode,
            "origin_context": params.get("origin_context"),
            "payment_method_collection": params.get(
                "payment_method_collection", "if_required" if mode == "payment" else "always"
            ),
            **_method_types(params, currency),
            "payment_status": "no_payment_required" if mode == "setup" else "unpaid",
            "phone_number_collection": params.get("phone_number_collection", {"enabled": False}),
            "submit_type": params.get("submit_type"),
            "success_url": params["success_url"],
        }
    )
    if lines:
        checkout_lines.check_together(lines, mode)
        session = discount(world, session, (params.get("discounts") or [None])[0])
    world.schedule(session["expires_at"], "checkout_session.expire", session_id)
    return session


def _empty(world: World, session_id: str) -> Json:
    return {
        "id": session_id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": None,
        "amount_total": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "created": world.now(),
        "currency_conversion": None,
        "customer_account": None,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "payment_intent": None,
        "payment_link": None,
        "payment_method_configuration_details": None,
        "permissions": None,
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "subscription": None,
        "total_details": None,
        "ui_mode": "hosted_page",
        "url": f"{world.settings.base_url}/c/pay/{session_id}",
        "wallet_options": None,
    }


def _currency(params: Params, lines: Sequence[Json]) -> str | None:
    given: str | None = params.get("currency")
    if not lines:
        return given
    currency = str(lines[0]["currency"])
    if given not in (None, currency):
        message = f"The price specified only supports `{currency}`. This doesn't match `{given}`."
        raise invalid(message, "currency")
    return currency


def _method_types(params: Params, currency: str | None) -> Json:
    offered = session_params.method_types(params, currency)
    return {
        "payment_method_options": {each: PAYMENT_METHOD_OPTIONS[each] for each in offered},
        "payment_method_types": offered,
    }


def _after_expiration(params: Params) -> Json | None:
    if "after_expiration" not in params:
        return None
    recovery = params["after_expiration"].get("recovery")
    unused = {"allow_promotion_codes": False, "expires_at": None, "url": None}
    return {"recovery": recovery and {**unused, **recovery}}


def _automatic_tax(params: Params) -> Json:
    enabled = params.get("automatic_tax", {}).get("enabled", False)
    return {
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "requires_location_inputs" if enabled else None,
    }


def _consent_collection(params: Params) -> Json | None:
    if "consent_collection" not in params:
        return None
    nothing = dict.fromkeys(("payment_method_reuse_agreement", "promotions", "terms_of_service"))
    return {**nothing, **params["consent_collection"]}


def _custom_field(given: Params) -> Json:
    kind = given["type"]
    unset = {"default_value": None, "value": None}
    limits = {} if kind == "dropdown" else {"maximum_length": None, "minimum_length": None}
    return {
        "key": given["key"],
        "label": given["label"],
        "optional": given.get("optional", False),
        "type": kind,
        kind: {**unset, **limits, **given.get(kind, {})},
    }


def _custom_text(params: Params) -> Json:
    return {**dict.fromkeys(session_params.CUSTOM_TEXT), **params.get("custom_text", {})}


def _customer_creation(params: Params) -> str | None:
    if params.get("customer"):
        return None
    default = "if_required" if params["mode"] == "payment" else "always"
    return str(params.get("customer_creation", default))


def details_of(customer: Json | None, email: str | None) -> Json | None:
    """What the session knows of who pays."""
    if customer is None and email is None:
        return None
    known = customer or {}
    return {
        "address": known.get("address"),
        "business_name": None,
        "email": known.get("email") or email,
        "individual_name": None,
        "name": known.get("name"),
        "phone": known.get("phone"),
        "tax_exempt": known.get("tax_exempt", "none"),
        "tax_ids": [],
    }


def _invoice_creation(params: Params) -> Json:
    given = params.get("invoice_creation", {"enabled": False})
    unset: Json = {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": None,
        "metadata": {},
        "rendering_options": None,
    }
    return {**given, "invoice_data": {**unset, **given.get("invoice_data", {})}}


def _expiry(now: int, given: int | None) -> int:
    if given is None:
        return now + LONGEST_SECONDS
    if not now + SHORTEST_SECONDS <= given <= now + LONGEST_SECONDS:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from "
            "Checkout Session creation.",
            "expires_at",
        )
    return given


def terms_of(world: World, session: Json) -> Terms:
    """How much of the prices is due today: by the customer, and by the subscription to make."""
    data = world.private[session["id"]]["params"].get("subscription_data", {})
    anchor = data.get("billing_cycle_anchor")
    where = "subscription_data[billing_cycle_anchor]"
    if anchor is not None and anchor <= world.now():
        raise invalid("`billing_cycle_anchor` must be in the future.", where)
    details = session["customer_details"] or {}
    return Terms(
        now=world.now(),
        trial=subscriptions.trial_end_of(world, data) is not None,
        anchor=anchor,
        prorated=data.get("proration_behavior") != "none",
        default_tax_rates=tuple(
            world.store.get("tax_rate", rate, "subscription_data[default_tax_rates]")
            for rate in data.get("default_tax_rates", [])
        ),
        tax_exempt=details.get("tax_exempt") or "none",
    )


def discount(world: World, session: Json, given: Params | None) -> Json:
    """The open session with that coupon or promotion code, or with none, worked out anew.

    It is redeemed when the session is paid; until then it may still run out.
    """
    private = world.private[session["id"]]
    lines, terms = private["line_items"], terms_of(world, session)
    order = purchase(world, session)
    shown, reduction = None, None
    if given is not None:
        coupon = discounts.check(world, given, order)
        holder = {} if session["mode"] == "subscription" else {"checkout_session": session["id"]}
        shown = discounts.shape(world, coupon, given.get("promotion_code"), order, holder)
        reduction = discounts.reduction(coupons.terms(world, coupon), session["currency"])
    lines = checkout_lines.work_out(world, lines, terms, shown, reduction)
    world.private[session["id"]] = {**private, "discount": given, "line_items": lines}
    return world.store.update(
        session,
        discounts=[{"coupon": None, "promotion_code": None, **given}] if given else [],
        **checkout_lines.totals(lines),
    )


def purchase(world: World, session: Json) -> Purchase:
    """What a code is redeemed on: the minimum is compared with what the page sells."""
    lines = world.private[session["id"]]["line_items"]
    return Purchase(
        session["customer"],
        session["currency"],
        frozenset(line["price"]["product"] for line in lines),
        sum(checkout_lines.full_amount(world, line) for line in lines),
    )


def set_quantities(world: World, session: Json, quantities: dict[str, int]) -> Json:
    """The open session with other quantities of its adjustable items, by their ids."""
    private = world.private[session["id"]]
    lines = [_with_quantity(line, quantities.get(line["id"])) for line in private["line_items"]]
    checkout_lines.check_together(lines, session["mode"])
    world.private[session["id"]] = {**private, "line_items": lines}
    return discount(world, session, private.get("discount"))


def _with_quantity(line: Json, quantity: int | None) -> Json:
    if quantity in (None, line["quantity"]):
        return line
    if line["adjustable_quantity"] is None:
        raise invalid("The quantity of this item can't be adjusted.", "quantities")
    checkout_lines.check_quantity(line, int(quantity or 0), f"quantities[{line['id']}]")
    return {**line, "quantity": quantity}


def open_session(world: World, session_id: str) -> Json:
    """The session, if it is still open."""
    session = world.store.get("checkout.session", session_id)
    if session["status"] != "open":
        raise invalid(
            f"This Checkout Session is no longer open: it is {session['status']}.",
            code=f"checkout_session_{session['status']}",
        )
    return session


def update(world: World, params: Params, session_id: str) -> Json:
    session = world.store.get("checkout.session", session_id)
    changes = changes_of(session, params)
    if "payment_intent_data" in changes:
        _change_payment_intent_data(world, session, changes.pop("payment_intent_data"))
    return world.store.update(session, **changes)


def _change_payment_intent_data(world: World, session: Json, given: Params) -> None:
    if session["mode"] != "payment":
        message = f"You can not pass `payment_intent_data` in `{session['mode']}` mode."
        raise invalid(message, "payment_intent_data")
    open_session(world, session["id"])
    private = world.private[session["id"]]
    before = private["params"].get("payment_intent_data", {})
    data = {**before, **changes_of({"metadata": before.get("metadata")}, given)}
    params = {**private["params"], "payment_intent_data": data}
    world.private[session["id"]] = {**private, "params": params}


def expire(world: World, _params: Params, session_id: str) -> Json:
    session = world.store.get("checkout.session", session_id)
    if session["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of `{session['status']}`."
        )
    return _expire(world, session)


def _expire(world: World, session: Json) -> Json:
    """End a session that nobody paid; whoever waits for it to be authenticated waits in vain."""
    intent = world.store.find(world.private[session["id"]].get("intent", "")) or {}
    if intent.get("object") == "payment_intent" and intent["status"] in intents.OPEN:
        payment_intents.abandon(world, intent, "abandoned")
    session = world.store.update(
        session, after_expiration=_recovery(world, session), status="expired", url=None
    )
    world.emit("checkout.session.expired", session)
    return session


def _recovery(world: World, session: Json) -> Json | None:
    """Where a copy of the session can be had for a while, if that was wanted."""
    after: Json | None = session["after_expiration"]
    recovery = after and after["recovery"]
    if not recovery or not recovery["enabled"]:
        return after
    url = f"{world.settings.base_url}/c/recover/{session['id']}"
    until = world.now() + RECOVERABLE_SECONDS
    return {"recovery": {**recovery, "expires_at": until, "url": url}}


def recover(world: World, session_id: str) -> Json:
    """A copy of an expired session, for who comes back to it ("Recover abandoned carts")."""
    former = world.store.get("checkout.session", session_id)
    recovery = (former["after_expiration"] or {}).get("recovery") or {}
    if not recovery.get("url") or recovery["expires_at"] <= world.now():
        raise invalid("This Checkout Session can't be recovered.")
    private = world.private[session_id]
    params = {
        **{name: each for name, each in private["params"].items() if name not in NOT_RECOVERED},
        "allow_promotion_codes": recovery["allow_promotion_codes"],
        "line_items": [checkout_lines.given(world, line) for line in private["line_items"]],
    }
    return world.store.update(create(world, params), recovered_from=session_id)


def expire_due(world: World, session_id: str) -> None:
    session = world.store.get("checkout.session", session_id)
    if session["status"] == "open" and session["expires_at"] <= world.now():
        _expire(world, session)


def line_items(world: World, params: Params, session_id: str) -> Json:
    world.store.get("checkout.session", session_id)
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return page(world.private[session_id]["line_items"], params, url)


def listing(world: World, params: Params) -> Json:
    keys = ("customer", "subscription", "payment_intent")
    where = {name: params[name] for name in keys if params.get(name)}
    email = params.get("customer_details", {}).get("email")
    found = (
        session
        for session in world.store.newest_first("checkout.session", **where)
        if params.get("status") in (None, session["status"])
        and email in (None, (session["customer_details"] or {}).get("email"))
    )
    return page(found, params, "/v1/checkout/sessions")


def _line_items(world: World, session: Json) -> Json:
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return whole(world.private[session["id"]]["line_items"], url)


def _breakdown(world: World, session: Json) -> Json:
    return checkout_lines.breakdown(world, world.private[session["id"]]["line_items"])


ROUTES = (
    Route("POST", "/v1/checkout/sessions", create, session_params.CREATE),
    Route(
        "GET",
        "/v1/checkout/sessions",
        listing,
        {
            **LIST,
            "customer": text(),
            "customer_details": hash_of({"email": text()}),
            "payment_intent": text(),
            "status": one_of("complete", "expired", "open"),
            "subscription": text(),
        },
    ),
    plain.retrieve("/v1/checkout/sessions/{}", "checkout.session"),
    Route("POST", "/v1/checkout/sessions/{}", update, session_params.UPDATE),
    Route("POST", "/v1/checkout/sessions/{}/expire", expire, {}),
    Route("GET", "/v1/checkout/sessions/{}/line_items", line_items, PAGE),
)
INCLUDABLE = {
    ("checkout.session", "line_items"): _line_items,
    ("checkout.session", "total_details.breakdown"): _breakdown,
    **checkout_lines.INCLUDABLE,
}
TIMERS = {"checkout_session.expire": expire_due}

"""Checkout sessions: what is for sale, to whom, until when. Paying one is `payment_pages`."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST, PAGE, page, whole
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    hash_of,
    integer,
    list_of,
    merged,
    metadata,
    moment,
    one_of,
    required,
    text,
    timestamp,
    unsupported,
    url,
)
from local.stripe_simulator.resources.catalogue import prices
from local.stripe_simulator.resources.subscriptions import subscription_params, subscriptions
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

SHORTEST_SECONDS = 1800
LONGEST_SECONDS = 86400
LINE_ITEM = hash_of(
    {
        "price": text(),
        "price_data": hash_of(
            {**prices.AMOUNT, "product": text(), "product_data": prices.CREATE["product_data"]}
        ),
        "quantity": integer(0, 999_999),
        "metadata": metadata,
    }
)
SUBSCRIPTION_DATA = hash_of(
    {
        "billing_mode": subscription_params.CREATE["billing_mode"],
        "description": text(500),
        "metadata": metadata,
        "trial_end": moment(),
        "trial_period_days": integer(1, 730),
        "trial_settings": subscription_params.TRIAL_SETTINGS,
    }
)
PAYMENT_INTENT_DATA = hash_of(
    {
        "description": text(),
        "metadata": metadata,
        "receipt_email": text(),
        "setup_future_usage": one_of("off_session", "on_session"),
    }
)
CREATE: Spec = {
    "allow_promotion_codes": boolean,
    "automatic_tax": hash_of({"enabled": required(boolean)}),
    "billing_address_collection": one_of("auto", "required"),
    "cancel_url": url,
    "client_reference_id": text(200),
    "customer": text(),
    "customer_creation": one_of("always", "if_required"),
    "customer_email": text(512),
    "customer_update": hash_of(
        dict.fromkeys(("address", "name", "shipping"), one_of("auto", "never"))
    ),
    "expires_at": timestamp,
    "line_items": required(list_of(LINE_ITEM)),
    "locale": text(),
    "metadata": metadata,
    "mode": required(one_of("payment", "subscription")),
    "payment_intent_data": PAYMENT_INTENT_DATA,
    "payment_method_collection": one_of("always", "if_required"),
    "subscription_data": SUBSCRIPTION_DATA,
    "success_url": url,
    "submit_type": one_of("auto", "book", "donate", "pay", "subscribe"),
    "ui_mode": one_of("hosted_page"),
    "discounts": unsupported("discounts"),
    "tax_id_collection": unsupported("collecting tax ids"),
    "return_url": unsupported("embedded pages"),
}


def create(world: World, params: Params) -> Json:
    mode = params["mode"]
    _check_fields_of_mode(params, mode)
    customer = _customer(world, params)
    lines = [_line(world, given, index, mode) for index, given in enumerate(params["line_items"])]
    currencies = {line["currency"] for line in lines}
    if len(currencies) != 1:
        raise invalid("All line items must have the same currency.", "line_items")
    data = params.get("subscription_data", {})
    subtotal = sum(line["amount_subtotal"] for line in lines)
    total = 0 if subscriptions.trial_end_of(world, data) else subtotal
    automatic = params.get("automatic_tax", {}).get("enabled", False)
    session_id = world.new_id("cs_test_a1", 58)
    now = world.now()
    session = world.store.insert(
        {
            "id": session_id,
            "object": "checkout.session",
            "adaptive_pricing": {"enabled": False},
            "after_expiration": None,
            "allow_promotion_codes": params.get("allow_promotion_codes"),
            "allowed_payment_method_types": None,
            "amount_subtotal": total,
            "amount_total": total,
            "automatic_tax": {
                "enabled": automatic,
                "liability": {"type": "self"} if automatic else None,
                "provider": "stripe" if automatic else None,
                "status": "requires_location_inputs" if automatic else None,
            },
            "billing_address_collection": params.get("billing_address_collection"),
            "cancel_url": params.get("cancel_url"),
            "client_reference_id": params.get("client_reference_id"),
            "client_secret": None,
            "collected_information": None,
            "consent": None,
            "consent_collection": None,
            "created": now,
            "currency": currencies.pop(),
            "currency_conversion": None,
            "custom_fields": [],
            "custom_text": {
                "after_submit": None,
                "shipping_address": None,
                "submit": None,
                "terms_of_service_acceptance": None,
            },
            "customer": customer and customer["id"],
            "customer_account": None,
            "customer_creation": _customer_creation(params),
            "customer_details": details_of(customer, params.get("customer_email")),
            "customer_email": params.get("customer_email"),
            "discounts": [],
            "expires_at": _expiry(now, params.get("expires_at")),
            "integration_identifier": None,
            "invoice": None,
            "invoice_creation": _invoice_creation() if mode == "payment" else None,
            "livemode": False,
            "locale": params.get("locale"),
            "managed_payments": {"enabled": False},
            "metadata": merged({}, params.get("metadata")),
            "mode": mode,
            "origin_context": None,
            "payment_intent": None,
            "payment_link": None,
            "payment_method_collection": params.get(
                "payment_method_collection", "if_required" if mode == "payment" else "always"
            ),
            "payment_method_configuration_details": None,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "payment_status": "unpaid",
            "permissions": None,
            "phone_number_collection": {"enabled": False},
            "recovered_from": None,
            "saved_payment_method_options": None,
            "setup_intent": None,
            "shipping_address_collection": None,
            "shipping_cost": None,
            "shipping_options": [],
            "status": "open",
            "submit_type": params.get("submit_type"),
            "subscription": None,
            "success_url": params.get("success_url"),
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": f"{world.settings.base_url}/c/pay/{session_id}",
            "wallet_options": None,
        }
    )
    world.private[session_id] = {
        "line_items": lines,
        "subscription_data": data,
        "payment_intent_data": params.get("payment_intent_data", {}),
    }
    world.schedule(session["expires_at"], "checkout_session.expire", session_id)
    return session


def _check_fields_of_mode(params: Params, mode: str) -> None:
    other = {"payment": "subscription_data", "subscription": "payment_intent_data"}[mode]
    if other in params:
        raise invalid(f"You can not pass `{other}` in `{mode}` mode.", other)
    if mode == "subscription" and "customer_creation" in params:
        message = "`customer_creation` can only be used in `payment` mode."
        raise invalid(message, "customer_creation")
    if not params.get("success_url"):
        message = "You must specify `success_url` in `hosted_page` UI mode."
        raise invalid(message, "success_url", "parameter_missing")


def _customer(world: World, params: Params) -> Json | None:
    if not params.get("customer"):
        return None
    if params.get("customer_email"):
        raise invalid(
            "You may only specify one of these parameters: customer, customer_email.",
            "customer",
        )
    return world.store.get("customer", params["customer"], "customer")


def _customer_creation(params: Params) -> str | None:
    if params.get("customer"):
        return None
    default = "always" if params["mode"] == "subscription" else "if_required"
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


def _invoice_creation() -> Json:
    return {
        "enabled": False,
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": None,
            "metadata": {},
            "rendering_options": None,
        },
    }


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


def _line(world: World, given: Params, index: int, mode: str) -> Json:
    where = f"line_items[{index}]"
    price = _price(world, given, where)
    if mode == "payment" and price["type"] == "recurring":
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.",
            where,
        )
    if mode == "subscription" and price["type"] == "one_time":
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices.",
            where,
        )
    quantity = given.get("quantity")
    if quantity is None:
        raise invalid("Quantity is required. Add `quantity` to " + where, where)
    amount = price["unit_amount"] * quantity
    return {
        "id": world.new_id("li_1", 23),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": world.store.get("product", price["product"])["name"],
        "metadata": merged({}, given.get("metadata")),
        "price": price,
        "quantity": quantity,
    }


def _price(world: World, given: Params, where: str) -> Json:
    if ("price" in given) == ("price_data" in given):
        raise invalid("You must specify either `price` or `price_data`.", where)
    if "price_data" in given:
        return prices.create(world, given["price_data"])
    price = world.store.get("price", given["price"], f"{where}[price]")
    if not price["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.",
            f"{where}[price]",
        )
    return price


def retrieve(world: World, _params: Params, session_id: str) -> Json:
    return world.store.get("checkout.session", session_id)


def update(world: World, params: Params, session_id: str) -> Json:
    session = world.store.get("checkout.session", session_id)
    if "metadata" not in params:
        return session
    return world.store.update(session, metadata=merged(session["metadata"], params["metadata"]))


def expire(world: World, _params: Params, session_id: str) -> Json:
    session = world.store.get("checkout.session", session_id)
    if session["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of `{session['status']}`."
        )
    return _expire(world, session)


def _expire(world: World, session: Json) -> Json:
    session = world.store.update(session, status="expired", url=None)
    world.emit("checkout.session.expired", session)
    return session


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


ROUTES = (
    Route("POST", "/v1/checkout/sessions", create, CREATE),
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
    Route("GET", "/v1/checkout/sessions/{}", retrieve, {}),
    Route("POST", "/v1/checkout/sessions/{}", update, {"metadata": metadata}),
    Route("POST", "/v1/checkout/sessions/{}/expire", expire, {}),
    Route("GET", "/v1/checkout/sessions/{}/line_items", line_items, PAGE),
)
INCLUDABLE = {("checkout.session", "line_items"): _line_items}
TIMERS = {"checkout_session.expire": expire_due}

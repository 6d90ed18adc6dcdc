"""Portal sessions: a customer's way into the portal for a short time, perhaps to one errand.

A session is a bearer's: it ends five minutes after it was created unless somebody comes, and an
hour after the last visit (Stripe's "Integrate the customer portal" guide).
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid, no_such, not_simulated
from local.stripe_simulator.params import (
    Params,
    Spec,
    hash_of,
    integer,
    list_of,
    one_of,
    required,
    text,
    unsupported,
    url,
)
from local.stripe_simulator.resources.portal import portal_configurations
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

UNVISITED_SECONDS = 300
IDLE_SECONDS = 3600
NOT_SIMULATED = ("customer_update", "subscription_pause")
SUBSCRIPTION_FLOWS: Json = {  # what each shows where nothing else was given
    "subscription_cancel": {"retention": None},
    "subscription_update": {},
    "subscription_update_confirm": {"discounts": None},
}
FLOWS = ("payment_method_update", *SUBSCRIPTION_FLOWS)
SUBSCRIPTION: Spec = {"subscription": required(text())}
ITEM = hash_of({"id": required(text()), "price": text(), "quantity": integer(0, 999_999)})
FLOW_DATA = hash_of(
    {
        "type": required(one_of(*FLOWS, *NOT_SIMULATED)),
        "after_completion": hash_of(
            {
                "type": required(one_of("hosted_confirmation", "portal_homepage", "redirect")),
                "hosted_confirmation": hash_of({"custom_message": text(500)}),
                "redirect": hash_of({"return_url": required(url)}),
            }
        ),
        "subscription_cancel": hash_of(
            {**SUBSCRIPTION, "retention": unsupported("retention offers")}
        ),
        "subscription_update": hash_of(SUBSCRIPTION),
        "subscription_update_confirm": hash_of(
            {
                **SUBSCRIPTION,
                "items": required(list_of(ITEM, maximum=1)),
                "discounts": unsupported("discounts in the portal"),
            }
        ),
        "subscription_pause": unsupported("pausing in the portal"),
    }
)
CREATE: Spec = {
    "configuration": text(),
    "customer": required(text()),
    "flow_data": FLOW_DATA,
    "locale": text(),
    "return_url": url,
    "after_expiration": unsupported("recovering expired sessions"),
    "on_behalf_of": unsupported("connected accounts"),
}


def create(world: World, params: Params) -> Json:
    customer = world.store.get("customer", params["customer"], "customer")
    configuration = _configuration(world, params.get("configuration"))
    flow = params.get("flow_data")
    session_id = world.new_id("bps_1", 23)
    session = world.store.insert(
        {
            "id": session_id,
            "object": "billing_portal.session",
            "configuration": configuration["id"],
            "created": world.now(),
            "customer": customer["id"],
            "customer_account": None,
            "flow": _flow(world, flow, customer, configuration) if flow else None,
            "livemode": False,
            "locale": params.get("locale"),
            "on_behalf_of": None,
            "return_url": params.get("return_url") or configuration["default_return_url"],
            "url": f"{world.settings.base_url}/p/session/{session_id}",
        }
    )
    world.private[session_id] = {"expires_at": world.now() + UNVISITED_SECONDS}
    world.emit("billing_portal.session.created", session)
    return session


def _configuration(world: World, configuration_id: str | None) -> Json:
    if not configuration_id:
        return portal_configurations.default(world)
    kind = "billing_portal.configuration"
    configuration = world.store.get(kind, configuration_id, "configuration")
    if not configuration["active"]:
        message = f"The configuration `{configuration_id}` is inactive and can't be used."
        raise invalid(message, "configuration")
    return configuration


def _flow(world: World, given: Params, customer: Json, configuration: Json) -> Json:
    """The errand of a session; it must be one that the configuration allows."""
    kind = given["type"]
    if kind in NOT_SIMULATED:
        raise not_simulated(f"the portal flow {kind}", "flow_data[type]")
    feature = kind.removesuffix("_confirm")
    if not configuration["features"][feature]["enabled"]:
        raise invalid(
            f"This portal flow cannot be used because the {feature.replace('_', ' ')} feature in "
            "the portal configuration is disabled.",
            "flow_data[type]",
        )
    about = dict.fromkeys((*SUBSCRIPTION_FLOWS, *NOT_SIMULATED))
    if kind in SUBSCRIPTION_FLOWS:
        about[kind] = _about(world, given, customer)
    return {"after_completion": _after(given.get("after_completion", {})), "type": kind, **about}


def _about(world: World, given: Params, customer: Json) -> Json:
    """Which subscription the errand is about, and what is to happen to it."""
    kind = given["type"]
    where = f"flow_data[{kind}]"
    if kind not in given:
        raise invalid(f"Missing required param: {where}.", where, "parameter_missing")
    _check_subscription(world, given[kind], customer, where)
    about: Json = {**SUBSCRIPTION_FLOWS[kind], **given[kind]}
    if "items" in about:
        about["items"] = [{"id": None, "price": None, **item} for item in about["items"]]
    return about


def _check_subscription(world: World, given: Params, customer: Json, where: str) -> None:
    param = f"{where}[subscription]"
    subscription = world.store.get("subscription", given["subscription"], param)
    if subscription["customer"] != customer["id"]:
        raise no_such("subscription", subscription["id"], param)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise invalid(
            f"The subscription `{subscription['id']}` is {subscription['status']}.", param
        )
    known = {item["id"] for item in subscription["items"]["data"]}
    for index, item in enumerate(given.get("items", [])):
        if item["id"] not in known:
            raise no_such("subscription_item", item["id"], f"{where}[items][{index}][id]")
        if "price" in item:
            world.store.get("price", item["price"], f"{where}[items][{index}][price]")


def _after(given: Params) -> Json:
    """What follows the errand: the portal's home page unless told otherwise."""
    kind = given.get("type", "portal_homepage")
    confirmation = given.get("hosted_confirmation", {})
    if kind == "redirect" and "redirect" not in given:
        path = "flow_data[after_completion][redirect]"
        raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
    return {
        "hosted_confirmation": (
            {"custom_message": confirmation.get("custom_message")}
            if kind == "hosted_confirmation"
            else None
        ),
        "redirect": given.get("redirect"),
        "type": kind,
    }


def visit(world: World, session: Json) -> bool:
    """Whether the session is still open; if so it is for another hour."""
    known = world.private[session["id"]]
    with world.on_clock(world.clock_of(session["id"])):
        if known["expires_at"] <= world.now():
            return False
        world.private[session["id"]] = {**known, "expires_at": world.now() + IDLE_SECONDS}
    return True


def is_done(world: World, session: Json) -> bool:
    """Whether the errand of a session was run."""
    return bool(world.private[session["id"]].get("done"))


def complete(world: World, session: Json) -> None:
    world.private[session["id"]] = {**world.private[session["id"]], "done": True}


ROUTES = (Route("POST", "/v1/billing_portal/sessions", create, CREATE),)

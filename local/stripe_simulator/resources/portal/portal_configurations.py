"""Portal configurations: what customers may do for themselves in the portal.

A session that names none uses the account's default, which is there as soon as it is needed: it
stands for what a Stripe user saves in the dashboard.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import PAGE
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    changes_of,
    clearable,
    hash_of,
    integer,
    list_of,
    merged,
    metadata,
    one_of,
    required,
    text,
    unsupported,
    url,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

REASONS = (
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
)
PRORATIONS = one_of("always_invoice", "create_prorations", "none")
ENABLED: Spec = {"enabled": required(boolean)}
CUSTOMER_UPDATE: Spec = {
    **ENABLED,
    "allowed_updates": clearable(
        list_of(one_of("address", "email", "name", "phone", "shipping", "tax_id"))
    ),
}
SUBSCRIPTION_CANCEL: Spec = {
    **ENABLED,
    "cancellation_reason": hash_of(
        {
            **ENABLED,
            "options": clearable(list_of(one_of(*REASONS))),
            "feedback_options": unsupported("feedback options of one's own"),
        }
    ),
    "mode": one_of("at_period_end", "immediately"),
    "proration_behavior": PRORATIONS,
}
PRODUCT = hash_of(
    {
        "product": required(text()),
        "prices": required(list_of(text())),
        "adjustable_quantity": hash_of(
            {**ENABLED, "minimum": integer(0), "maximum": integer(1, 999_999)}
        ),
    }
)
CONDITION = hash_of({"type": required(one_of("decreasing_item_amount", "shortening_interval"))})
SUBSCRIPTION_UPDATE: Spec = {
    **ENABLED,
    "billing_cycle_anchor": one_of("now", "unchanged"),
    "default_allowed_updates": clearable(list_of(one_of("price", "promotion_code", "quantity"))),
    "products": clearable(list_of(PRODUCT, maximum=10)),
    "proration_behavior": PRORATIONS,
    "schedule_at_period_end": hash_of({"conditions": list_of(CONDITION)}),
    "trial_update_behavior": one_of("continue_trial", "end_trial"),
}
FEATURES = hash_of(
    {
        "customer_update": hash_of(CUSTOMER_UPDATE),
        "invoice_history": hash_of(ENABLED),
        "payment_method_update": hash_of(
            {**ENABLED, "payment_method_configuration": unsupported("payment method settings")}
        ),
        "subscription_cancel": hash_of(SUBSCRIPTION_CANCEL),
        "subscription_update": hash_of(SUBSCRIPTION_UPDATE),
        "subscription_pause": unsupported("pausing in the portal"),
    }
)
FIELDS: Spec = {
    "business_profile": hash_of(
        {"headline": text(60), "privacy_policy_url": url, "terms_of_service_url": url}
    ),
    "default_return_url": url,
    "features": FEATURES,
    "login_page": unsupported("the portal's login page"),
    "metadata": metadata,
    "name": text(),
}
CREATE: Spec = {**FIELDS, "features": required(FEATURES)}
UPDATE: Spec = {**FIELDS, "active": boolean}
OFF: Json = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {
            "enabled": False,
            "feedback_options": None,
            "options": list(REASONS),
        },
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {
        "duration": {"interval_options": [], "type": "indefinite"},
        "enabled": False,
    },
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
DEFAULT: Params = {
    "customer_update": {"allowed_updates": ["email", "name", "phone"], "enabled": True},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"cancellation_reason": {"enabled": True}, "enabled": True},
    "subscription_update": {
        "default_allowed_updates": ["price", "quantity"],
        "enabled": True,
        "products": None,  # whatever the account sells
        "proration_behavior": "create_prorations",
    },
}


def create(world: World, params: Params) -> Json:
    _check_update_feature(world, params["features"].get("subscription_update", {}))
    return new(world, params)


def new(world: World, params: Params, *, is_default: bool = False) -> Json:
    configuration = world.store.insert(
        {
            "id": world.new_id("bpc_1", 23),
            "object": "billing_portal.configuration",
            "active": True,
            "application": None,
            "business_profile": _business_profile(params.get("business_profile", {})),
            "created": world.now(),
            "default_return_url": params.get("default_return_url"),
            "features": _features(OFF, params["features"]),
            "is_default": is_default,
            "livemode": False,
            "login_page": {"enabled": False, "url": None},
            "metadata": merged({}, params.get("metadata")),
            "name": params.get("name"),
            "updated": world.now(),
        }
    )
    world.emit("billing_portal.configuration.created", configuration)
    return configuration


def default(world: World) -> Json:
    """The account's default configuration, made when it is first asked for."""
    known = world.store.newest_first("billing_portal.configuration")
    found = next((one for one in known if one["is_default"]), None)
    return found or new(world, {"features": DEFAULT}, is_default=True)


def _business_profile(given: Params, former: Json | None = None) -> Json:
    nothing = dict.fromkeys(("headline", "privacy_policy_url", "terms_of_service_url"))
    return {**nothing, **(former or {}), **given}


def _features(former: Json, given: Params) -> Json:
    """The features after `given`; a list that is cleared becomes empty."""
    features: Json = {}
    for name, feature in former.items():
        changed = {**feature, **given.get(name, {})}
        for key in ("allowed_updates", "default_allowed_updates"):
            if key in changed:
                changed[key] = changed[key] or []
        features[name] = changed
    reason = given.get("subscription_cancel", {}).get("cancellation_reason", {})
    kept = former["subscription_cancel"]["cancellation_reason"]
    features["subscription_cancel"]["cancellation_reason"] = {**kept, **reason}
    update = features["subscription_update"]
    update["products"] = update["products"] and [_product(one) for one in update["products"]]
    return features


def _product(given: Params) -> Json:
    adjustable = {"enabled": False, "maximum": None, "minimum": 1}
    return {**given, "adjustable_quantity": {**adjustable, **given.get("adjustable_quantity", {})}}


def _check_update_feature(world: World, feature: Params) -> None:
    """What may be updated must be said, and exist."""
    where = "features[subscription_update]"
    for name in ("default_allowed_updates", "products"):
        if feature.get("enabled") and name not in feature:
            path = f"{where}[{name}]"
            raise invalid(f"Missing required param: {path}.", path, "parameter_missing")
    for index, product in enumerate(feature.get("products") or []):
        world.store.get("product", product["product"], f"{where}[products][{index}][product]")
        for price_id in product["prices"]:
            param = f"{where}[products][{index}][prices]"
            price = world.store.get("price", price_id, param)
            if price["product"] != product["product"]:
                message = f"The price `{price_id}` does not belong to `{product['product']}`."
                raise invalid(message, param)


def update(world: World, params: Params, configuration_id: str) -> Json:
    before = world.store.get("billing_portal.configuration", configuration_id)
    if before["is_default"] and params.get("active") is False:
        raise invalid("You cannot deactivate the default configuration.", "active")
    changes = changes_of(before, params)
    if "features" in params:
        feature = params["features"].get("subscription_update")
        if feature:
            former = before["features"]["subscription_update"]
            _check_update_feature(world, {**former, **feature})
        changes["features"] = _features(before["features"], params["features"])
    if "business_profile" in params:
        former = before["business_profile"]
        changes["business_profile"] = _business_profile(params["business_profile"], former)
    configuration = world.store.update(before, **changes, updated=world.now())
    world.emit("billing_portal.configuration.updated", configuration, before)
    return configuration


ROUTES = (
    Route("POST", "/v1/billing_portal/configurations", create, CREATE),
    plain.listing(
        "/v1/billing_portal/configurations",
        "billing_portal.configuration",
        {**PAGE, "active": boolean, "is_default": boolean},
    ),
    plain.retrieve("/v1/billing_portal/configurations/{}", "billing_portal.configuration"),
    Route("POST", "/v1/billing_portal/configurations/{}", update, UPDATE),
)

"""What payment intents and setup intents share: when they may change, and with which method."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    changes_of,
    hash_of,
    list_of,
    metadata,
    one_of,
    required,
    text,
    timestamp,
    unsupported,
    url,
)
from local.stripe_simulator.resources.payments import payment_methods
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

AUTOMATIC_METHODS = "automatic_payment_methods"
ALWAYS_CHANGEABLE = ("description", "metadata", "receipt_email", "transfer_group")
TYPES = ("card", "sepa_debit", "us_bank_account")
DEBIT_CURRENCIES = {"sepa_debit": "eur", "us_bank_account": "usd"}
# The name of `allowed_payment_method_types` in earlier versions: the official CLI's fixtures, which
# name no version, still create intents by it.
FORMER_TYPES = list_of(one_of(*TYPES))
SHARED: Spec = {
    "allowed_payment_method_types": list_of(one_of(*TYPES)),
    "customer": text(),
    "customer_account": unsupported("accounts as customers"),
    "description": text(),
    "excluded_payment_method_types": list_of(text()),
    "metadata": metadata,
    "payment_method": text(),
    "payment_method_configuration": unsupported("payment method configurations"),
    "payment_method_data": unsupported("payment method data; create the payment method first"),
    "payment_method_options": unsupported("options of payment methods"),
}
CONFIRM: Spec = {
    "confirmation_token": unsupported("confirmation tokens"),
    "mandate_data": hash_of(
        {
            "customer_acceptance": required(
                hash_of(
                    {
                        "accepted_at": timestamp,
                        "offline": hash_of({}),
                        "online": hash_of({"ip_address": text(), "user_agent": text()}),
                        "type": required(one_of("offline", "online")),
                    }
                )
            )
        }
    ),
    "payment_method": text(),
    "payment_method_data": SHARED["payment_method_data"],
    "payment_method_options": SHARED["payment_method_options"],
    "return_url": url,
    "use_stripe_sdk": boolean,
}
AUTOMATIC = hash_of({"enabled": required(boolean), "allow_redirects": one_of("always", "never")})
NAMES = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def find(
    world: World, kind: str, intent_id: str, action: str, statuses: tuple[str, ...] = OPEN
) -> Json:
    """The intent of that id, if it is in one of the statuses in which it allows `action`."""
    intent = world.store.get(kind, intent_id)
    if intent["status"] not in statuses:
        raise invalid(
            f"You cannot {action} this {NAMES[kind]} because it has a status of "
            f"{intent['status']}.",
            code=f"{kind}_unexpected_state",
        )
    return intent


def prepare(world: World, intent: Json, params: Params) -> Json:
    """The intent with the payment method that `params` name, if they name one."""
    if not params.get("payment_method"):
        return intent
    method = payment_methods.resolve(world, params["payment_method"])
    _check_usable(world, intent, method)
    return world.store.update(intent, payment_method=method["id"], status="requires_confirmation")


def _check_usable(world: World, intent: Json, method: Json) -> None:
    """Refuse what belongs to another customer, was used up, or is of a type that isn't taken."""
    if method["customer"] is not None and method["customer"] != intent["customer"]:
        if intent["customer"] is not None:
            payment_methods.check_owner(method, intent["customer"])
        raise invalid(
            "The PaymentMethod you provided is attached to a Customer, so you must provide the "
            "Customer in the request.",
            "payment_method",
        )
    if method["customer"] is None and method["id"] in world.detached:
        raise invalid(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, shared with a connected account without Customer attachment, or was "
            "detached from a Customer. It may not be used again. To use a PaymentMethod multiple "
            "times, you must attach it to a Customer first.",
            "payment_method",
        )
    if method["type"] not in intent["payment_method_types"]:
        name = NAMES[intent["object"]]
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this {name}. Please "
            f"attach a PaymentMethod of one of the following types: "
            f"{', '.join(intent['payment_method_types'])}, or change what this {name} allows.",
            "payment_method",
        )


def types_for(params: Params, currency: str | None) -> list[str]:
    """The types of payment methods that an intent takes: those allowed, or all that can pay."""
    allowed = params.get("allowed_payment_method_types") or TYPES
    excluded = params.get("excluded_payment_method_types") or ()
    return [
        kind
        for kind in allowed
        if kind not in excluded and currency in (None, DEBIT_CURRENCIES.get(kind, currency))
    ]


def offered(params: Params) -> Params:
    """What a new intent offers: the types that are given, or what Stripe chooses."""
    given = params.get("allowed_payment_method_types") or params.get("payment_method_types")
    chosen = {"allow_redirects": "always", "enabled": True, **params.get(AUTOMATIC_METHODS, {})}
    automatic = None if given else chosen
    return {**params, AUTOMATIC_METHODS: automatic, "allowed_payment_method_types": given}


def next_action(world: World, intent: Json, return_url: str | None) -> Json:
    """How the customer authenticates: on the page that the bank shows."""
    page = f"{world.settings.base_url}/3ds/{intent['id']}"
    if return_url is not None:
        redirect = {"return_url": return_url, "url": page}
        return {"redirect_to_url": redirect, "type": "redirect_to_url"}
    return {
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"stripe_js": page, "type": "three_d_secure_redirect"},
    }


def authentication_failure(intent: Json, method: Json) -> Json:
    """The error that an intent keeps when its customer didn't authenticate."""
    kind = intent["object"]
    error = invalid(
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data "
        f"or a new PaymentMethod to attempt to fulfill this {NAMES[kind]} again.",
        code=f"{kind}_authentication_failure",
    )
    return {**error.error, "payment_method": method}


def change(world: World, kind: str, params: Params, intent_id: str) -> Json:
    """Change an intent: once it is done, only what doesn't concern the payment."""
    before = world.store.get(kind, intent_id)
    fixed = [name for name in params if name not in ALWAYS_CHANGEABLE]
    if fixed and before["status"] not in OPEN:
        raise invalid(
            f"This {NAMES[kind]}'s {fixed[0]} could not be updated because it has a status of "
            f"{before['status']}. You may only update the {fixed[0]} of a {NAMES[kind]} with one "
            f"of the following statuses: {', '.join(OPEN)}.",
            fixed[0],
            f"{kind}_unexpected_state",
        )
    if params.get("customer"):
        world.store.get("customer", params["customer"], "customer")
    changes = changes_of(before, params)
    changes.pop("payment_method", None)
    return prepare(world, world.store.update(before, **changes), params)


def method_of(world: World, intent: Json) -> Json:
    """The payment method to confirm an intent with."""
    if intent["payment_method"] is None:
        kind = intent["object"]
        raise invalid(
            f"You cannot confirm this {NAMES[kind]} because it's missing a payment method. You can "
            f"either update the {NAMES[kind]} with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken.",
            code=f"{kind}_unexpected_state",
        )
    return world.store.get("payment_method", intent["payment_method"])

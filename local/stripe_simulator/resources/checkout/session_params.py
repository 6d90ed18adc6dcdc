"""The parameters of Checkout sessions, and those refused as not simulated.

`payment_method_types` isn't among them: at this version `allowed_payment_method_types` filters
what would be offered ("Changelog", 2026-09 endive).
"""

from __future__ import annotations

from local.stripe_simulator.errors import StripeError, invalid, not_simulated
from local.stripe_simulator.money import currency
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    clearable,
    hash_of,
    integer,
    list_of,
    metadata,
    moment,
    one_of,
    required,
    shipping,
    text,
    timestamp,
    unsupported,
    url,
)
from local.stripe_simulator.resources.catalogue import prices
from local.stripe_simulator.resources.subscriptions import subscription_params

#: The methods that can be paid with here, and the currency that a debit is limited to.
METHOD_TYPES = {"card": None, "sepa_debit": "eur", "us_bank_account": "usd"}
SWITCH = hash_of({"enabled": required(boolean)})
LABEL = hash_of({"custom": required(text(100)), "type": required(one_of("custom"))})
LIMITS = hash_of(
    {
        "default_value": text(255),
        "maximum_length": integer(1, 255),
        "minimum_length": integer(0, 255),
    }
)
LINE_ITEM = hash_of(
    {
        "adjustable_quantity": hash_of(
            {
                "enabled": required(boolean),
                "maximum": integer(1, 999_999),
                "minimum": integer(0, 999_998),
            }
        ),
        "metadata": metadata,
        "price": text(),
        "price_data": hash_of(
            {
                **{name: prices.AMOUNT[name] for name in ("currency", "recurring", "tax_behavior")},
                "product": text(),
                "product_data": hash_of(
                    {
                        "description": text(),
                        "images": list_of(url, maximum=8),
                        "metadata": metadata,
                        "name": required(text()),
                        "tax_code": text(),
                        "unit_label": text(12),
                    }
                ),
                "unit_amount": prices.AMOUNT["unit_amount"],
                "unit_amount_decimal": prices.AMOUNT["unit_amount_decimal"],
            }
        ),
        "quantity": integer(0, 999_999),
        "tax_rates": list_of(text(), maximum=5),
    }
)
CUSTOM_FIELD = hash_of(
    {
        "dropdown": hash_of(
            {
                "default_value": text(100),
                "options": required(
                    list_of(
                        hash_of({"label": required(text(100)), "value": required(text(100))}),
                        maximum=200,
                    )
                ),
            }
        ),
        "key": required(text(200)),
        "label": required(LABEL),
        "numeric": LIMITS,
        "optional": boolean,
        "text": LIMITS,
        "type": required(one_of("dropdown", "numeric", "text")),
    }
)
CUSTOM_TEXT = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
SUBSCRIPTION_DATA = hash_of(
    {
        "application_fee_percent": unsupported("Connect"),
        "billing_cycle_anchor": timestamp,
        "billing_cycle_anchor_config": unsupported("an anchor by day of the month"),
        "billing_mode": subscription_params.CREATE["billing_mode"],
        "default_tax_rates": list_of(text(), maximum=5),
        "description": text(500),
        "invoice_settings": unsupported("settings of the subscription's invoices"),
        "metadata": metadata,
        "on_behalf_of": unsupported("Connect"),
        "pending_invoice_item_interval": unsupported("invoices of pending items"),
        "proration_behavior": one_of("create_prorations", "none"),
        "transfer_data": unsupported("Connect"),
        "trial_end": moment(),
        "trial_period_days": integer(1, 730),
        "trial_settings": subscription_params.TRIAL_SETTINGS,
    }
)
PAYMENT_INTENT_DATA = hash_of(
    {
        "application_fee_amount": unsupported("Connect"),
        "capture_method": one_of("automatic", "automatic_async", "manual"),
        "description": text(),
        "metadata": metadata,
        "on_behalf_of": unsupported("Connect"),
        "receipt_email": text(),
        "setup_future_usage": one_of("off_session", "on_session"),
        "shipping": shipping,
        "statement_descriptor": text(22),
        "statement_descriptor_suffix": text(22),
        "transfer_data": unsupported("Connect"),
        "transfer_group": unsupported("Connect"),
    }
)
INVOICE_DATA = hash_of(
    {
        "account_tax_ids": unsupported("tax ids of the account"),
        "custom_fields": list_of(
            hash_of({"name": required(text(40)), "value": required(text(140))}), maximum=4
        ),
        "description": text(1500),
        "footer": text(),
        "issuer": hash_of({"type": required(one_of("self"))}),
        "metadata": metadata,
        "rendering_options": unsupported("how invoices are rendered"),
    }
)
CREATE: Spec = {
    "adaptive_pricing": unsupported("prices in the customer's own currency"),
    "after_expiration": hash_of(
        {"recovery": hash_of({"allow_promotion_codes": boolean, "enabled": required(boolean)})}
    ),
    "allow_promotion_codes": boolean,
    "allowed_payment_method_types": list_of(text()),
    "automatic_tax": hash_of({"enabled": required(boolean), "liability": unsupported("Connect")}),
    "billing_address_collection": one_of("auto", "required"),
    "branding_settings": unsupported("the look of the page"),
    "cancel_url": url,
    "client_reference_id": text(200),
    "consent_collection": hash_of(
        {
            "payment_method_reuse_agreement": hash_of(
                {"position": required(one_of("auto", "hidden"))}
            ),
            "promotions": one_of("auto", "none"),
            "terms_of_service": one_of("none", "required"),
        }
    ),
    "currency": currency,
    "custom_fields": list_of(CUSTOM_FIELD, maximum=3),
    "custom_text": hash_of(
        {name: clearable(hash_of({"message": required(text(1200))})) for name in CUSTOM_TEXT}
    ),
    "customer": text(),
    "customer_account": unsupported("accounts as customers"),
    "customer_creation": one_of("always", "if_required"),
    "customer_email": text(512),
    "customer_update": hash_of(
        dict.fromkeys(("address", "name", "shipping"), one_of("auto", "never"))
    ),
    "discounts": list_of(hash_of({"coupon": text(), "promotion_code": text()}), maximum=1),
    "excluded_payment_method_types": list_of(text()),
    "expires_at": timestamp,
    "integration_identifier": text(),
    "invoice_creation": hash_of({"enabled": required(boolean), "invoice_data": INVOICE_DATA}),
    "line_items": list_of(LINE_ITEM),
    "locale": text(),
    "managed_payments": unsupported("managed payments"),
    "metadata": metadata,
    "mode": required(one_of("payment", "setup", "subscription")),
    "name_collection": unsupported("collecting names of businesses"),
    "optional_items": unsupported("optional items"),
    "origin_context": one_of("mobile_app", "web"),
    "payment_intent_data": PAYMENT_INTENT_DATA,
    "payment_method_collection": one_of("always", "if_required"),
    "payment_method_configuration": unsupported("configurations of payment methods"),
    "payment_method_data": unsupported("how saved payment methods are shown"),
    "payment_method_options": unsupported("options of payment methods"),
    "permissions": unsupported("permissions of embedded pages"),
    "phone_number_collection": SWITCH,
    "redirect_on_completion": unsupported("embedded pages"),
    "return_url": unsupported("embedded pages"),
    "saved_payment_method_options": unsupported("saved payment methods on the page"),
    "setup_intent_data": hash_of(
        {"description": text(), "metadata": metadata, "on_behalf_of": unsupported("Connect")}
    ),
    "shipping_address_collection": unsupported("shipping"),
    "shipping_options": unsupported("shipping"),
    "submit_type": one_of("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": SUBSCRIPTION_DATA,
    "success_url": url,
    "tax_id_collection": unsupported("collecting tax ids"),
    "ui_mode": one_of("elements", "embedded_page", "form", "hosted_page"),
    "wallet_options": unsupported("wallets"),
}
UPDATE: Spec = {
    "collected_information": unsupported("shipping"),
    "line_items": unsupported("changing the line items of a session"),
    "metadata": metadata,
    "payment_intent_data": hash_of(
        {
            "description": text(),
            "metadata": metadata,
            "setup_future_usage": clearable(one_of("off_session", "on_session")),
            "statement_descriptor": text(22),
            "statement_descriptor_suffix": text(22),
        }
    ),
    "shipping_options": unsupported("shipping"),
}
ONLY_IN = {
    "allow_promotion_codes": ("payment", "subscription"),
    "after_expiration": ("payment", "subscription"),
    "customer_creation": ("payment", "setup"),
    "discounts": ("payment", "subscription"),
    "invoice_creation": ("payment",),
    "line_items": ("payment", "subscription"),
    "payment_intent_data": ("payment",),
    "payment_method_collection": ("subscription",),
    "setup_intent_data": ("setup",),
    "submit_type": ("payment", "subscription"),
    "subscription_data": ("subscription",),
}
TOGETHER_NEVER = (
    ("allow_promotion_codes", "discounts"),
    ("customer", "customer_creation"),
    ("customer", "customer_email"),
)


def check(params: Params) -> None:
    """Refuse what doesn't go with the mode, or not together, and what is missing."""
    mode = params["mode"]
    for name, modes in ONLY_IN.items():
        if name in params and mode not in modes:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)
    for pair in TOGETHER_NEVER:
        if all(params.get(name) for name in pair):
            message = f"You may only specify one of these parameters: {', '.join(pair)}."
            raise invalid(message, pair[0])
    if "customer_update" in params and not params.get("customer"):
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    _check_required(params, mode)
    _check_subscription_data(params.get("subscription_data", {}))
    for index, field in enumerate(params.get("custom_fields", [])):
        _check_custom_field(field, f"custom_fields[{index}]")


def _check_required(params: Params, mode: str) -> None:
    ui_mode = params.get("ui_mode", "hosted_page")
    if ui_mode != "hosted_page":
        raise not_simulated(f"the UI mode {ui_mode}", "ui_mode")
    if not params.get("success_url"):
        raise _missing("success_url", "You must specify `success_url` in `hosted_page` UI mode.")
    if mode != "setup" and not params.get("line_items"):
        raise _missing("line_items", f"`line_items` is required in `{mode}` mode.")
    if mode == "setup" and not ("currency" in params or "allowed_payment_method_types" in params):
        message = "`currency` is required in `setup` mode without `allowed_payment_method_types`."
        raise _missing("currency", message)


def _missing(param: str, message: str) -> StripeError:
    return invalid(message, param, "parameter_missing")


def _check_subscription_data(data: Params) -> None:
    """Stripe's rules for free trials and anchors don't go together ("Billing cycle anchor")."""
    if "trial_period_days" in data and "trial_end" in data:
        message = "You can not pass both `trial_end` and `trial_period_days`."
        raise invalid(message, "subscription_data[trial_end]")
    anchor = "subscription_data[billing_cycle_anchor]"
    if "billing_cycle_anchor" in data and ("trial_period_days" in data or "trial_end" in data):
        raise invalid("You can not pass `billing_cycle_anchor` together with a trial.", anchor)
    if "proration_behavior" in data and "billing_cycle_anchor" not in data:
        message = "`proration_behavior` can only be used with `billing_cycle_anchor`."
        raise invalid(message, "subscription_data[proration_behavior]")


def _check_custom_field(field: Params, where: str) -> None:
    if not (field["key"].isascii() and field["key"].isalnum()):
        raise invalid("Custom field keys must be alphanumeric.", f"{where}[key]")
    if field["type"] == "dropdown" and "dropdown" not in field:
        raise invalid(f"Missing required param: {where}[dropdown].", f"{where}[dropdown]")
    for other in ("dropdown", "numeric", "text"):
        if other in field and other != field["type"]:
            raise invalid(f"`{other}` is for custom fields of that type.", f"{where}[{other}]")


def method_types(params: Params, code: str | None) -> list[str]:
    """What the page offers: cards, unless the session allows other methods, for its currency."""
    allowed = params.get("allowed_payment_method_types", ["card"])
    excluded = params.get("excluded_payment_method_types", [])
    for index, method_type in enumerate(allowed):
        if method_type not in METHOD_TYPES:
            where = f"allowed_payment_method_types[{index}]"
            raise not_simulated(f"the payment method {method_type}", where)
    offered = [
        method_type
        for method_type, only_in in METHOD_TYPES.items()
        if method_type in allowed
        and method_type not in excluded
        and (only_in is None or code is None or code == only_in)
    ]
    if not offered:
        raise invalid(
            "No valid payment method types for this Checkout Session. Please ensure that you have "
            "activated payment methods compatible with your chosen currency.",
            "allowed_payment_method_types",
        )
    return offered

"""The parameters that subscriptions take, and those that are refused as not simulated."""

from __future__ import annotations

from local.stripe_simulator.params import (
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
    text,
    unsupported,
)

QUANTITY = integer(0, 999_999)
TRIAL_SETTINGS = hash_of(
    {
        "end_behavior": required(
            hash_of({"missing_payment_method": required(one_of("cancel", "create_invoice"))})
        )
    }
)
CANCELLATION_DETAILS = hash_of(
    {
        "comment": text(),
        "feedback": clearable(
            one_of(
                "customer_service",
                "low_quality",
                "missing_features",
                "other",
                "switched_service",
                "too_complex",
                "too_expensive",
                "unused",
            )
        ),
    }
)
SETTINGS: Spec = {
    "cancel_at": moment("min_period_end", "max_period_end"),
    "cancel_at_period_end": boolean,
    "default_payment_method": text(),
    "description": text(500),
    "metadata": metadata,
    "off_session": boolean,
    "automatic_tax": hash_of({"enabled": required(boolean)}),
    "payment_settings": hash_of({"save_default_payment_method": one_of("off", "on_subscription")}),
    "proration_behavior": one_of("always_invoice", "create_prorations", "none"),
    "trial_end": moment("now"),
    "trial_settings": TRIAL_SETTINGS,
    "discounts": unsupported("discounts"),
    "add_invoice_items": unsupported("extra invoice items"),
    "collection_method": one_of("charge_automatically"),
}
CREATE: Spec = {
    **SETTINGS,
    "customer": required(text()),
    "items": required(
        list_of(
            hash_of({"price": required(text()), "quantity": QUANTITY, "metadata": metadata}),
            maximum=20,
        )
    ),
    "payment_behavior": one_of("allow_incomplete", "default_incomplete", "error_if_incomplete"),
    "trial_period_days": integer(0, 730),
    "billing_mode": hash_of({"type": required(one_of("classic", "flexible"))}),
    "currency": text(3),
    "billing_cycle_anchor": unsupported("a billing cycle anchor of one's own"),
    "backdate_start_date": unsupported("backdating"),
}
UPDATE: Spec = {
    **SETTINGS,
    "cancellation_details": CANCELLATION_DETAILS,
    "items": list_of(
        hash_of(
            {
                "id": text(),
                "price": text(),
                "quantity": QUANTITY,
                "metadata": metadata,
                "deleted": unsupported("removing items"),
            }
        ),
        maximum=20,
    ),
    "payment_behavior": one_of("allow_incomplete", "default_incomplete", "error_if_incomplete"),
    "pause_collection": unsupported("paused collection"),
    "billing_cycle_anchor": unsupported("moving the billing cycle"),
    "proration_date": unsupported("prorations"),
}

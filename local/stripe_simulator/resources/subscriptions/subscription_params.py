"""The parameters that subscriptions and their items take, and those refused as not simulated."""

from __future__ import annotations

from local.stripe_simulator.money import currency
from local.stripe_simulator.params import (
    Spec,
    boolean,
    clearable,
    decimal,
    hash_of,
    integer,
    list_of,
    metadata,
    moment,
    one_of,
    required,
    text,
    timestamp,
    unsupported,
)
from local.stripe_simulator.resources.catalogue.discounts import DISCOUNTS

MOST_ITEMS = 20
QUANTITY = integer(0, 999_999)
TAX_RATES = clearable(list_of(text()))
PRORATION_BEHAVIOR = one_of("always_invoice", "create_prorations", "none")
ANCHOR = hash_of({"type": required(one_of("now", "unchanged"))})
TRIAL_SETTINGS = hash_of(
    {
        "end_behavior": required(
            hash_of(
                {
                    "billing_cycle_anchor": one_of("now", "unchanged"),
                    "missing_payment_method": one_of("cancel", "create_invoice", "pause"),
                }
            )
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
        "feedback_option": unsupported("feedback options of one's own"),
    }
)
AUTOMATIC_TAX = hash_of({"enabled": required(boolean), "liability": unsupported("Connect")})
INVOICE_SETTINGS = hash_of(
    {
        "account_tax_ids": unsupported("tax ids of the account"),
        "custom_fields": clearable(
            list_of(hash_of({"name": required(text(40)), "value": required(text(140))}), maximum=4)
        ),
        "description": text(),
        "footer": text(),
        "issuer": hash_of({"type": required(one_of("self"))}),
    }
)
PAYMENT_SETTINGS = hash_of(
    {
        "payment_method_options": unsupported("options of payment methods on subscriptions"),
        "payment_method_types": clearable(list_of(text())),
        "save_default_payment_method": one_of("off", "on_subscription"),
    }
)
AMOUNT: Spec = {
    "currency": required(currency),
    "product": required(text()),
    "tax_behavior": one_of("exclusive", "inclusive", "unspecified"),
    "unit_amount": integer(-99_999_999, 99_999_999),
    "unit_amount_decimal": decimal,
}
RECURRING = hash_of(
    {
        "interval": required(one_of("day", "week", "month", "year")),
        "interval_count": integer(1, 1095),
    }
)
ADD_INVOICE_ITEMS = list_of(
    hash_of(
        {
            "discountable": boolean,
            "discounts": DISCOUNTS,
            "metadata": metadata,
            "period": hash_of(
                {
                    "start": required(
                        hash_of(
                            {
                                "type": required(
                                    one_of("max_item_period_start", "now", "timestamp")
                                ),
                                "timestamp": timestamp,
                            }
                        )
                    ),
                    "end": required(
                        hash_of(
                            {
                                "type": required(one_of("min_item_period_end", "timestamp")),
                                "timestamp": timestamp,
                            }
                        )
                    ),
                }
            ),
            "price": text(),
            "price_data": hash_of(AMOUNT),
            "quantity": QUANTITY,
            "tax_rates": TAX_RATES,
        }
    ),
    maximum=MOST_ITEMS,
)
ITEM: Spec = {
    "billing_thresholds": unsupported("billing thresholds"),
    "current_trial": unsupported("trial offers"),
    "discounts": DISCOUNTS,
    "metadata": metadata,
    "plan": unsupported("plans; use prices"),
    "price": text(),
    "price_data": hash_of({**AMOUNT, "recurring": required(RECURRING)}),
    "quantity": QUANTITY,
    "tax_rates": TAX_RATES,
}
ITEM_CHANGE: Spec = {**ITEM, "id": text(), "deleted": boolean, "clear_usage": boolean}
CHANGES: Spec = {
    "payment_behavior": one_of(
        "allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"
    ),
    "proration_behavior": PRORATION_BEHAVIOR,
}
SETTINGS: Spec = {
    **CHANGES,
    "add_invoice_items": ADD_INVOICE_ITEMS,
    "application_fee_percent": unsupported("Connect"),
    "automatic_tax": AUTOMATIC_TAX,
    "billing_schedules": unsupported("billing in advance"),
    "billing_thresholds": unsupported("billing thresholds"),
    "cancel_at": moment("min_period_end", "max_period_end"),
    "cancel_at_period_end": boolean,
    "collection_method": one_of("charge_automatically", "send_invoice"),
    "days_until_due": integer(0),
    "default_payment_method": text(),
    "default_source": unsupported("sources; use payment methods"),
    "default_tax_rates": TAX_RATES,
    "description": text(500),
    "discounts": DISCOUNTS,
    "invoice_settings": INVOICE_SETTINGS,
    "metadata": metadata,
    "off_session": boolean,
    "on_behalf_of": unsupported("Connect"),
    "payment_settings": PAYMENT_SETTINGS,
    "pending_invoice_item_interval": unsupported("intervals for pending invoice items"),
    "transfer_data": unsupported("Connect"),
    "trial_end": moment("now"),
    "trial_from_plan": unsupported("trials of plans"),
    "trial_settings": TRIAL_SETTINGS,
}
ANCHOR_CONFIG = hash_of(
    {
        "day_of_month": required(integer(1, 31)),
        "hour": integer(0, 23),
        "minute": integer(0, 59),
        "month": integer(1, 12),
        "second": integer(0, 59),
    }
)
BILLING_MODE = hash_of(
    {
        "type": required(one_of("classic", "flexible")),
        "flexible": hash_of({"proration_discounts": one_of("included")}),
    }
)
CREATE: Spec = {
    **SETTINGS,
    "backdate_start_date": timestamp,
    "billing_cycle_anchor": timestamp,
    "billing_cycle_anchor_config": ANCHOR_CONFIG,
    "billing_mode": BILLING_MODE,
    "currency": currency,
    "customer": required(text()),
    "customer_account": unsupported("accounts as customers"),
    "items": required(list_of(hash_of(ITEM), maximum=MOST_ITEMS)),
    "trial_period_days": integer(0, 730),
}
UPDATE: Spec = {
    **SETTINGS,
    "billing_cycle_anchor": ANCHOR,
    "cancellation_details": CANCELLATION_DETAILS,
    "items": list_of(hash_of(ITEM_CHANGE), maximum=MOST_ITEMS),
    "pause_collection": clearable(
        hash_of(
            {
                "behavior": required(one_of("keep_as_draft", "mark_uncollectible", "void")),
                "resumes_at": timestamp,
            }
        )
    ),
    "proration_date": timestamp,
}
PENDABLE = (
    "add_invoice_items",
    "billing_cycle_anchor",
    "items",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    "trial_end",
)
CANCEL: Spec = {
    "cancellation_details": CANCELLATION_DETAILS,
    "invoice_now": boolean,
    "prorate": boolean,
}
ITEM_UPDATE: Spec = {**ITEM, **CHANGES, "off_session": boolean, "proration_date": timestamp}
ITEM_CREATE: Spec = {
    **ITEM,
    **CHANGES,
    "proration_date": timestamp,
    "subscription": required(text()),
}
ITEM_DELETE: Spec = {**CHANGES, "clear_usage": boolean, "proration_date": timestamp}

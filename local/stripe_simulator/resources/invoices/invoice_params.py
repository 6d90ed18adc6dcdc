"""The parameters that invoices take, and those that are refused as not simulated."""

from __future__ import annotations

from local.stripe_simulator.money import currency
from local.stripe_simulator.params import (
    Spec,
    boolean,
    clearable,
    hash_of,
    integer,
    list_of,
    metadata,
    one_of,
    required,
    text,
    timestamp,
    unsupported,
)
from local.stripe_simulator.resources.catalogue.discounts import DISCOUNTS
from local.stripe_simulator.resources.invoices.tax_rates import TAX_RATES

COLLECTION_METHOD = one_of("charge_automatically", "send_invoice")
CUSTOM_FIELD = hash_of({"name": required(text(40)), "value": required(text(140))})
UPDATE: Spec = {
    "auto_advance": boolean,
    "automatic_tax": hash_of({"enabled": required(boolean)}),
    "automatically_finalizes_at": timestamp,
    "collection_method": COLLECTION_METHOD,
    "custom_fields": clearable(list_of(CUSTOM_FIELD, maximum=4)),
    "days_until_due": integer(0, 365 * 5),
    "default_payment_method": text(),
    "default_tax_rates": TAX_RATES,
    "description": text(1500),
    "discounts": DISCOUNTS,
    "due_date": timestamp,
    "effective_at": clearable(timestamp),
    "footer": text(),
    "metadata": metadata,
    "payment_settings": hash_of({"payment_method_types": list_of(one_of("card"))}),
    "statement_descriptor": text(22),
    "account_tax_ids": unsupported("tax ids"),
    "application_fee_amount": unsupported("Connect"),
    "default_source": unsupported("sources; use payment methods"),
    "issuer": unsupported("Connect"),
    "number": unsupported("invoice numbers of one's own"),
    "on_behalf_of": unsupported("Connect"),
    "rendering": unsupported("how an invoice is rendered"),
    "shipping_cost": unsupported("shipping costs"),
    "shipping_details": unsupported("shipping"),
    "transfer_data": unsupported("Connect"),
}
CREATE: Spec = {
    **UPDATE,
    "currency": currency,
    "customer": required(text()),
    "from_invoice": unsupported("revisions of invoices"),
    "pending_invoice_items_behavior": one_of("exclude", "include"),
    "subscription": text(),
}
#: What is shown as it is given.
PLAIN = (
    "collection_method",
    "custom_fields",
    "default_payment_method",
    "description",
    "effective_at",
    "footer",
    "statement_descriptor",
)
#: What an invoice's amounts and its way of collection hang on: final when it is.
DRAFT_ONLY = (
    "automatic_tax",
    "automatically_finalizes_at",
    "collection_method",
    "days_until_due",
    "default_tax_rates",
    "discounts",
)

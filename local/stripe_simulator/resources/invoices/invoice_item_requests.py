"""Invoice items through the API: added to a draft or left for a later invoice.

What a draft's line shows and its item say the same, whichever of the two is changed.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.money import currency
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    decimal,
    hash_of,
    integer,
    merged,
    metadata,
    one_of,
    required,
    text,
    timestamp,
    unsupported,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue import discounts, prices
from local.stripe_simulator.resources.customers import customers
from local.stripe_simulator.resources.invoices import invoice_drafts, invoice_items, tax_rates
from local.stripe_simulator.resources.invoices.invoice_lines import product_of
from local.stripe_simulator.resources.invoices.tax_rates import TAX_RATES
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

AMOUNT = integer(-99_999_999, 99_999_999)
TAX_BEHAVIOR = one_of("exclusive", "inclusive", "unspecified")
PRICE_DATA: Spec = {
    "currency": required(currency),
    "product": required(text()),
    "tax_behavior": TAX_BEHAVIOR,
    "unit_amount": integer(0, 99_999_999),
    "unit_amount_decimal": decimal,
}
#: What items and the lines of a draft have in common.
BILLED: Spec = {
    "amount": AMOUNT,
    "description": text(),
    "discountable": boolean,
    "discounts": discounts.DISCOUNTS,
    "metadata": metadata,
    "period": hash_of({"start": required(timestamp), "end": required(timestamp)}),
    "price_data": hash_of(PRICE_DATA),
    "pricing": hash_of({"price": text()}),
    "quantity": integer(0, 999_999_999_999),
    "quantity_decimal": unsupported("quantities in fractions"),
    "tax_rates": TAX_RATES,
}
UPDATE: Spec = {
    **BILLED,
    "unit_amount_decimal": decimal,
    "tax_behavior": TAX_BEHAVIOR,
    "tax_code": unsupported("tax codes of invoice items"),
}
CREATE: Spec = {
    **UPDATE,
    "currency": currency,
    "customer": text(),
    "invoice": text(),
    "subscription": text(),
}
FILTERS: Spec = {**LIST, "customer": text(), "invoice": text(), "pending": boolean}
COPIED = ("description", "discountable", "period")
OF_AMOUNT = ("amount", "price_data", "pricing", "quantity", "unit_amount_decimal")


def create(world: World, params: Params) -> Json:
    """Add an item; with `invoice` it is on that draft at once."""
    draft = _draft(world, params["invoice"]) if params.get("invoice") else None
    customer_id = params.get("customer") or (draft and draft["customer"])
    if not customer_id:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    item = new(world, world.store.get("customer", customer_id, "customer"), params, draft)
    if draft is not None:
        invoice_drafts.take(world, draft, [item])
    return world.store.get("invoiceitem", item["id"])


def new(world: World, customer: Json, params: Params, draft: Json | None = None) -> Json:
    """An item as its parameters say, not yet on an invoice."""
    subscription = params.get("subscription")
    if subscription:
        world.store.get("subscription", subscription, "subscription")
    price = _price(world, params)
    quantity = params.get("quantity", 1)
    amount = _amount(params, price, quantity)
    code = _currency(world, params, price, draft, customer)
    now = world.now()
    period = params.get("period", {"start": now, "end": now})
    _check_period(period)
    found = discounts.redeem(
        world,
        params.get("discounts"),
        discounts.Purchase(
            customer["id"], code, frozenset({price["product"]} if price else ()), amount
        ),
    )
    return invoice_items.new(
        world,
        customer["id"],
        amount=amount,
        currency=code,
        description=params.get("description") or _described(world, price),
        start=period["start"],
        end=period["end"],
        subscription=subscription,
        price=price,
        quantity=quantity,
        discountable=params.get("discountable"),
        discounts=[discount["id"] for discount in found],
        tax_rates=tax_rates.named(world, params.get("tax_rates")),
        metadata=merged({}, params.get("metadata")),
    )


def _draft(world: World, invoice_id: str) -> Json:
    invoice = world.store.get("invoice", invoice_id, "invoice")
    if invoice["status"] != "draft":
        raise invalid(
            "You can only add invoice items to draft invoices.", "invoice", "invoice_not_editable"
        )
    return invoice


def _price(world: World, params: Params) -> Json | None:
    """The price that is named, or made for this item alone."""
    if "price_data" in params:
        price = prices.create(world, params["price_data"])
        return world.store.update(price, active=False)
    price_id = params.get("pricing", {}).get("price")
    if not price_id:
        return None
    price = world.store.get("price", price_id, "pricing[price]")
    if price["recurring"] is not None:
        raise invalid(
            "The price specified is set to `type=recurring` but this field only accepts prices "
            "with `type=one_time`.",
            "pricing[price]",
        )
    return price


def _amount(params: Params, price: Json | None, quantity: int) -> int:
    given = [name for name in ("amount", "unit_amount_decimal") if name in params]
    if len(given) + (price is not None) != 1:
        raise invalid("You must pass one of `amount`, `pricing` or `price_data`.", "amount")
    if given == ["amount"]:
        return int(params["amount"])
    each = price["unit_amount_decimal"] if price else params["unit_amount_decimal"]
    return rounded(Decimal(each) * quantity)


def rounded(amount: Decimal) -> int:
    """Whole minor units, half up."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def _currency(
    world: World, params: Params, price: Json | None, draft: Json | None, customer: Json
) -> str:
    code = (
        (price and price["currency"])
        or params.get("currency")
        or (draft and draft["currency"])
        or customer["currency"]
        or world.settings.currency
    )
    if draft is not None and draft["currency"] != code:
        raise invalid(f"The invoice's currency is {draft['currency']}, not {code}.", "currency")
    customers.check_currency(customer, code)
    return str(code)


def _described(world: World, price: Json | None) -> str | None:
    return str(world.store.get("product", price["product"])["name"]) if price else None


def _check_period(period: Params) -> None:
    if period["end"] < period["start"]:
        raise invalid("The end of a period can't be before its start.", "period[end]")


def update(world: World, params: Params, item_id: str) -> Json:
    before = world.store.get("invoiceitem", item_id)
    draft = _editable(world, before)
    item = change(world, before, params)
    if draft is not None:
        invoice_drafts.bill_anew(world, draft, item)
    return item


def _editable(world: World, item: Json) -> Json | None:
    """The draft that the item is on, if any; on a finalized invoice nothing is changed."""
    if item["invoice"] is None:
        return None
    invoice = world.store.get("invoice", item["invoice"])
    if invoice["status"] != "draft":
        raise invalid(
            "This invoice item is on an invoice that is no longer editable.",
            code="invoice_not_editable",
        )
    return invoice


def change(world: World, before: Json, params: Params) -> Json:
    """The item as its parameters change it."""
    changes: Json = {name: params[name] for name in COPIED if name in params}
    if "period" in params:
        _check_period(params["period"])
    if before["proration"] and params.get("discountable"):
        raise invalid("Prorations can't be discountable.", "discountable")
    if any(name in params for name in OF_AMOUNT):
        changes.update(_new_amount(world, before, params))
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if "tax_rates" in params:
        changes["tax_rates"] = tax_rates.named(world, params["tax_rates"])
    if "discounts" in params:
        found = discounts.redeem(world, params["discounts"], _purchase(before))
        changes["discounts"] = [discount["id"] for discount in found]
    return _with_net_amount(world, world.store.update(before, **changes))


def _with_net_amount(world: World, item: Json) -> Json:
    """What isn't discountable shows what it comes to."""
    if not item["discountable"]:
        return world.store.update(item, net_amount=item["amount"])
    if "net_amount" not in item:
        return item
    return world.store.insert({name: item[name] for name in item if name != "net_amount"})


def _new_amount(world: World, before: Json, params: Params) -> Json:
    """Another amount: as it is given, or as the quantity or the price changes it."""
    price = _price(world, params)
    quantity = int(params["quantity"] if "quantity" in params else before["quantity"])
    if price is None and not {"amount", "unit_amount_decimal"} & params.keys():
        each = Decimal(before["amount"]) / (before["quantity"] or 1)
        amount, pricing = rounded(each * quantity), before["pricing"]
    else:
        amount = _amount(params, price, quantity)
        pricing = invoice_items.pricing_of(amount, quantity, price)
    return {
        "amount": amount,
        "pricing": pricing,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
    }


def _purchase(item: Json) -> discounts.Purchase:
    products = frozenset(filter(None, [product_of(item)]))
    return discounts.Purchase(item["customer"], item["currency"], products, item["amount"])


def delete(world: World, _params: Params, item_id: str) -> Json:
    item = world.store.get("invoiceitem", item_id)
    draft = _editable(world, item)
    if draft is not None:
        invoice_drafts.drop(world, draft, item["id"])
    world.emit("invoiceitem.deleted", item)
    return world.store.delete(item)


def listing(world: World, params: Params) -> Json:
    where = {name: params[name] for name in ("customer", "invoice") if params.get(name)}
    found = (
        item
        for item in world.store.newest_first("invoiceitem", **where)
        if params.get("pending") in (None, item["invoice"] is None)
    )
    return page(found, params, "/v1/invoiceitems")


ROUTES = (
    Route("POST", "/v1/invoiceitems", create, CREATE),
    Route("GET", "/v1/invoiceitems", listing, FILTERS),
    plain.retrieve("/v1/invoiceitems/{}", "invoiceitem"),
    Route("POST", "/v1/invoiceitems/{}", update, UPDATE),
    Route("DELETE", "/v1/invoiceitems/{}", delete, {}),
)

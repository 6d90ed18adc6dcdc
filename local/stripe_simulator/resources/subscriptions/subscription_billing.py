"""How a subscription bills: its invoices drafted, its prorations added, its payments collected.

Invariant: what an item was billed for its current period is remembered (`subscription_items`),
for in flexible billing mode just that is given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from local.stripe_simulator.errors import StripeError, invalid
from local.stripe_simulator.params import Params, merged
from local.stripe_simulator.resources.catalogue import discounts, prices
from local.stripe_simulator.resources.invoices import (
    invoice_collection,
    invoice_drafts,
    invoice_finalization,
    invoice_items,
)
from local.stripe_simulator.resources.invoices.invoice_drafts import Line
from local.stripe_simulator.resources.payments import payment_intents
from local.stripe_simulator.resources.subscriptions import subscription_items
from local.stripe_simulator.resources.subscriptions.prorations import Debit, Proration
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

NO_METHOD = (
    "This customer has no attached payment source or default payment method. Please consider "
    "adding a default payment method. For more information, visit "
    "https://stripe.com/docs/billing/subscriptions/payment-methods-setting"
    "#payment-method-priority."
)


def draft(  # noqa: PLR0913 - all that an invoice is made of
    world: World,
    subscription: Json,
    reason: str,
    lines: Sequence[Line],
    since: int,
    *,
    pending: Sequence[Json] | None = None,
    **settings: Any,
) -> Json:
    """Draft an invoice of these lines and of all that is pending (or just that)."""
    customer = world.store.get("customer", subscription["customer"])
    return invoice_drafts.new(
        world,
        customer,
        reason,
        lines,
        subscription=subscription,
        since=since,
        items=pending,
        **(settings or _collected(world, subscription)),
    )


def _collected(world: World, subscription: Json) -> Json:
    """How a draft that is due at once goes on: what is sent can be edited for an hour."""
    if subscription["status"] == "unpaid":
        return {"auto_advance": False}
    if subscription["collection_method"] == "send_invoice":
        return invoice_drafts.advancing(world, "send_invoice")
    return {}  # `collect` finalizes it


def bill(  # noqa: PLR0913 - all that an invoice is made of
    world: World,
    subscription: Json,
    reason: str,
    since: int,
    items: Iterable[Json] | None = None,
    *,
    pending: Sequence[Json] | None = None,
    **settings: Any,
) -> tuple[Json, Json]:
    """Draft the invoice of the items' current periods: (subscription, invoice)."""
    if items is None:  # the first time: usage is billed when it is known
        every = subscription["items"]["data"]
        items = [item for item in every if not subscription_items.is_metered(item)]
    lines = [subscription_items.line(world, subscription, item) for item in items]
    invoice = draft(world, subscription, reason, lines, since, pending=pending, **settings)
    subscription_items.remember_billed(world, invoice)
    return world.store.update(subscription, latest_invoice=invoice["id"]), invoice


def has_pending(world: World, subscription: Json) -> bool:
    return bool(invoice_items.pending(world, subscription["customer"], subscription["id"]))


def add_proration(world: World, subscription: Json, item_id: str, proration: Proration) -> Json:
    """Add what a change gives back or bills, for the subscription's next invoice."""
    return invoice_items.new(
        world,
        subscription["customer"],
        amount=proration.amount,
        currency=subscription["currency"],
        description=proration.description,
        start=proration.span[0],
        end=proration.span[1],
        subscription=subscription["id"],
        subscription_item=item_id,
        price=proration.price,
        quantity=proration.quantity,
        proration=True,
        credited_items=_credited(proration.credited),
        tax_rates=list(proration.tax_rates),
        metadata=subscription["metadata"],
    )


def add_usage(world: World, subscription: Json, used: Line) -> Json:
    """Add what was used of a metered item, for the subscription's next invoice."""
    return invoice_items.new(
        world,
        subscription["customer"],
        amount=used.amount,
        currency=used.currency,
        description=used.description,
        start=used.start,
        end=used.end,
        subscription=subscription["id"],
        subscription_item=used.subscription_item,
        price=used.price,
        quantity=used.quantity,
        discounts=list(used.discounts),
        tax_rates=list(used.tax_rates),
        metadata=subscription["metadata"],
    )


def _credited(debit: Debit | None) -> Json | None:
    """The invoice's line that is given back; a debit that waits for its invoice has none."""
    if debit is None or debit.invoice is None:
        return None
    return {"invoice": debit.invoice, "invoice_line_items": [debit.line]}


def add_extras(world: World, subscription: Json, given: list[Params] | None) -> None:
    """Add one-time charges (`add_invoice_items`) for the subscription's next invoice."""
    for index, extra in enumerate(given or ()):
        _add_extra(world, subscription, extra, f"add_invoice_items[{index}]")


def _add_extra(world: World, subscription: Json, extra: Params, where: str) -> None:
    price = price_of(world, extra, subscription["currency"], where, recurring=False)
    start, end = _period(world, subscription, extra.get("period"))
    quantity = extra.get("quantity", 1)
    purchase = discounts.Purchase(
        subscription["customer"], subscription["currency"], frozenset({price["product"]})
    )
    redeemed = discounts.redeem(
        world, extra.get("discounts"), purchase, param=f"{where}[discounts]"
    )
    invoice_items.new(
        world,
        subscription["customer"],
        amount=prices.cost(world, price, quantity, subscription["currency"]),
        currency=subscription["currency"],
        description=subscription_items.product_name(world, {"price": price}),
        start=start,
        end=end,
        subscription=subscription["id"],
        price=price,
        quantity=quantity,
        discountable=extra.get("discountable"),
        discounts=[discount["id"] for discount in redeemed],
        tax_rates=subscription_items.tax_rates(world, extra.get("tax_rates")),
        metadata=merged({}, extra.get("metadata")),
    )


def _period(world: World, subscription: Json, given: Params | None) -> tuple[int, int]:
    """Of an extra: by default from the latest start of an item to the earliest end."""
    items = subscription["items"]["data"]
    latest = max(int(item["current_period_start"]) for item in items)
    earliest = min(int(item["current_period_end"]) for item in items)
    if given is None:
        return latest, earliest
    starts = {"max_item_period_start": latest, "now": world.now()}
    start, end = given["start"], given["end"]
    return (
        starts.get(start["type"], start.get("timestamp", world.now())),
        end["timestamp"] if end["type"] == "timestamp" else earliest,
    )


def price_of(
    world: World, given: Params, currency: str | None, where: str, *, recurring: bool
) -> Json:
    """The price that `price` names or `price_data` describes, of the kind that can be there."""
    if ("price" in given) == ("price_data" in given):
        raise invalid("You must specify either `price` or `price_data`.", where)
    param = f"{where}[price]"
    if "price_data" in given:
        price = prices.create(world, given["price_data"])
    else:
        price = world.store.get("price", given["price"], param)
    _check_price(world, price, currency, param, recurring=recurring)
    return price


def _check_price(
    world: World, price: Json, currency: str | None, param: str, *, recurring: bool
) -> None:
    kind, other = ("recurring", "one_time") if recurring else ("one_time", "recurring")
    if price["type"] != kind:
        raise invalid(
            f"The price specified is set to `type={other}` but this field only accepts prices "
            f"with `type={kind}`.",
            param,
        )
    if not price["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.", param
        )
    if currency is not None:
        prices.amounts(world, price, currency, param)


def collect(
    world: World, subscription: Json, invoice: Json, behavior: str, *, off_session: bool = False
) -> Json:
    """Finalize an invoice that is due at once and try to get it paid, as `payment_behavior` says.

    Raises:
        StripeError: It can't be paid and `error_if_incomplete` was asked for; nothing is done.
    """
    if subscription["collection_method"] == "send_invoice":
        return invoice
    invoice = invoice_finalization.finalize(world, invoice)
    if invoice["status"] == "open" and behavior != "default_incomplete":
        method = invoice_collection.payment_method_of(world, invoice)
        invoice = invoice_collection.collect(world, invoice, method, off_session=off_session)
    if invoice["status"] == "open" and behavior == "error_if_incomplete":
        refusal = _refusal(world, invoice)
        world.undo()
        raise refusal
    return invoice


def _refusal(world: World, invoice: Json) -> Exception:
    intent = invoice_collection.intent_of(world, invoice)
    if intent is None or (intent["last_payment_error"] is None and not intent["next_action"]):
        return invalid(NO_METHOD, code="resource_missing")
    if intent["last_payment_error"] is not None:
        return payment_intents.refusal(intent)
    return StripeError(
        402,
        "Your card was declined. This transaction requires authentication.",
        kind="card_error",
        code="authentication_required",
        decline_code="authentication_required",
        payment_intent=intent,
    )


def is_in_doubt(world: World, invoice: Json) -> bool:
    """Whether an invoice is owed and nothing is on its way to pay it."""
    if invoice["status"] != "open" or invoice["collection_method"] == "send_invoice":
        return False
    return not invoice_collection.is_processing(world, invoice)

"""The lines of a draft through the API: listed, added, changed, removed.

Lines are made of invoice items, which are changed and removed with them; what a line of a
subscription's own bills comes from its item and isn't changed here.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid, no_such, not_simulated
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    hash_of,
    list_of,
    merged,
    metadata,
    one_of,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources.catalogue import discounts
from local.stripe_simulator.resources.invoices import (
    invoice_drafts,
    invoice_item_requests,
    invoice_lines,
    tax_rates,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

LINE: Spec = {
    **invoice_item_requests.BILLED,
    "tax_amounts": unsupported("tax amounts of one's own; use tax rates"),
}
SHOWN = ("description", "discountable", "period")


def add(world: World, params: Params, invoice_id: str) -> Json:
    draft = editable(world, invoice_id)
    customer = world.store.get("customer", draft["customer"])
    items = [_item(world, customer, draft, given) for given in params["lines"]]
    return _with_metadata(world, invoice_drafts.take(world, draft, items), params)


def _item(world: World, customer: Json, draft: Json, given: Params) -> Json:
    """A pending item that is named, or a new one."""
    if not given.get("invoice_item"):
        return invoice_item_requests.new(world, customer, given, draft)
    item = world.store.get("invoiceitem", given["invoice_item"], "lines[invoice_item]")
    if item["invoice"] is not None or item["customer"] != customer["id"]:
        raise invalid("That invoice item isn't waiting for an invoice.", "lines[invoice_item]")
    own = {name: value for name, value in given.items() if name != "invoice_item"}
    return invoice_item_requests.change(world, item, own) if own else item


def update_several(world: World, params: Params, invoice_id: str) -> Json:
    draft = editable(world, invoice_id)
    for given in params["lines"]:
        own = {name: value for name, value in given.items() if name != "id"}
        draft = _change(world, draft, _line(draft, given["id"]), own)
    return _with_metadata(world, draft, params)


def update_one(world: World, params: Params, invoice_id: str, line_id: str) -> Json:
    draft = editable(world, invoice_id)
    return _line(_change(world, draft, _line(draft, line_id), params), line_id)


def _change(world: World, draft: Json, line: Json, params: Params) -> Json:
    item_id = invoice_lines.item_of(line)
    if item_id is not None:
        item = world.store.get("invoiceitem", item_id)
        changed = invoice_item_requests.change(world, item, params)
        return invoice_drafts.bill_anew(world, draft, changed)
    if any(name in params for name in invoice_item_requests.OF_AMOUNT):
        raise not_simulated("changing the amount of a subscription's line", "amount")
    changes: Json = {name: params[name] for name in SHOWN if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(line["metadata"], params["metadata"])
    if "tax_rates" in params:
        rates = tax_rates.named(world, params["tax_rates"])
        world.private[line["id"]] = {**world.private[line["id"]], "tax_rates": rates}
    if "discounts" in params:
        found = discounts.redeem(world, params["discounts"], _purchase(draft, line))
        changes["discounts"] = [discount["id"] for discount in found]
    lines = [
        {**each, **changes} if each["id"] == line["id"] else each for each in draft["lines"]["data"]
    ]
    return invoice_drafts.with_lines(world, draft, lines)


def _purchase(draft: Json, line: Json) -> discounts.Purchase:
    products = frozenset(filter(None, [invoice_lines.product_of(line)]))
    return discounts.Purchase(draft["customer"], draft["currency"], products, line["amount"])


def remove(world: World, params: Params, invoice_id: str) -> Json:
    """Take lines off a draft; their items are deleted, or wait for another invoice."""
    draft = editable(world, invoice_id)
    for given in params["lines"]:
        item_id = invoice_lines.item_of(_line(draft, given["id"]))
        if item_id is None:
            raise not_simulated("removing a subscription's line", "lines")
        item = world.store.get("invoiceitem", item_id)
        draft = invoice_drafts.drop(world, draft, item_id)
        if given["behavior"] == "delete":
            world.emit("invoiceitem.deleted", item)
            world.store.delete(item)
        else:
            world.store.update(item, invoice=None)
    return _with_metadata(world, draft, params)


def editable(world: World, invoice_id: str) -> Json:
    """A draft; what is finalized stays as it is."""
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] != "draft":
        message = "Finalized invoices can't be updated in this way"
        raise invalid(message, code="invoice_not_editable")
    return invoice


def _line(draft: Json, line_id: str) -> Json:
    for line in draft["lines"]["data"]:
        if line["id"] == line_id:
            found: Json = line
            return found
    raise no_such("line_item", line_id)


def _with_metadata(world: World, draft: Json, params: Params) -> Json:
    if "invoice_metadata" not in params:
        return draft
    both = merged(draft["metadata"], params["invoice_metadata"])
    return invoice_drafts.redraw(world, draft, metadata=both)


def listing(world: World, params: Params, invoice_id: str) -> Json:
    invoice = world.store.get("invoice", invoice_id)
    return page(invoice["lines"]["data"], params, f"/v1/invoices/{invoice_id}/lines")


def _several(line: Spec) -> Spec:
    return {"lines": required(list_of(hash_of(line), maximum=250)), "invoice_metadata": metadata}


ID = {"id": required(text())}
BEHAVIOR = {"behavior": required(one_of("delete", "unassign"))}
ROUTES = (
    Route("GET", "/v1/invoices/{}/lines", listing, PAGE),
    Route("POST", "/v1/invoices/{}/lines/{}", update_one, LINE),
    Route("POST", "/v1/invoices/{}/add_lines", add, _several({**LINE, "invoice_item": text()})),
    Route("POST", "/v1/invoices/{}/update_lines", update_several, _several({**LINE, **ID})),
    Route("POST", "/v1/invoices/{}/remove_lines", remove, _several({**ID, **BEHAVIOR})),
)

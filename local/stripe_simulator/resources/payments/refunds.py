"""Refunds: giving back what a charge took, whole or in parts, never more than is left of it.

Most succeed at once; those of two test cards and of debits change later ("Testing", on simulating
asynchronous refunds). What a hold released is a refund too.
"""

from __future__ import annotations

from local.stripe_simulator.errors import StripeError, invalid, no_such
from local.stripe_simulator.money import formatted
from local.stripe_simulator.pagination import LIST, page, whole
from local.stripe_simulator.params import (
    Params,
    Spec,
    integer,
    merged,
    metadata,
    one_of,
    text,
    unsupported,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.payments import account_balance, payment_intents
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

CREATE: Spec = {
    "amount": integer(1),
    "charge": text(),
    "currency": unsupported("refunds of a customer's cash balance"),
    "customer": unsupported("refunds of a customer's cash balance"),
    "instructions_email": unsupported("refunds that need instructions"),
    "metadata": metadata,
    "origin": unsupported("refunds of a customer's cash balance"),
    "payment_intent": text(),
    "reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
    "refund_application_fee": unsupported("Connect"),
    "reverse_transfer": unsupported("Connect"),
}
NO_CHARGE = "This PaymentIntent ({}) does not have a successful charge to refund."


def create(world: World, params: Params) -> Json:
    charge = _charge_to_refund(world, params)
    left = charge["amount_captured"] - charge["amount_refunded"] - _pending(world, charge)
    amount = params.get("amount", left)
    if left == 0:
        raise invalid(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if amount > left:
        raise invalid(
            f"Refund amount ({formatted(amount, charge['currency'])}) is greater than unrefunded "
            f"amount on charge ({formatted(left, charge['currency'])})",
            "amount",
        )
    return refund(world, charge, amount, params)


def _charge_to_refund(world: World, params: Params) -> Json:
    """The charge that is named, itself or by its intent, if it can be refunded at all."""
    intent_id = params.get("payment_intent")
    charge_id = params.get("charge")
    if intent_id:
        intent = world.store.get("payment_intent", intent_id)
        charge_id = charge_id or intent["latest_charge"]
        if charge_id is None:
            raise invalid(NO_CHARGE.format(intent_id))
    if not charge_id:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or "
            "charge."
        )
    charge = world.store.get("charge", charge_id)
    if charge["status"] != "succeeded" or intent_id not in (None, charge["payment_intent"]):
        raise invalid(NO_CHARGE.format(intent_id or charge["payment_intent"]))
    if not charge["captured"]:
        raise invalid(
            "This uncaptured Charge was created by a PaymentIntent "
            f"({charge['payment_intent']}). You must cancel the PaymentIntent to reverse the "
            "authorization instead of refunding the Charge directly. For more information, see "
            "https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
    _refuse_charged_back(world, charge)
    return charge


def _refuse_charged_back(world: World, charge: Json) -> None:
    for dispute in world.store.newest_first("dispute", charge=charge["id"]):
        if not dispute["is_charge_refundable"]:
            raise StripeError(
                400,
                f"Charge {charge['id']} has been charged back; cannot issue a refund.",
                code="charge_disputed",
            )


def _pending(world: World, charge: Json) -> int:
    of_charge = world.store.newest_first("refund", charge=charge["id"])
    return sum(made["amount"] for made in of_charge if made["status"] == "pending")


def refund(world: World, charge: Json, amount: int, params: Params) -> Json:
    """Refund an amount that is left of a charge, and say so."""
    course = world.cards[charge["payment_method"]].refunds
    card = charge["payment_method_details"]["type"] == "card"
    later = course == "succeed_later" or not card
    made = world.store.insert(
        {
            "id": world.new_id("re_3" if card else "pyr_1", 23),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": world.now(),
            "currency": charge["currency"],
            "customer": charge["customer"],
            "customer_account": None,
            "destination_details": _destination(charge),
            "metadata": merged({}, params.get("metadata")),
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "reason": params.get("reason"),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if later else "succeeded",
            "transfer_reversal": None,
        }
    )
    if later or course == "fail_later":
        at = world.now() + world.settings.delayed_payment_seconds
        world.schedule(at, "refund.settle", made["id"])
    if later:
        world.emit("refund.created", made)
        return made
    made, refunded = _book(world, made, charge)
    world.emit("refund.created", made)
    world.emit("charge.refunded", refunded, charge)
    return made


def _destination(charge: Json) -> Json:
    kind = charge["payment_method_details"]["type"]
    if kind == "card":
        details = {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund" if charge["captured"] else "reversal",
        }
        return {"card": details, "type": "card"}
    transfer = "eu_bank_transfer" if kind == "sepa_debit" else "us_bank_transfer"
    return {transfer: {"reference": None, "reference_status": "pending"}, "type": transfer}


def _book(world: World, made: Json, charge: Json) -> tuple[Json, Json]:
    """Give the money back: (the refund, the charge)."""
    refunded = charge["amount_refunded"] + made["amount"]
    of_all = charge["amount_captured"] if charge["captured"] else charge["amount"]
    charge = world.store.update(charge, amount_refunded=refunded, refunded=refunded >= of_all)
    if charge["captured"]:
        method = world.store.get("payment_method", charge["payment_method"])
        payment_intents.spend(world, method, -made["amount"])
        moved = account_balance.of_refund(world, made, charge)
        made = world.store.update(made, balance_transaction=moved["id"])
    return made, charge


def settle_due(world: World, refund_id: str) -> None:
    """Tell what became of a refund, unless it was canceled meanwhile."""
    before = world.store.get("refund", refund_id)
    charge = world.store.get("charge", before["charge"])
    if before["status"] == "pending":
        made = world.store.update(before, status="succeeded")
        made, refunded = _book(world, made, charge)
        world.emit("refund.updated", made, before)
        world.emit("charge.refunded", refunded, charge)
    elif before["status"] == "succeeded":
        _fail(world, before, charge)


def _fail(world: World, before: Json, charge: Json) -> None:
    """Take a refund back that the customer's bank could not take."""
    moved = account_balance.of_failed_refund(world, before)
    method = world.store.get("payment_method", charge["payment_method"])
    payment_intents.spend(world, method, before["amount"])
    made = world.store.update(
        before,
        failure_balance_transaction=moved["id"],
        failure_reason="unknown",
        status="failed",
    )
    left = charge["amount_refunded"] - made["amount"]
    changed = world.store.update(charge, amount_refunded=left, refunded=False)
    world.emit("refund.updated", made, before)
    world.emit("refund.failed", made)
    world.emit("charge.updated", changed, charge)


def release_hold(world: World, intent: Json) -> None:
    """What a canceled intent still held on a card is given back."""
    charge = world.store.find(intent["latest_charge"] or "")
    if charge is None or charge["captured"] or charge["status"] != "succeeded":
        return
    lapsed = intent["cancellation_reason"] == "automatic"
    reason = {"reason": "expired_uncaptured_charge"} if lapsed else {}
    refund(world, charge, charge["amount"], reason)


def cancel(world: World, _params: Params, refund_id: str) -> Json:
    before = world.store.get("refund", refund_id)
    if before["status"] != "pending":
        raise invalid("Canceling this refund is unsupported.")
    made = world.store.update(before, status="canceled")
    world.emit("refund.updated", made, before)
    return made


def of_charge(world: World, params: Params, charge_id: str) -> Json:
    world.store.get("charge", charge_id)
    found = world.store.newest_first("refund", charge=charge_id)
    return page(found, params, f"/v1/charges/{charge_id}/refunds")


def one_of_charge(world: World, _params: Params, charge_id: str, refund_id: str) -> Json:
    world.store.get("charge", charge_id)
    made = world.store.get("refund", refund_id)
    if made["charge"] != charge_id:
        raise no_such("refund", refund_id)
    return made


def _refunds(world: World, charge: Json) -> Json:
    found = list(world.store.newest_first("refund", charge=charge["id"]))
    return whole(found, f"/v1/charges/{charge['id']}/refunds")


ROUTES = (
    Route("POST", "/v1/refunds", create, CREATE),
    plain.listing("/v1/refunds", "refund", {**LIST, "charge": text(), "payment_intent": text()}),
    plain.retrieve("/v1/refunds/{}", "refund"),
    plain.update("/v1/refunds/{}", "refund", {"metadata": metadata}),
    Route("POST", "/v1/refunds/{}/cancel", cancel, {}),
    Route("GET", "/v1/charges/{}/refunds", of_charge, LIST),
    Route("GET", "/v1/charges/{}/refunds/{}", one_of_charge, {}),
)
INCLUDABLE = {("charge", "refunds"): _refunds}
REACTIONS = {"payment_intent.canceled": release_hold}
TIMERS = {"refund.settle": settle_due}

"""Disputes: customers who question a charge at their bank, and how that ends.

Magic evidence decides ("Testing", on simulating disputes): `winning_evidence`, `losing_evidence`,
`escalate_inquiry_evidence`. Without any evidence a dispute is lost when its time is over, and an
inquiry just closes; other evidence stays under review, for nobody is there to judge it.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    hash_of,
    merged,
    metadata,
    text,
    unsupported,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.payments import account_balance
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400
RESPONSE_SECONDS = 20 * DAY
INQUIRY_SECONDS = 120 * DAY  # "How disputes work": an inquiry not escalated by then closes
FILES = (
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
)
TEXTS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
)
EVIDENCE: Spec = {
    **dict.fromkeys(TEXTS, text(20_000)),
    **dict.fromkeys(FILES, unsupported("files")),
    "enhanced_evidence": unsupported("enhanced evidence"),
}
UPDATE: Spec = {
    "evidence": hash_of(EVIDENCE),
    "intended_submission_method": unsupported("Smart Disputes"),
    "metadata": metadata,
    "submit": boolean,
}
REASONS = (
    "credit_not_processed",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)
NETWORK_CODES = {
    "credit_not_processed": "13.6",
    "duplicate": "12.6",
    "fraudulent": "10.4",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "subscription_canceled": "13.2",
    "unrecognized": "10.4",
}
RESPONDING = ("needs_response", "warning_needs_response")
OPEN = (*RESPONDING, "under_review", "warning_under_review")


def open_on(
    world: World, charge_id: str, reason: str = "fraudulent", *, inquiry: bool = False
) -> Json:
    """Let a charge be disputed, or only inquired about: for test cards, and for the control path.

    Raises:
        StripeError: The charge took no money, or is disputed already, or the reason is none.
    """
    charge = world.store.get("charge", charge_id)
    if reason not in REASONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REASONS)}", "reason")
    if not (charge["captured"] and charge["paid"]) or charge["disputed"]:
        raise invalid(f"Charge {charge_id} can't be disputed.", "charge")
    dispute = world.store.insert(_new(world, charge, reason, inquiry=inquiry))
    disputed = world.store.update(charge, disputed=True)
    if not inquiry:
        dispute = _move_funds(world, dispute, withdrawn=True)
    world.emit("charge.dispute.created", dispute)
    if not inquiry:
        world.emit("charge.dispute.funds_withdrawn", dispute)
    world.emit("charge.updated", disputed, charge)
    world.schedule(dispute["evidence_details"]["due_by"], "dispute.due", dispute["id"])
    return dispute


def _new(world: World, charge: Json, reason: str, *, inquiry: bool) -> Json:
    now = world.now()
    details = charge["payment_method_details"]
    card = details.get("card")
    code = NETWORK_CODES.get(reason)
    shown: Json = {}
    if card is not None:
        case = {
            "brand": card["brand"],
            "case_type": "inquiry" if inquiry else "chargeback",
            "network": card["network"],
            "network_reason_code": code,
        }
        shown["payment_method_details"] = {"card": case, "type": "card"}
    return {
        "id": world.new_id("du_1", 23),
        "object": "dispute",
        "amount": charge["amount_captured"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys((*TEXTS, *FILES)), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + (INQUIRY_SECONDS if inquiry else RESPONSE_SECONDS),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
        **shown,
    }


def _move_funds(world: World, dispute: Json, *, withdrawn: bool) -> Json:
    moved = account_balance.of_dispute(world, dispute, withdrawn=withdrawn)
    return world.store.update(
        dispute, balance_transactions=[*dispute["balance_transactions"], moved]
    )


def on_intent_succeeded(world: World, intent: Json) -> None:
    """What some test cards pay is disputed right after."""
    card = world.cards[intent["payment_method"]]
    if card.dispute is not None:
        open_on(world, intent["latest_charge"], card.dispute, inquiry=card.inquiry)


def update(world: World, params: Params, dispute_id: str) -> Json:
    """Add evidence, and submit it unless told not to: then the bank decides."""
    before = world.store.get("dispute", dispute_id)
    changes: Json = {}
    submits = params.get("submit", "evidence" in params)
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if submits or "evidence" in params:
        _check_responding(before)
        changes["evidence"] = {**before["evidence"], **params.get("evidence", {})}
        changes["evidence_details"] = _details(before, submits=submits)
    if submits:
        changes["status"] = before["status"].replace("needs_response", "under_review")
    dispute = world.store.update(before, **changes)
    world.emit("charge.dispute.updated", dispute, before)
    if submits:
        _decide(world, dispute)
    return dispute


def _details(dispute: Json, *, submits: bool) -> Json:
    details = {**dispute["evidence_details"], "has_evidence": True}
    if submits:
        details["submission_count"] += 1
        details["submission_method"] = "manual"
    return details


def _check_responding(dispute: Json) -> None:
    if dispute["status"] not in RESPONDING:
        raise invalid(
            "This dispute is already closed or its evidence was submitted: it has a status of "
            f"{dispute['status']}."
        )


def close(world: World, _params: Params, dispute_id: str) -> Json:
    """Accept a dispute: it is lost."""
    dispute = world.store.get("dispute", dispute_id)
    if dispute["status"] not in OPEN:
        raise invalid("This dispute is already closed.")
    return _end(world, dispute, won=False)


def _end(world: World, before: Json, *, won: bool) -> Json:
    inquiry = before["status"].startswith("warning_")
    ended = "won" if won else "lost"
    dispute = world.store.update(
        before,
        is_charge_refundable=won or inquiry,
        status="warning_closed" if inquiry else ended,
    )
    if won and not inquiry:
        dispute = _move_funds(world, dispute, withdrawn=False)
        world.emit("charge.dispute.funds_reinstated", dispute)
    world.emit("charge.dispute.closed", dispute)
    return dispute


def _decide(world: World, dispute: Json) -> None:
    """What the bank says to the evidence, after it was received; most leaves it silent."""
    said = dispute["evidence"]["uncategorized_text"]
    if said == "escalate_inquiry_evidence" and dispute["status"].startswith("warning_"):
        _escalate(world, dispute)
    elif said in ("winning_evidence", "losing_evidence"):
        _end(world, dispute, won=said == "winning_evidence")


def _escalate(world: World, before: Json) -> None:
    """Make a chargeback of an inquiry: now the money is taken."""
    due_by = world.now() + RESPONSE_SECONDS
    shown = before["payment_method_details"]
    card = {**shown["card"], "case_type": "chargeback"}
    dispute = world.store.update(
        before,
        evidence_details={**before["evidence_details"], "due_by": due_by},
        is_charge_refundable=False,
        payment_method_details={**shown, "card": card},
        status="needs_response",
    )
    dispute = _move_funds(world, dispute, withdrawn=True)
    world.emit("charge.dispute.updated", dispute, before)
    world.emit("charge.dispute.funds_withdrawn", dispute)
    world.schedule(due_by, "dispute.due", dispute["id"])


def close_due(world: World, dispute_id: str) -> None:
    """End what nobody responded to in time."""
    dispute = world.store.get("dispute", dispute_id)
    details = dispute["evidence_details"]
    if dispute["status"] in RESPONDING and details["due_by"] <= world.now():
        past = {**details, "past_due": True}
        _end(world, world.store.update(dispute, evidence_details=past), won=False)


ROUTES = (
    plain.listing("/v1/disputes", "dispute", {**LIST, "charge": text(), "payment_intent": text()}),
    plain.retrieve("/v1/disputes/{}", "dispute"),
    Route("POST", "/v1/disputes/{}", update, UPDATE),
    Route("POST", "/v1/disputes/{}/close", close, {}),
)
REACTIONS = {"payment_intent.succeeded": on_intent_succeeded}
TIMERS = {"dispute.due": close_due}

"""What is known of a card or a bank account, as payment methods and as charges show it."""

from __future__ import annotations

from local.stripe_simulator.bank_accounts import TestBankAccount
from local.stripe_simulator.cards import TestCard, TestMethod
from local.stripe_simulator.params import Params
from local.stripe_simulator.store import Json


def of_method(known: TestMethod, given: Params, this_year: int) -> Json:
    """The part of a payment method that its type names: `{"type": "card", "card": {…}}`."""
    if isinstance(known, TestBankAccount):
        details = _sepa_debit(known) if known.type == "sepa_debit" else _us_bank_account(known)
        return {"type": known.type, known.type: details}
    assert isinstance(known, TestCard)
    return {"type": "card", "card": _card(known, given, this_year)}


def _card(card: TestCard, given: Params, this_year: int) -> Json:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": card.line1_check if card.line1_check != "pass" else None,
            "address_postal_code_check": (
                card.postal_code_check if card.postal_code_check != "pass" else None
            ),
            "cvc_check": card.cvc_check,
        },
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": given.get("exp_month", 12),
        "exp_year": given.get("exp_year", this_year + 1),
        "fingerprint": f"test{card.brand[:4]}{card.last4}".ljust(16, "0"),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": card.brand != "amex"},
        "wallet": None,
    }


def _us_bank_account(account: TestBankAccount) -> Json:
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": f"testus{account.last4}".ljust(16, "0"),
        "last4": account.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }


def _sepa_debit(account: TestBankAccount) -> Json:
    return {
        "bank_code": account.number[4:9],
        "branch_code": "",
        "country": account.country,
        "fingerprint": f"testsepa{account.last4}".ljust(16, "0"),
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": account.last4,
    }


def of_charge(method: Json, authorized: int | None, *, authenticated: bool) -> Json:
    """The `payment_method_details` of a charge, of which `authorized` went through."""
    kind = method["type"]
    if kind == "card":
        details = _charged_card(method["card"], authorized, authenticated=authenticated)
    else:
        details = _debited(method[kind], kind)
    return {kind: details, "type": kind}


def _charged_card(card: Json, authorized: int | None, *, authenticated: bool) -> Json:
    kept = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    return {
        **{name: card[name] for name in kept},
        "amount_authorized": authorized,
        "authorization_code": None,
        "electronic_commerce_indicator": "05" if authenticated else None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": authorized or 0, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": _three_d_secure() if authenticated else None,
        "transaction_link_id": None,
        "wallet": None,
    }


def of_setup(method: Json, *, authenticated: bool) -> Json:
    """The `payment_method_details` of a setup attempt."""
    kind = method["type"]
    if kind != "card":
        return {kind: {}, "type": kind}
    kept = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
    )
    card = method["card"]
    secured = _three_d_secure() if authenticated else None
    if secured is not None:
        del secured["exemption_indicator"]
    details = {"network": card["brand"], "three_d_secure": secured, "wallet": None}
    return {"card": {**{name: card[name] for name in kept}, **details}, "type": kind}


def _three_d_secure() -> Json:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }


def _debited(account: Json, kind: str) -> Json:
    if kind == "sepa_debit":
        kept = ("bank_code", "branch_code", "country", "fingerprint", "last4")
        return {**{name: account[name] for name in kept}, "mandate": None}
    kept = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4")
    return {
        **{name: account[name] for name in kept},
        "payment_reference": None,
        "routing_number": account["routing_number"],
    }

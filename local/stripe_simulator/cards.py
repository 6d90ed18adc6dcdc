"""Stripe's test cards: how each behaves when it is attached, authenticated, charged and refunded.

The tables follow Stripe's page "Testing". A card's number is used to look up its behaviour and is
forgotten: nothing here stores one that isn't a published test number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Authentication = Literal["never", "on_session", "unless_set_up", "always"]
Refunds = Literal["succeed", "succeed_later", "fail_later"]
Risk = Literal["normal", "elevated", "highest"]
CheckResult = Literal["pass", "fail", "unavailable"]


@dataclass(frozen=True)
class Decline:
    """Why a payment method was refused, in Stripe's words for the customer."""

    code: str
    message: str
    decline_code: str | None = None
    param: str | None = None


@dataclass(frozen=True)
class TestMethod:
    """How a payment method behaves; `pm_<…>` and `tok_<…>` ids stand for published ones."""

    name: str
    number: str
    on_attach: Decline | None = None
    on_charge: Decline | None = None
    authentication: Authentication = "never"
    is_set_up: bool = False  # for use off-session, by a setup or a payment that saved it
    balance: int | None = None  # what it can still spend, in minor units; None is no limit
    dispute: str | None = None  # the reason for which each of its payments is disputed
    inquiry: bool = False  # whether that dispute only inquires
    refunds: Refunds = "succeed"
    settles_after: float | None = None  # seconds until a debit's outcome is known
    simulated: bool = True

    __test__ = False  # not a test class, whatever its name

    @property
    def last4(self) -> str:
        return self.number[-4:]


@dataclass(frozen=True)
class TestCard(TestMethod):
    """One published test card; `pm_card_<name>` and `tok_<name>` stand for it."""

    brand: str = "visa"
    funding: str = "credit"
    country: str = "US"
    risk: Risk = "normal"
    cvc_check: CheckResult = "pass"
    postal_code_check: CheckResult = "pass"
    line1_check: CheckResult = "pass"


def _refusal(decline_code: str, message: str = "Your card was declined.") -> Decline:
    return Decline("card_declined", message, decline_code)


GENERIC = _refusal("generic_decline")
INSUFFICIENT_FUNDS = _refusal("insufficient_funds", "Your card has insufficient funds.")
LOST = _refusal("lost_card")
STOLEN = _refusal("stolen_card")
FRAUDULENT = _refusal("fraudulent")
VELOCITY = _refusal(
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount "
    "limit.",
)
EXPIRED = Decline("expired_card", "Your card has expired.", param="exp_month")
INCORRECT_CVC = Decline("incorrect_cvc", "Your card's security code is incorrect.", param="cvc")
PROCESSING_ERROR = Decline(
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "authentication_required",
)
INCORRECT_NUMBER = Decline("incorrect_number", "Your card number is incorrect.", param="number")
INVALID_EXPIRY_YEAR = Decline(
    "invalid_expiry_year", "Your card's expiration year is invalid.", param="exp_year"
)
INVALID_EXPIRY_MONTH = Decline(
    "invalid_expiry_month", "Your card's expiration month is invalid.", param="exp_month"
)
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "Your card was declined. Your request was in test mode, but used a non test card. For a list "
    "of valid test cards, visit: https://stripe.com/docs/testing.",
    "test_mode_live_card",
)
DECLINES = {
    decline.decline_code or decline.code: decline
    for decline in (
        GENERIC,
        INSUFFICIENT_FUNDS,
        LOST,
        STOLEN,
        FRAUDULENT,
        VELOCITY,
        EXPIRED,
        INCORRECT_CVC,
        PROCESSING_ERROR,
        AUTHENTICATION_REQUIRED,
        _refusal("do_not_honor"),
        _refusal("highest_risk_level"),
        _refusal("incorrect_number"),
        _refusal("pickup_card"),
        _refusal("revocation_of_all_authorizations"),
        _refusal("revocation_of_authorization"),
        _refusal("transaction_not_allowed"),
        _refusal("try_again_later"),
    )
}
# After these Stripe charges an invoice again only with another payment method ("Automate payment
# retries").
HARD_DECLINES = frozenset(
    {
        "authentication_required",
        "highest_risk_level",
        "incorrect_number",
        "lost_card",
        "pickup_card",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "stolen_card",
        "transaction_not_allowed",
    }
)


def _declining(name: str, number: str, decline: Decline) -> TestCard:
    return TestCard(name, number, on_attach=decline, on_charge=decline)


def _refused(name: str, number: str) -> TestCard:
    """A card whose behaviour Stripe documents and the simulator doesn't have."""
    return TestCard(name, number, simulated=False)


CARDS = (
    TestCard("visa", "4242424242424242"),
    TestCard("visa_debit", "4000056655665556", funding="debit"),
    TestCard("mastercard", "5555555555554444", brand="mastercard"),
    TestCard("mastercard_debit", "5200828282828210", brand="mastercard", funding="debit"),
    TestCard("mastercard_prepaid", "5105105105105100", brand="mastercard", funding="prepaid"),
    TestCard("amex", "378282246310005", brand="amex"),
    TestCard("discover", "6011111111111117", brand="discover"),
    TestCard("diners", "3056930009020004", brand="diners"),
    TestCard("jcb", "3566002020360505", brand="jcb"),
    TestCard("unionpay", "6200000000000005", brand="unionpay"),
    TestCard("gb", "4000008260000000", country="GB"),
    TestCard("de", "4000002760000016", country="DE"),
    TestCard("fr", "4000002500000003", country="FR"),
    TestCard("ch", "4000007560000009", country="CH"),
    TestCard("ca", "4000001240000000", country="CA"),
    TestCard("jp", "4000003920000003", country="JP"),
    _declining("visa_chargeDeclined", "4000000000000002", GENERIC),
    _declining("visa_chargeDeclinedInsufficientFunds", "4000000000009995", INSUFFICIENT_FUNDS),
    _declining("visa_chargeDeclinedLostCard", "4000000000009987", LOST),
    _declining("visa_chargeDeclinedStolenCard", "4000000000009979", STOLEN),
    _declining("chargeDeclinedExpiredCard", "4000000000000069", EXPIRED),
    _declining("chargeDeclinedIncorrectCvc", "4000000000000127", INCORRECT_CVC),
    _declining("chargeDeclinedProcessingError", "4000000000000119", PROCESSING_ERROR),
    _declining("visa_chargeDeclinedVelocityLimitExceeded", "4000000000006975", VELOCITY),
    TestCard("chargeCustomerFail", "4000000000000341", on_charge=GENERIC),
    # Fraud prevention, with Radar's default rules: the highest risk is blocked.
    TestCard("radarBlock", "4100000000000019", on_charge=FRAUDULENT, risk="highest"),
    TestCard("riskLevelHighest", "4000000000004954", on_charge=FRAUDULENT, risk="highest"),
    TestCard("riskLevelElevated", "4000000000009235", risk="elevated"),
    TestCard("cvcCheckFail", "4000000000000101", cvc_check="fail"),
    TestCard("avsZipFail", "4000000000000036", postal_code_check="fail"),
    TestCard("avsLine1Fail", "4000000000000028", line1_check="fail"),
    TestCard("avsFail", "4000000000000010", postal_code_check="fail", line1_check="fail"),
    TestCard(
        "avsUnchecked",
        "4000000000000044",
        postal_code_check="unavailable",
        line1_check="unavailable",
    ),
    # 3D Secure
    TestCard("authenticationRequired", "4000002760003184", authentication="always"),
    TestCard("authenticationRequiredOnSetup", "4000002500003155", authentication="unless_set_up"),
    TestCard(
        "authenticationRequiredSetupForOffSession",
        "4000003800000446",
        authentication="unless_set_up",
        is_set_up=True,
    ),
    TestCard(
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        authentication="on_session",
        on_charge=INSUFFICIENT_FUNDS,
    ),
    TestCard("threeDSecure2Required", "4000000000003220", authentication="always", country="IE"),
    TestCard("threeDSecureRequired", "4000008400000027", authentication="always"),
    TestCard(
        "threeDSecureRequiredChargeDeclined",
        "4000008400001629",
        authentication="always",
        on_charge=GENERIC,
    ),
    TestCard("threeDSecureRequiredProcessingError", "4000008400001280", on_charge=GENERIC),
    TestCard("threeDSecureOptional", "4000000000003055"),
    TestCard("threeDSecureOptionalProcessingError", "4000000000003097"),
    # Disputes
    TestCard("createDispute", "4000000000000259", dispute="fraudulent"),
    TestCard("createDisputeProductNotReceived", "4000000000002685", dispute="product_not_received"),
    TestCard("createDisputeInquiry", "4000000000001976", dispute="fraudulent", inquiry=True),
    _refused("createIssuerFraudRecord", "4000000000005423"),
    _refused("createMultipleDisputes", "4000000404000079"),
    _refused("createCe3EligibleDispute", "4000000404000038"),
    _refused("createComplianceDispute", "4000008400000779"),
    # Refunds
    TestCard("pendingRefund", "4000000000007726", refunds="succeed_later"),
    TestCard("refundFail", "4000000000005126", refunds="fail_later"),
    # Funds that are available at once: the simulator keeps no payout schedule
    TestCard("bypassPending", "4000000000000077"),
    TestCard("bypassPendingInternational", "4000003720000278", country="IE"),
)
BY_NUMBER = {card.number: card for card in CARDS}
# Stripe's own ids are uneven: some carry "visa_", some don't. Both are understood.
BY_NAME = {name: card for card in CARDS for name in (card.name, card.name.removeprefix("visa_"))}
BY_NAME["visa"] = BY_NUMBER["4242424242424242"]
BY_NAME["chargeDeclinedFraudulent"] = BY_NAME["radarBlock"]
BY_NAME["amex_threeDSecureNotSupported"] = BY_NAME["amex"]


def by_id(test_id: str) -> TestCard | None:
    """The card of `pm_card_<name>` or `tok_<name>`, if that is what `test_id` is."""
    for prefix in ("pm_card_", "tok_"):
        if test_id.startswith(prefix):
            return BY_NAME.get(test_id.removeprefix(prefix))
    return None


def only_digits(value: str) -> bool:
    """Whether `value` is 0 to 9 only; to `str.isdigit` alone, "²" and "٤" are digits too."""
    return value.isascii() and value.isdigit()


def passes_luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def by_number(number: str) -> TestCard | Decline:
    """The test card of that number, or why no card can have it here."""
    digits = number.replace(" ", "").replace("-", "")
    if card := BY_NUMBER.get(digits):
        return card
    if not only_digits(digits) or not 12 <= len(digits) <= 19 or not passes_luhn(digits):
        return INCORRECT_NUMBER
    return NOT_A_TEST_CARD

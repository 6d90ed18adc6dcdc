"""Stripe's test cards: how each behaves when it is attached and when it is charged.

A card's number is used to look up its behaviour and is forgotten: nothing here stores one that
isn't a published test number.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decline:
    """Why a card was refused, in Stripe's words for the customer."""

    code: str
    message: str
    decline_code: str | None = None
    param: str | None = None


@dataclass(frozen=True)
class TestCard:
    """One published test card; `pm_card_<name>` and `tok_<name>` stand for it."""

    name: str
    number: str
    brand: str = "visa"
    funding: str = "credit"
    on_attach: Decline | None = None
    on_charge: Decline | None = None
    simulated: bool = True

    __test__ = False  # not a test class, whatever its name

    @property
    def last4(self) -> str:
        return self.number[-4:]


def _refusal(decline_code: str, message: str = "Your card was declined.") -> Decline:
    return Decline("card_declined", message, decline_code)


GENERIC = _refusal("generic_decline")
INSUFFICIENT_FUNDS = _refusal("insufficient_funds", "Your card has insufficient funds.")
LOST = _refusal("lost_card")
STOLEN = _refusal("stolen_card")
EXPIRED = Decline("expired_card", "Your card has expired.", param="exp_month")
INCORRECT_CVC = Decline("incorrect_cvc", "Your card's security code is incorrect.", param="cvc")
PROCESSING_ERROR = Decline(
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
INCORRECT_NUMBER = Decline("incorrect_number", "Your card number is incorrect.", param="number")
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "Your card was declined. Your request was in test mode, but used a non test card. For a list "
    "of valid test cards, visit: https://stripe.com/docs/testing.",
    "test_mode_live_card",
)


def _declining(name: str, number: str, decline: Decline) -> TestCard:
    return TestCard(name, number, on_attach=decline, on_charge=decline)


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
    _declining("visa_chargeDeclined", "4000000000000002", GENERIC),
    _declining("visa_chargeDeclinedInsufficientFunds", "4000000000009995", INSUFFICIENT_FUNDS),
    _declining("visa_chargeDeclinedLostCard", "4000000000009987", LOST),
    _declining("visa_chargeDeclinedStolenCard", "4000000000009979", STOLEN),
    _declining("chargeDeclinedExpiredCard", "4000000000000069", EXPIRED),
    _declining("chargeDeclinedIncorrectCvc", "4000000000000127", INCORRECT_CVC),
    _declining("chargeDeclinedProcessingError", "4000000000000119", PROCESSING_ERROR),
    TestCard("chargeCustomerFail", "4000000000000341", on_charge=GENERIC),
    TestCard("threeDSecure2Required", "4000000000003220", simulated=False),
    TestCard("authenticationRequired", "4000002760003184", simulated=False),
    TestCard("authenticationRequiredOnSetup", "4000002500003155", simulated=False),
    TestCard("createDispute", "4000000000000259", simulated=False),
)
BY_NUMBER = {card.number: card for card in CARDS}
# Stripe's own ids are uneven: some carry "visa_", some don't. Both are understood.
BY_NAME = {name: card for card in CARDS for name in (card.name, card.name.removeprefix("visa_"))}
BY_NAME["visa"] = BY_NUMBER["4242424242424242"]


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

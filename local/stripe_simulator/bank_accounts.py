"""Stripe's test bank accounts: debits that are processing first, and succeed or fail later.

The tables follow Stripe's pages "Accept an ACH Direct Debit payment" and "Accept a SEPA Direct
Debit payment", sections on testing. A US account comes by its token only: verifying one by
microdeposits isn't simulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from local.stripe_simulator.cards import Decline, TestMethod

BankAccountType = Literal["sepa_debit", "us_bank_account"]
NEVER = float("inf")
THREE_MINUTES = 180.0


@dataclass(frozen=True)
class TestBankAccount(TestMethod):
    """One published account; `settles_after` comes on top of what a debit takes anyway."""

    type: BankAccountType = "us_bank_account"
    country: str = "US"
    settles_after: float | None = 0.0


def _failing(code: str, message: str) -> TestBankAccount:
    return TestBankAccount("", "", on_charge=Decline(code, message))


SUCCEEDS = TestBankAccount("", "")
DISPUTED = TestBankAccount("", "", dispute="debit_not_authorized")
INSUFFICIENT_FUNDS = _failing(
    "insufficient_funds", "The customer's account has insufficient funds to cover this payment."
)
FAILS = _failing("debit_not_authorized", "The customer has notified their bank of this debit.")
OVER_VOLUME = _failing(
    "charge_exceeds_source_limit",
    "This payment exceeds the account's weekly limit of payment volume.",
)
OVER_COUNT = _failing(
    "charge_exceeds_weekly_limit",
    "This payment exceeds the account's weekly limit of transactions.",
)
US_ACCOUNTS = {
    "success": ("000123456789", SUCCEEDS),
    "accountClosed": (
        "000111111113",
        _failing("account_closed", "The customer's bank account has been closed."),
    ),
    "noAccount": (
        "000111111116",
        _failing("no_account", "The customer's bank account could not be located."),
    ),
    "insufficientFunds": ("000222222227", INSUFFICIENT_FUNDS),
    "debitNotAuthorized": ("000333333335", FAILS),
    "invalidCurrency": (
        "000444444440",
        _failing("invalid_currency", "The bank was unable to process this payment's currency."),
    ),
    "dispute": ("000555555559", DISPUTED),
    "processing": ("000000000009", replace(SUCCEEDS, settles_after=NEVER)),
}
SEPA_BEHAVIOURS = {
    "success": SUCCEEDS,
    "successDelayed": replace(SUCCEEDS, settles_after=THREE_MINUTES),
    "failed": FAILS,
    "failedDelayed": replace(FAILS, settles_after=THREE_MINUTES),
    "disputed": DISPUTED,
    "exceedsWeeklyVolumeLimit": OVER_VOLUME,
    "exceedsWeeklyTransactionLimit": OVER_COUNT,
    "insufficientFunds": INSUFFICIENT_FUNDS,
}
# Each country's IBANs, in the order of the behaviours above.
IBANS = {
    "AT": (
        "AT611904300234573201",
        "AT321904300235473204",
        "AT861904300235473202",
        "AT051904300235473205",
        "AT591904300235473203",
        "AT981904300000343434",
        "AT601904300000121212",
        "AT981904300002222227",
    ),
    "BE": (
        "BE62510007547061",
        "BE78510007547064",
        "BE68539007547034",
        "BE51510007547065",
        "BE08510007547063",
        "BE90510000343434",
        "BE52510000121212",
        "BE90510002222227",
    ),
    "DE": (
        "DE89370400440532013000",
        "DE08370400440532013003",
        "DE62370400440532013001",
        "DE78370400440532013004",
        "DE35370400440532013002",
        "DE65370400440000343434",
        "DE27370400440000121212",
        "DE65370400440002222227",
    ),
    "FR": (
        "FR1420041010050500013M02606",
        "FR3020041010050500013M02609",
        "FR8420041010050500013M02607",
        "FR7920041010050500013M02600",
        "FR5720041010050500013M02608",
        "FR9720041010050000000343434",
        "FR5920041010050000000121212",
        "FR9720041010050000002222227",
    ),
}
ACCOUNTS = (
    *(
        replace(account, name=f"pm_usBankAccount_{name}", number=number)
        for name, (number, account) in US_ACCOUNTS.items()
    ),
    *(
        replace(
            account,
            name=f"pm_{name}_{country.lower()}",
            number=iban,
            type="sepa_debit",
            country=country,
        )
        for country, ibans in IBANS.items()
        for (name, account), iban in zip(SEPA_BEHAVIOURS.items(), ibans, strict=True)
    ),
)
BY_ID = {account.name: account for account in ACCOUNTS}
BY_IBAN = {account.number: account for account in ACCOUNTS if account.type == "sepa_debit"}
INVALID_IBAN = Decline("invalid_bank_account_iban", "The IBAN you provided is invalid.")


def by_iban(given: str) -> TestBankAccount | None:
    return BY_IBAN.get(given.replace(" ", "").upper())

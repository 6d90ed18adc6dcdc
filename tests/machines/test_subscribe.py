"""Every path of ``subscribe``, failures and retries included."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = {
    "KnownCustomer": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Record Subscription",
        "What Happened?",
        "Subscription Recorded",
        "SUCCEEDED",
    ],
    "FirstContact": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Link Customer",
        "Record Subscription",
        "What Happened?",
        "Subscription Recorded",
        "SUCCEEDED",
    ],
    "StaleEvent": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Record Subscription",
        "What Happened?",
        "Stale Event Ignored",
        "SUCCEEDED",
    ],
    "Duplicate": ["Claim Event", "Claimed?", "Duplicate Ignored", "SUCCEEDED"],
    "Unattributed": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Unattributed Ignored",
        "SUCCEEDED",
    ],
    "LinkedInBetween": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Link Customer",
        "Resolve User",
        "Whose Customer?",
        "Record Subscription",
        "What Happened?",
        "Subscription Recorded",
        "SUCCEEDED",
    ],
    "UserMissing": ["Claim Event", "Claimed?", "Resolve User x4", "FAILED UserNotFound"],
    "UserAppears": [
        "Claim Event",
        "Claimed?",
        "Resolve User x3",
        "Whose Customer?",
        "Record Subscription",
        "What Happened?",
        "Subscription Recorded",
        "SUCCEEDED",
    ],
    "StripeDownForAWhile": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Record Subscription x3",
        "What Happened?",
        "Subscription Recorded",
        "SUCCEEDED",
    ],
    "StripeDownForLong": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Record Subscription x11",
        "FAILED StripeUnavailable",
    ],
    "BrokenContract": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Record Subscription",
        "FAILED ContractViolation",
    ],
    "LeaseLostWhileClaiming": ["Claim Event x2", "Claimed?", "Duplicate Ignored", "SUCCEEDED"],
    "WorkerDies": [
        "Claim Event x2",
        "Claimed?",
        "Resolve User x2",
        "Whose Customer?",
        "Record Subscription x2",
        "What Happened?",
        "Subscription Recorded",
        "SUCCEEDED",
    ],
    "LinkFails": [
        "Claim Event",
        "Claimed?",
        "Resolve User",
        "Whose Customer?",
        "Link Customer x11",
        "FAILED StoreUnavailable",
    ],
    "ClaimFails": ["Claim Event x11", "FAILED StoreUnavailable"],
}


@pytest.mark.parametrize("case", CASES)
def test_the_machine_takes_the_named_path(
    case: str, run_subscribe: Callable[[str], list[str]]
) -> None:
    assert run_subscribe(case) == CASES[case]


def test_every_mocked_case_has_its_path_here() -> None:
    mocks = json.loads(Path(__file__).with_name("MockConfigFile.json").read_text())

    assert set(mocks["StateMachines"]["subscribe"]["TestCases"]) == set(CASES)

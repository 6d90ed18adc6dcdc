"""Every path of ``reconcile``: a loop over pages, and three ways out of it."""

from tests.machines.case import Case

CLAIMED: Case = (("Claim Run", "RunClaimed"), "What Next?")
COMPLETED: Case = ("What Next?", "Run Completed", "SUCCEEDED")
LEFT: Case = ("What Next?", "Left To Another Run", "SUCCEEDED")
FULL: Case = (
    *CLAIMED,
    ("Compare Page", "FullAfterTwoPages"),
    "What Next?",
    ("Compare Page", "FullAfterTwoPages"),
    "What Next?",
)

CASES: dict[str, Case] = {
    "OnePage": (*CLAIMED, ("Compare Page", "OnePage"), *COMPLETED),
    "ThreePages": (
        *CLAIMED,
        *(("Compare Page", "ThreePages"), "What Next?") * 2,
        ("Compare Page", "ThreePages"),
        *COMPLETED,
    ),
    "AnotherRuns": (("Claim Run", "RunLeft"), *LEFT),
    "ClaimChangesHands": (("Claim Run x2", "LeaseLostThenRunLeft"), *LEFT),
    "AnotherTakesOver": (
        *CLAIMED,
        ("Compare Page", "PageThenLeft"),
        "What Next?",
        ("Compare Page", "PageThenLeft"),
        *LEFT,
    ),
    "HistoryFills": (
        *FULL,
        ("Start Successor", "SuccessorStarted"),
        "Run Continued",
        "SUCCEEDED",
    ),
    "SuccessorStartsLate": (
        *FULL,
        ("Start Successor x3", "ThrottledThenSuccessorStarted"),
        "Run Continued",
        "SUCCEEDED",
    ),
    "SuccessorNeverStarts": (
        *FULL,
        ("Start Successor x11", "StoreUnavailableAlways"),
        "FAILED StoreUnavailable",
    ),
    "NobodysCustomer": (("Claim Run", "UserNotFound"), "FAILED UserNotFound"),
    "ClaimFails": (("Claim Run x11", "StoreUnavailableAlways"), "FAILED StoreUnavailable"),
    "StripeDownForAWhile": (
        *CLAIMED,
        ("Compare Page x4", "StripeUnavailableThenOnePage"),
        *COMPLETED,
    ),
    "StripeDownForLong": (
        *CLAIMED,
        ("Compare Page x11", "StripeUnavailableAlways"),
        "FAILED StripeUnavailable",
    ),
    "OneCustomerIsContended": (
        *CLAIMED,
        ("Compare Page x2", "RecordContendedThenOnePage"),
        *COMPLETED,
    ),
    "BrokenContract": (*CLAIMED, ("Compare Page", "ContractViolation"), "FAILED ContractViolation"),
    "WorkerDies": (
        ("Claim Run x2", "TimesOutThenRunClaimed"),
        "What Next?",
        ("Compare Page x2", "DiesThenOnePage"),
        *COMPLETED,
    ),
}

"""The paths of every machine that a Stripe event starts: they begin alike and record the event."""

from tests.machines.case import Case

CLAIMED: Case = (("Claim Event", "Claimed"), "Claimed?")
LINKED: Case = (*CLAIMED, ("Resolve User", "Linked"), "Whose Customer?")
FIRST_CONTACT: Case = (*CLAIMED, ("Resolve User", "FirstContact"), "Whose Customer?")


def recording(step: str, end: str) -> dict[str, Case]:
    """Name the paths of a machine whose own ``step`` records the event, and which then ends."""

    def ended(entered: str, responses: str, at: str = end) -> Case:
        return ((entered, responses), "What Happened?", at, "SUCCEEDED")

    applied = ended(step, "Applied")
    in_between = ("Resolve User", "FirstContactThenLinked")
    return {
        "KnownCustomer": (*LINKED, *applied),
        "FirstContact": (*FIRST_CONTACT, ("Link Customer", "CustomerLinked"), *applied),
        "StaleEvent": (*LINKED, *ended(step, "Stale", "Stale Event Ignored")),
        "Duplicate": (
            ("Claim Event", "NotClaimed"),
            "Claimed?",
            "Duplicate Ignored",
            "SUCCEEDED",
        ),
        "Unattributed": (
            *CLAIMED,
            ("Resolve User", "Unattributed"),
            "Whose Customer?",
            "Unattributed Ignored",
            "SUCCEEDED",
        ),
        "LinkedInBetween": (
            *CLAIMED,
            in_between,
            "Whose Customer?",
            ("Link Customer", "UserConflict"),
            in_between,
            "Whose Customer?",
            *applied,
        ),
        "UserMissing": (*CLAIMED, ("Resolve User x4", "UserNeverFound"), "FAILED UserNotFound"),
        "UserAppears": (
            *CLAIMED,
            ("Resolve User x3", "UserFoundLate"),
            "Whose Customer?",
            *applied,
        ),
        "StripeDownForAWhile": (*LINKED, *ended(f"{step} x3", "StripeUnavailableTwice")),
        "StripeDownForLong": (
            *LINKED,
            (f"{step} x11", "StripeUnavailableAlways"),
            "FAILED StripeUnavailable",
        ),
        "RecordContended": (*LINKED, *ended(f"{step} x2", "RecordContendedOnce")),
        "BrokenContract": (*LINKED, (step, "ContractViolation"), "FAILED ContractViolation"),
        "LeaseLostWhileClaiming": (
            ("Claim Event x2", "LeaseLostThenNotClaimed"),
            "Claimed?",
            "Duplicate Ignored",
            "SUCCEEDED",
        ),
        "LeaseLostForGood": (*LINKED, (f"{step} x7", "LeaseLostAlways"), "FAILED LeaseLost"),
        "WorkerDies": (
            ("Claim Event x2", "DiesThenClaimed"),
            "Claimed?",
            ("Resolve User x2", "TimesOutThenLinked"),
            "Whose Customer?",
            *ended(f"{step} x2", "ThrottledThenApplied"),
        ),
        "LinkFails": (
            *FIRST_CONTACT,
            ("Link Customer x11", "StoreUnavailableAlways"),
            "FAILED StoreUnavailable",
        ),
        "ClaimFails": (("Claim Event x11", "StoreUnavailableAlways"), "FAILED StoreUnavailable"),
    }

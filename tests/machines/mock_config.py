"""Write MockConfigFile.json, in AWS Step Functions Local's format, from the cases.

The mocked answers are made of the steps' own models and the domain's errors, so that they can't
drift from what a step says. After a change: ``make mocks``.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from billing.contracts.reconcile import Cursor, Run, StartSuccessorOutput
from billing.contracts.steps import (
    ClaimEventOutput,
    FailureOutput,
    LifecycleOutput,
    LinkCustomerInput,
    ResolveUserOutput,
)
from billing.domain.errors import (
    BillingError,
    BusUnavailable,
    ContractViolation,
    LeaseLost,
    RecordContended,
    StoreUnavailable,
    StripeUnavailable,
    UserConflict,
    UserNotFound,
)
from tests.machines.case import Case, mocks_of
from tests.support.definitions import machine_names

FILE = Path(__file__).with_name("MockConfigFile.json")

#: What a Task answers: its output, an error of ours, or one of Lambda's.
Answer = BaseModel | type[BillingError] | str

CLAIMED = ClaimEventOutput(claimed=True)
LINKED = ResolveUserOutput(attribution="linked", user_id="user_1", customer_id="cus_1")
FIRST_CONTACT = LINKED.model_copy(update={"attribution": "first_contact"})
APPLIED = LifecycleOutput(outcome="applied")
#: In the past, so that no engine waits.
WAITING = FailureOutput(outcome="waiting", until="2026-01-01T00:00:00Z")
RECOVERED = FailureOutput(outcome="recovered")
RESTRICTED = FailureOutput(outcome="restricted")
MORE = Run(
    outcome="more",
    id="run_1",
    scope="all",
    started_at=1_800_000_000,
    since=1_790_000_000,
    cursor=Cursor(phase="subscriptions"),
)
FULL, DONE, LEFT = (MORE.model_copy(update={"outcome": end}) for end in ("full", "done", "left"))

#: One answer per try. A Task is tried at most 11 times.
RESPONSES: dict[str, list[Answer]] = {
    "Claimed": [CLAIMED],
    "NotClaimed": [ClaimEventOutput(claimed=False)],
    "LeaseLostThenNotClaimed": [LeaseLost, ClaimEventOutput(claimed=False)],
    "DiesThenClaimed": ["Runtime.ExitError", CLAIMED],
    "Linked": [LINKED],
    "TimesOutThenLinked": ["Sandbox.Timedout", LINKED],
    "FirstContact": [FIRST_CONTACT],
    "FirstContactThenLinked": [FIRST_CONTACT, LINKED],
    "Unattributed": [ResolveUserOutput(attribution="unattributed", customer_id="cus_1")],
    "UserNeverFound": [UserNotFound] * 4,
    "UserFoundLate": [UserNotFound, UserNotFound, LINKED],
    "CustomerLinked": [LinkCustomerInput(user_id="user_1", customer_id="cus_1")],
    "UserConflict": [UserConflict],
    "Applied": [APPLIED],
    "Stale": [LifecycleOutput(outcome="stale")],
    "StripeUnavailableTwice": [StripeUnavailable, StripeUnavailable, APPLIED],
    "StripeUnavailableAlways": [StripeUnavailable] * 11,
    "StoreUnavailableAlways": [StoreUnavailable] * 11,
    "RecordContendedOnce": [RecordContended, APPLIED],
    "RecordContendedAlways": [RecordContended] * 7,
    "LeaseLostAlways": [LeaseLost] * 7,
    "ThrottledThenApplied": ["Lambda.TooManyRequestsException", APPLIED],
    "ContractViolation": [ContractViolation],
    "Waiting": [WAITING],
    "Recovered": [RECOVERED],
    "Restricted": [RESTRICTED],
    "WaitingThenRestricted": [WAITING, RESTRICTED],
    "StripeUnavailableThenRestricted": [StripeUnavailable, RESTRICTED],
    "DiesThenRecovered": ["Runtime.ExitError", RECOVERED],
    "RunClaimed": [MORE],
    "RunLeft": [LEFT],
    "LeaseLostThenRunLeft": [LeaseLost, LEFT],
    "TimesOutThenRunClaimed": ["Sandbox.Timedout", MORE],
    "UserNotFound": [UserNotFound],
    "OnePage": [DONE],
    "ThreePages": [MORE, MORE, DONE],
    "FullAfterTwoPages": [MORE, FULL],
    "PageThenLeft": [MORE, LEFT],
    "StripeUnavailableThenOnePage": [StripeUnavailable, StoreUnavailable, BusUnavailable, DONE],
    "RecordContendedThenOnePage": [RecordContended, DONE],
    "DiesThenOnePage": ["Runtime.ExitError", DONE],
    "SuccessorStarted": [StartSuccessorOutput(successor="run_1-500")],
    "ThrottledThenSuccessorStarted": [
        "Lambda.TooManyRequestsException",
        StoreUnavailable,
        StartSuccessorOutput(successor="run_1-500"),
    ],
}


def cases_of(machine: str) -> dict[str, Case]:
    """A machine's named paths, from its file in ``cases/``."""
    cases: dict[str, Case] = import_module(f"tests.machines.cases.{machine}").CASES
    return cases


def every_case() -> list[tuple[str, str]]:
    """Each machine with each of its cases, by name."""
    return [(machine, name) for machine in machine_names() for name in cases_of(machine)]


def happy_cases() -> list[tuple[str, str]]:
    """Those of them in which no Task fails."""
    return [(machine, name) for machine, name in every_case() if _is_happy(cases_of(machine)[name])]


def rendered() -> str:
    """The whole file's text."""
    config = {
        "StateMachines": {
            machine: {
                "TestCases": {name: mocks_of(case) for name, case in cases_of(machine).items()}
            }
            for machine in machine_names()
        },
        "MockedResponses": {
            name: {str(number): _response(answer) for number, answer in enumerate(answers)}
            for name, answers in RESPONSES.items()
        },
    }
    return json.dumps(config, indent=2) + "\n"


def _is_happy(case: Case) -> bool:
    answers = [answer for name in mocks_of(case).values() for answer in RESPONSES[name]]
    return all(isinstance(answer, BaseModel) for answer in answers)


def _response(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, BaseModel):
        return {"Return": answer.model_dump(mode="json")}
    error = answer if isinstance(answer, str) else answer.__name__
    return {"Throw": {"Error": error, "Cause": "mocked"}}


if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")

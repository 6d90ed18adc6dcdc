"""Nothing waits for anything but the work: a fixed wait would be in every one of many tries."""

import time

from tests.integration.embedded_aws.account import Account
from tests.support.waiting import eventually


def test_an_execution_without_work_takes_no_time(account: Account) -> None:
    machine = account.machine({"Done": {"Type": "Succeed"}})

    def seconds() -> float:
        execution = account.run(machine)
        duration: float = (execution["stopDate"] - execution["startDate"]).total_seconds()
        return duration

    eventually(lambda: seconds() < 0.15)  # the package's own sleep, before its correction


def test_a_warm_silent_invocation_costs_a_few_milliseconds(account: Account) -> None:
    function = account.function("def handler(event, context): return 1")

    def seconds() -> float:
        started = time.perf_counter()
        account.invoke(function)
        return time.perf_counter() - started

    eventually(lambda: seconds() < 0.05)  # likewise

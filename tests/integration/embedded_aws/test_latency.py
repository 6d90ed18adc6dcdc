"""Nothing waits for anything but the work."""

import time

from tests.integration.embedded_aws.account import Account


def test_an_execution_without_work_takes_no_time(account: Account) -> None:
    machine = account.machine({"Done": {"Type": "Succeed"}})
    account.run(machine)
    execution = account.run(machine)
    assert (execution["stopDate"] - execution["startDate"]).total_seconds() < 0.1


def test_a_warm_silent_invocation_costs_a_few_milliseconds(account: Account) -> None:
    function = account.function("def handler(event, context): return 1")
    account.invoke(function)
    started = time.perf_counter()
    for _ in range(10):
        account.invoke(function)
    assert (time.perf_counter() - started) / 10 < 0.04

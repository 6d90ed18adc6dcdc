"""Nothing waits for anything but the work: the best of several tries shows any fixed wait."""

import time

from tests.integration.embedded_aws.account import Account

TRIES = 20


def test_an_execution_without_work_takes_no_time(account: Account) -> None:
    machine = account.machine({"Done": {"Type": "Succeed"}})
    executions = [account.run(machine) for _ in range(TRIES)]
    durations = [(e["stopDate"] - e["startDate"]).total_seconds() for e in executions]
    assert min(durations) < 0.15  # the package's own sleep, before its correction


def test_a_warm_silent_invocation_costs_a_few_milliseconds(account: Account) -> None:
    function = account.function("def handler(event, context): return 1")

    def seconds() -> float:
        started = time.perf_counter()
        account.invoke(function)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(TRIES)) < 0.05  # likewise

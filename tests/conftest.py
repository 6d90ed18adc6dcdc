"""Fixtures for every level of tests, and who runs what and when on several cores.

No core may wait for one long test at the end. So what takes longest begins first: the tests of the
stack, which wait most of the time, and beside them the random histories, which never do, and take
what time the others leave (at the lowest priority, in processes of their own).
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.support.stack"]

# How long an example takes tells more of what else runs here than of the code.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

#: Folders and modules whose tests share what takes long to start, and where.
HOMES = {
    "tests/contracts/typescript_client/": "stack",
    "tests/e2e/ops/": "operators' stack",
    "tests/e2e/test_documentation_page.py": "stack",
    "tests/e2e/test_payment_page.py": "stack",
    "tests/integration/api/": "stack",
    "tests/integration/billing/": "stack",
    "tests/integration/ops/": "operators' stack",
    "tests/integration/stack/test_stack.py": "stack",
    "tests/integration/embedded_aws/": "embedded AWS",
    "tests/machines/": "machines",
}
#: What begins first, the longest before the others.
LONG = (
    "operators' stack",
    "stack",
    "tests/simulation/test_histories.py",
    "tests/integration/stack/test_supervisor.py",
    "tests/properties/api/test_random_plays.py",
    "machines",
    "embedded AWS",
)


def home_of(nodeid: str) -> str:
    module = nodeid.partition("::")[0]
    return next((home for part, home in HOMES.items() if module.startswith(part)), module)


class Homes(LoadScopeScheduling):
    """Runs on one core what shares a stack, and otherwise a module at a time."""

    def _split_scope(self, nodeid: str) -> str:
        return home_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One for each core, and one that only waits: first for the random histories."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Homes:
    """Choose who runs what; pytest-xdist's own groups take no effect with this pytest."""
    config.option.loadscopereorder = False  # else it would begin with what has most tests
    return Homes(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes long first; it is the order in which the scheduler gives out the homes."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    home = home_of(item.nodeid)
    return LONG.index(home) if home in LONG else len(LONG)

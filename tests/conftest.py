"""Fixtures for every level of tests, and what stays together when they run on several cores."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.support.stack"]

#: Folders and modules whose tests share what takes long to start, and where.
HOMES = {
    "tests/contracts/typescript_client/": "stack",
    "tests/e2e/test_documentation_page.py": "stack",
    "tests/e2e/test_payment_page.py": "stack",
    "tests/integration/api/": "stack",
    "tests/integration/billing/": "stack",
    "tests/integration/stack/": "stack",
    "tests/integration/embedded_aws/": "embedded AWS",
    "tests/machines/": "machines",
}


class Homes(LoadScopeScheduling):
    """Runs on one core what shares a stack, and otherwise a module at a time."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return next((home for part, home in HOMES.items() if module.startswith(part)), module)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Homes:
    """Choose who runs what; pytest-xdist's own groups take no effect with this pytest."""
    return Homes(config, log)

"""Fixtures for every level of tests, and what stays together when they run on several cores."""

import pytest

pytest_plugins = ["tests.support.stack"]

#: Folders whose tests share what takes seconds to start.
TOGETHER = ("tests/machines/", "tests/integration/embedded_aws/")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have pytest-xdist run on one core what shares a stack, a folder's fixtures or a module's."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_home_of(item)))


def _home_of(item: pytest.Item) -> str:
    if "stack" in getattr(item, "fixturenames", ()):
        return "stack"
    module = item.nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if module.startswith(folder)), module)

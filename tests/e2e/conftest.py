"""A real browser for what a person sees."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.browser import installed_chromium

#: Nothing but the pages under test: no updates, no look-ups of the browser's own.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A page takes its time on a machine that plays other tests meanwhile.
expect.set_options(timeout=30_000)


# Not for the session: while Playwright is there, no other test could run an event loop.
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    home = str(tmp_path_factory.mktemp("browser"))  # it would write to the developer's
    folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), home)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=installed_chromium(), args=ARGUMENTS, env={**os.environ, **folders}
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()

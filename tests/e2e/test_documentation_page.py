"""A person reads the API's documentation, and tries a request from it, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from local.stack.stack_file import StackFile
from tests.support.deployed import Deployed


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the page's console says goes wrong: a broken policy, a missing file, an error."""
    found: list[str] = []
    page.on("console", lambda told: found.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def docs(deployed: Deployed, stack: StackFile) -> str:
    """The page's address, once Lambda has room: a browser doesn't ask again."""
    url = f"{stack.api_url}/docs"
    deployed.http.get(url).raise_for_status()
    return url


def test_it_shows_every_operation_under_whatever_path_the_api_is(
    page: Page, docs: str, deployed: Deployed, stack: StackFile, complaints: list[str]
) -> None:
    paths = deployed.http.get(f"{stack.api_url}/openapi.json").json()["paths"]

    page.goto(docs)

    expect(page.locator(".opblock-summary")).to_have_count(sum(map(len, paths.values())))
    assert complaints == []


def test_a_request_can_be_tried_from_it(
    page: Page, docs: str, stack: StackFile, complaints: list[str]
) -> None:
    user = stack.users[0]
    page.goto(docs)
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("auth-bearer-value").fill(user.token)
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close", exact=True).click()

    operation = page.locator(".opblock", has_text="/dashboard/{userId}")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_placeholder("userId").fill(user.userId)
    operation.get_by_role("button", name="Execute").click()

    answered = operation.locator(".live-responses-table .response")
    expect(answered.locator(".response-col_status")).to_have_text(re.compile("^200"))
    expect(answered).to_contain_text(user.email)
    assert complaints == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_it_fits_a_phone_by_day_and_by_night(page: Page, docs: str, colours: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")

    page.goto(docs)
    page.locator(".opblock-post .opblock-summary-control").first.click()
    expect(page.locator(".responses-table").first).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") == 390
    dark = page.evaluate("document.documentElement.classList.contains('dark-mode')")
    assert dark == (colours == "dark")

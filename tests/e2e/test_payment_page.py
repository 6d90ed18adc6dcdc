"""A person pays on the hosted page, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from local.stack.stack_file import SeededUser, StackFile
from tests.support.deployed import Deployed, Json
from tests.support.waiting import eventually

DECLINED = "4000 0000 0000 0002"
GOOD = "4242 4242 4242 4242"


@pytest.fixture
def buyer(stack: StackFile) -> SeededUser:
    """A seeded user of these tests' own: the others take the first ones and the last."""
    return stack.users[-2]


@pytest.fixture
def session(deployed: Deployed, stack: StackFile, buyer: SeededUser) -> Json:
    answer = deployed.http.post(
        f"{stack.api_url}/create-checkout-session",
        json={
            "priceId": stack.prices["standard_monthly"],
            "userId": buyer.userId,
            "metadata": {},
        },
        headers={"Authorization": f"Bearer {buyer.token}"},
    )
    assert answer.status_code == 200, answer.text
    created: Json = answer.json()
    return created


def subscription(deployed: Deployed, buyer: SeededUser) -> Json | None:
    answer = deployed.http.get(
        f"{deployed.stack.api_url}/dashboard/{buyer.userId}",
        headers={"Authorization": f"Bearer {buyer.token}"},
    )
    assert answer.status_code == 200, answer.text
    shown: Json | None = answer.json()["subscription"]
    return shown


def pay(page: Page, number: str) -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiration").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.get_by_label("Cardholder name").fill("Test Customer")
    page.get_by_label("ZIP").fill("10115")
    page.get_by_role("button", name="Subscribe").click()


def test_a_declined_card_is_explained_and_another_card_subscribes(
    page: Page, deployed: Deployed, stack: StackFile, buyer: SeededUser, session: Json
) -> None:
    page.goto(session["url"])
    pay(page, DECLINED)

    expect(page.get_by_role("alert")).to_contain_text("declined")
    assert page.url.startswith(stack.stripe_api_base)
    assert subscription(deployed, buyer) is None

    pay(page, GOOD)

    page.wait_for_url(f"**{session['sessionId']}**")
    expect(page.get_by_role("alert")).to_have_count(0)
    active = eventually(lambda: subscription(deployed, buyer), "the subscription")
    assert active["status"] == "active"

    page.goto(session["url"])
    expect(page.get_by_label("Card number")).to_have_count(0)

"""A seeded user buys through the API, as a frontend would drive it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.stack.stack_file import SeededUser, StackFile
from tests.support.deployed import Deployed, Json
from tests.support.waiting import eventually


@pytest.fixture(scope="session")
def buyers(stack: StackFile) -> Iterator[SeededUser]:
    return iter(stack.users)


@pytest.fixture
def buyer(buyers: Iterator[SeededUser]) -> SeededUser:
    """A user of this test's own; three tests buy."""
    return next(buyers)


@pytest.fixture
def visitor(stack: StackFile) -> SeededUser:
    """A user who buys nothing here, and may have bought elsewhere."""
    return stack.users[0]


class Api:
    """The API with one user's token."""

    def __init__(self, deployed: Deployed, user: SeededUser) -> None:
        self._http = deployed.http
        self._url = deployed.stack.api_url
        self._headers = {"Authorization": f"Bearer {user.token}"}

    def get(self, path: str) -> httpx.Response:
        return self._http.get(f"{self._url}{path}", headers=self._headers)

    def post(self, path: str, body: Json) -> httpx.Response:
        return self._http.post(f"{self._url}{path}", json=body, headers=self._headers)


@pytest.fixture
def api(deployed: Deployed, buyer: SeededUser) -> Api:
    return Api(deployed, buyer)


def checkout(deployed: Deployed, buyer: SeededUser, **fields: Any) -> Json:
    price = deployed.stack.prices["standard_monthly"]
    return {"priceId": price, "userId": buyer.userId, "metadata": {"plan": "standard"}} | fields


def pay(deployed: Deployed, session: str, method: str = "pm_card_visa") -> httpx.Response:
    return deployed.http.post(
        f"{deployed.stack.stripe_api_base}/v1/payment_pages/{session}/confirm",
        data={"payment_method": method},
        headers={"Authorization": f"Bearer {deployed.stack.stripe_secret_key}"},
    )


def test_a_paid_checkout_turns_the_dashboard_active_by_events_alone(
    deployed: Deployed, api: Api, buyer: SeededUser
) -> None:
    dashboard = f"/dashboard/{buyer.userId}"
    assert api.get(dashboard).json()["subscription"] is None
    created = api.post("/create-checkout-session", checkout(deployed, buyer))
    assert created.status_code == 200, created.text
    session = created.json()
    assert set(session) == {"sessionId", "url"}

    assert pay(deployed, session["sessionId"]).status_code == 200

    shown = eventually(
        lambda: (s := api.get(dashboard).json()["subscription"]) and s["status"] == "active" and s
    )
    assert shown["currentPlanId"] == deployed.stack.prices["standard_monthly"]
    assert shown["cancelAtPeriodEnd"] is False


def test_the_return_page_is_right_before_any_event_has_come(
    deployed: Deployed, api: Api, buyer: SeededUser
) -> None:
    session = api.post("/create-checkout-session", checkout(deployed, buyer)).json()
    pay(deployed, session["sessionId"])

    returned = api.get(f"/checkout-session/{session['sessionId']}").json()

    assert returned["status"] == "complete"
    assert returned["subscription"]["status"] == "active"


def test_a_declined_card_grants_nothing_and_the_session_stays_open(
    deployed: Deployed, api: Api, buyer: SeededUser
) -> None:
    session = api.post("/create-checkout-session", checkout(deployed, buyer)).json()

    declined = pay(deployed, session["sessionId"], "pm_card_visa_chargeDeclined")

    assert declined.status_code == 402
    assert declined.json()["error"]["code"] == "card_declined"
    assert api.get(f"/checkout-session/{session['sessionId']}").json()["status"] == "open"
    assert api.get(f"/dashboard/{buyer.userId}").json()["subscription"] is None
    again = api.post("/create-checkout-session", checkout(deployed, buyer)).json()
    assert again["sessionId"] == session["sessionId"]


def test_a_price_that_is_not_in_the_catalogue_is_refused(
    deployed: Deployed, visitor: SeededUser
) -> None:
    body = checkout(deployed, visitor, priceId="price_no")

    answer = Api(deployed, visitor).post("/create-checkout-session", body)

    assert answer.status_code == 422
    assert "detail" in answer.json()


def test_another_users_id_is_answered_like_a_missing_user(
    deployed: Deployed, stack: StackFile, visitor: SeededUser
) -> None:
    api, other = Api(deployed, visitor), stack.users[1]

    answers = [
        api.get(f"/dashboard/{other.userId}"),
        api.get("/dashboard/nobody"),
        api.post("/create-checkout-session", checkout(deployed, visitor, userId=other.userId)),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()) == (
            404,
            {"detail": "User not found", "code": "user_not_found"},
        )


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer rubbish", "Basic dTpw"])
def test_without_a_valid_token_there_is_no_answer(
    deployed: Deployed, visitor: SeededUser, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization else {}

    answer = deployed.http.get(
        f"{deployed.stack.api_url}/dashboard/{visitor.userId}", headers=headers
    )

    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_health_and_configuration_need_no_token(deployed: Deployed) -> None:
    api_url = deployed.stack.api_url

    assert deployed.http.get(f"{api_url}/health").status_code == 200
    config = deployed.http.get(f"{api_url}/config").json()

    prices = deployed.stack.prices
    assert config["standardPriceId"] == prices["standard_monthly"]
    assert config["standardYearlyPriceId"] == prices["standard_yearly"]
    assert config["agencyPriceId"] == prices["agency_monthly"]
    assert config["agencyYearlyPriceId"] == prices["agency_yearly"]
    assert config["selfHostedPriceId"] == prices["self_hosted"]
    assert config["publicKey"]

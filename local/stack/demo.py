"""Buys a subscription on the running stack as a customer would, and shows what happened inside.

Every answer is checked: whatever isn't as documented ends the demo.
"""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import httpx
from boto3.dynamodb.types import TypeDeserializer

from local.stack.aws import Aws
from local.stack.errors import StackError
from local.stack.payment_page import pay
from local.stack.people import UserPool
from local.stack.settings import HOST
from local.stack.stack_file import SeededUser, StackFile

T = TypeVar("T")

_PLAN = "standard_monthly"
_EVENTS = {"checkout.session.completed", "customer.subscription.created"}
_DEADLINE_SECONDS = 180
_POLL_SECONDS = 0.05


class Demo:
    """One purchase by one user."""

    def __init__(self, stack: StackFile, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._say = say
        self._aws = Aws(stack.aws_endpoint)
        self._began = time.monotonic()

    def run(self) -> None:
        """Go through the purchase.

        Raises:
            StackError: something was not as it should be.
        """
        _require(
            HOST in self._stack.stripe_api_base,
            "the demo pays on the local Stripe's page: start the stack without STRIPE_SECRET_KEY",
        )
        user, api = self._sign_in()
        with closing(api):
            session = self._create_session(api, user)
            self._pay(session)
            self._await_subscription(api, user)
        entries = self._await_ledger(user)
        for entry in entries:
            self._tell_execution(entry)
        _require(any(entry["outcome"] == "applied" for entry in entries), "no event was applied")
        self._step("Done")

    def _sign_in(self) -> tuple[SeededUser, httpx.Client]:
        """Sign in the first seeded user who has no subscription."""
        pool = UserPool(pool_id=self._stack.user_pool_id, client_id=self._stack.user_pool_client_id)
        for user in self._stack.users:
            token = pool.sign_in(self._aws, user.email, user.password)
            headers = {"Authorization": f"Bearer {token}"}
            api = httpx.Client(base_url=self._stack.api_url, headers=headers, timeout=60)
            if self._dashboard(api, user)["subscription"] is None:
                self._step(f"{user.email} signs in; GET /dashboard/{user.userId}: no subscription")
                return user, api
            api.close()
        raise StackError("every seeded user has a subscription by now: make down up, then again")

    def _create_session(self, api: httpx.Client, user: SeededUser) -> dict[str, Any]:
        body = {
            "priceId": self._stack.prices[_PLAN],
            "userId": user.userId,
            "metadata": {"source": "demo"},
        }
        session = _json(lambda: api.post("/create-checkout-session", json=body))
        _require(set(session) == {"sessionId", "url"}, f"a session has other fields: {session}")
        self._step(f"POST /create-checkout-session for {_PLAN}: {session['sessionId']}")
        return session

    def _pay(self, session: dict[str, Any]) -> None:
        returned = pay(session["url"])
        _require(session["sessionId"] in str(returned.url), f"Stripe returned to {returned.url}")
        self._step("Paid on the hosted page with 4242 4242 4242 4242, and returned")

    def _await_subscription(self, api: httpx.Client, user: SeededUser) -> None:
        def active() -> dict[str, Any] | None:
            subscription: dict[str, Any] | None = self._dashboard(api, user)["subscription"]
            return subscription if subscription and subscription["status"] == "active" else None

        subscription = _poll(active, "the dashboard does not say active")
        _require(
            subscription["currentPlanId"] == self._stack.prices[_PLAN],
            f"the dashboard shows another plan: {subscription}",
        )
        self._step(f"The dashboard says active until {subscription['currentPeriodEnd']}")

    def _dashboard(self, api: httpx.Client, user: SeededUser) -> dict[str, Any]:
        return _json(lambda: api.get(f"/dashboard/{user.userId}"))

    def _await_ledger(self, user: SeededUser) -> list[dict[str, Any]]:
        """The ledger's entries of this purchase, once each event has ended."""

        def entries() -> list[dict[str, Any]] | None:
            found = [item for item in self._timeline(user) if item["kind"] == "event"]
            ended = {item["type"] for item in found if "outcome" in item}
            return found if ended >= _EVENTS else None

        return _poll(entries, f"the ledger does not have all of {', '.join(sorted(_EVENTS))}")

    def _timeline(self, user: SeededUser) -> list[dict[str, Any]]:
        answer = self._aws.dynamodb.query(
            TableName=self._stack.tables.events,
            IndexName="TimelineIndex",
            KeyConditionExpression="user_id = :user",
            ExpressionAttributeValues={":user": {"S": user.userId}},
        )
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for item in answer["Items"]]

    def _tell_execution(self, entry: dict[str, Any]) -> None:
        arn = entry["lease_execution"]
        status = _poll(lambda: self._ended(arn), f"{arn} is still running")
        history = self._aws.stepfunctions.get_execution_history(executionArn=arn, maxResults=1000)
        path = [
            event["stateEnteredEventDetails"]["name"]
            for event in history["events"]
            if "stateEnteredEventDetails" in event
        ]
        reason = f" ({entry['reason']})" if entry.get("reason") else ""
        self._step(f"{entry['type']}: {' → '.join(path)}")
        self._detail(f"execution  {arn}")
        self._detail(
            f"ledger     {entry['event_id']}: {entry['outcome']}{reason},"
            f" deliveries {entry['deliveries']}"
        )
        _require(status == "SUCCEEDED", f"{arn} has {status}")
        _require(entry["outcome"] != "failed", f"{entry['event_id']} failed")
        _require(entry["deliveries"] == 1, f"{entry['event_id']} came more than once")

    def _ended(self, arn: str) -> str | None:
        status = self._aws.stepfunctions.describe_execution(executionArn=arn)["status"]
        return None if status == "RUNNING" else status

    def _step(self, text: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.2f} s  {text}")

    def _detail(self, text: str) -> None:
        self._say(f"{'':10}{text}")


def _json(ask: Callable[[], httpx.Response]) -> dict[str, Any]:
    """Ask until billing is available: a 503 says to try again, as where Lambda has no room."""

    def answered() -> httpx.Response | None:
        answer = ask()
        return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer

    answer = _poll(answered, "the API is unavailable")
    if answer.is_success and answer.headers["content-type"] == "application/json":
        body: dict[str, Any] = answer.json()
        return body
    request = answer.request
    raise StackError(
        f"{request.method} {request.url.path} answered {answer.status_code}: {answer.text}"
    )


def _require(holds: bool, surprise: str) -> None:  # noqa: FBT001  a condition, as in assert
    if not holds:
        raise StackError(surprise)


def _poll(probe: Callable[[], T | None], surprise: str) -> T:
    """Ask until there is an answer; StackError once the time is over."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while (answer := probe()) is None:
        if time.monotonic() > deadline:
            raise StackError(f"{surprise} after {_DEADLINE_SECONDS} s")
        time.sleep(_POLL_SECONDS)
    return answer

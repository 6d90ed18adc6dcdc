"""What `GET /dashboard` costs beyond the reads that it needs: `python -m bench.dashboard`.

Runs on the local stack (`make up` first), with a delay put before DynamoDB and Stripe alike. The
API's own handler answers in this process, so that its CPU can be told from everybody else's. Beside
it, in turns, the bare SDK calls that a dashboard needs: two of DynamoDB at once, then two of
Stripe's at once (prices are cached). Figures are medians, the two ratios are taken in one run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import sys
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
import httpx
import stripe
from botocore.config import Config

from local.embedded_aws.process import free_port
from local.stack.settings import HOST, Settings
from local.stack.stack_file import StackFile

Json = dict[str, Any]

DELAY_SECONDS = 0.1
ROUNDS = 60
WARM_UP = 10


class Cost(NamedTuple):
    """What one answer took, in seconds."""

    cpu: float
    wall: float


def delay_before(port: int, target: str, seconds: float) -> None:
    """Pass on to ``target`` what comes in at a port, each request some time later; for ever."""
    address = urlsplit(target)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_in, there_out = await asyncio.open_connection(address.hostname, address.port)
        await asyncio.gather(pass_on(reader, there_out, seconds), pass_on(there_in, writer, 0))

    async def pass_on(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, wait: float
    ) -> None:
        while data := await source.read(2**20):
            await asyncio.sleep(wait)
            sink.write(data)
            await sink.drain()
        sink.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, HOST, port)
        await server.serve_forever()

    asyncio.run(run())


def buyer(stack: StackFile) -> str:
    """Give one of the seeded users a subscription, unless they have one; say who."""
    user = stack.users[0]
    http = httpx.Client(headers={"Authorization": f"Bearer {user.token}"}, timeout=60)
    dashboard = http.get(f"{stack.api_url}/dashboard/{user.userId}").raise_for_status().json()
    if dashboard["subscription"] is None:
        body = {"userId": user.userId, "priceId": stack.prices["standard_monthly"]}
        made = http.post(f"{stack.api_url}/create-checkout-session", json=body)
        session = made.raise_for_status().json()["sessionId"]
        pay = f"{stack.stripe_api_base}/v1/payment_pages/{session}/confirm"
        key = {"Authorization": f"Bearer {stack.stripe_secret_key}"}
        httpx.post(pay, data={"payment_method": "pm_card_visa"}, headers=key).raise_for_status()
        http.get(f"{stack.api_url}/checkout-session/{session}").raise_for_status()
    return user.userId


def deployed_environment() -> dict[str, str]:
    """The settings that the deployed function has."""
    functions: Any = boto3.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            if function["Handler"] == "api.app.handler":
                settings: dict[str, str] = function["Environment"]["Variables"]
                return settings
    raise SystemExit("the API's function isn't deployed")


def request_of(user_id: str) -> Json:
    """The request as API Gateway hands it to the function."""
    path = f"/dashboard/{user_id}"
    return {
        "version": "2.0",
        "routeKey": "GET /dashboard/{userId}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "application/json"},
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": "$default",
            "http": {"method": "GET", "path": path},
            "authorizer": {"jwt": {"claims": {"scai_user_id": user_id}, "scopes": None}},
        },
        "isBase64Encoded": False,
    }


class BareCalls:
    """The SDK calls that a dashboard can't do without, as one would write them by hand.

    ``slowest`` has for each run the slowest of DynamoDB's reads and the slowest of Stripe's, added.
    """

    def __init__(self, environment: dict[str, str], user_id: str, api_base: str, key: str) -> None:
        self._dynamodb: Any = boto3.client("dynamodb")
        http = stripe.RequestsClient(timeout=5)
        self._stripe = stripe.StripeClient(
            key, base_addresses={"api": api_base}, http_client=http
        ).v1
        self._threads = ThreadPoolExecutor(1)
        self._tables = environment
        self._user_id = user_id
        self.slowest: list[float] = []

    def __call__(self) -> None:
        (record, _user), dynamodb = self._at_once(self._record, self._user)
        customer = record["Item"]["customer_id"]["S"]
        _lists, stripes = self._at_once(
            lambda: self._stripe.invoices.list({"customer": customer, "limit": 24}),
            lambda: self._stripe.customers.payment_methods.list(customer, {"limit": 100}),
        )
        self.slowest.append(dynamodb + stripes)

    def _at_once(
        self, one: Callable[[], Any], other: Callable[[], Any]
    ) -> tuple[tuple[Any, Any], float]:
        """Make two reads at once; give their answers and the seconds of the slower one."""
        asked = self._threads.submit(_timed, other)
        (answer, took), (others, they_took) = _timed(one), asked.result()
        return (answer, others), max(took, they_took)

    def _user(self) -> Any:
        return self._dynamodb.query(
            TableName=self._tables["USERS_TABLE"],
            IndexName="IdIndex",
            KeyConditionExpression="#id = :id",
            ExpressionAttributeNames={"#id": "_id"},
            ExpressionAttributeValues={":id": {"S": self._user_id}},
        )

    def _record(self) -> Any:
        return self._dynamodb.get_item(
            TableName=self._tables["SUBSCRIPTIONS_TABLE"],
            Key={"_id": {"S": self._user_id}},
            ConsistentRead=True,
        )


def _timed(read: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return read(), time.perf_counter() - began


def a_context() -> Any:
    """What Lambda tells a function of its invocation."""
    return SimpleNamespace(
        function_name="api",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:api:live",
        aws_request_id="request",
        get_remaining_time_in_millis=lambda: 29_000,
    )


def cost_of(work: Callable[[], object]) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def measure(answer: Callable[[], object], bare: BareCalls, rounds: int) -> None:
    """Take both in turns, and print medians and their ratios."""
    for _ in range(WARM_UP):
        answer()
        bare()
    bare.slowest.clear()
    pairs = [(cost_of(answer), cost_of(bare)) for _ in range(rounds)]
    cpu, bare_cpu = (median(pair[n].cpu for pair in pairs) * 1e3 for n in (0, 1))
    wall, slowest = median(ours.wall for ours, _ in pairs) * 1e3, median(bare.slowest) * 1e3
    print(f"CPU   dashboard {cpu:.2f} ms, bare calls {bare_cpu:.2f} ms: {cpu / bare_cpu:.2f} times")
    print(
        f"Wall  dashboard {wall:.0f} ms, slowest reads {slowest:.0f} ms: {wall / slowest:.2f} times"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    stack = StackFile.read(Settings.from_environment().stack_file)
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": stack.aws_region,
        "AWS_ENDPOINT_URL": stack.aws_endpoint,
    }
    user_id, environment = buyer(stack), deployed_environment()
    aws, api = free_port(), free_port()
    targets = {aws: stack.aws_endpoint, api: stack.stripe_api_base}
    proxies = [
        multiprocessing.Process(target=delay_before, args=(port, to, DELAY_SECONDS), daemon=True)
        for port, to in targets.items()
    ]
    for proxy in proxies:
        proxy.start()
    delayed = {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{aws}",
        "STRIPE_API_BASE": f"http://{HOST}:{api}",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }
    os.environ |= environment | delayed
    from api.app import handler  # noqa: PLC0415 - its settings are read from the environment

    def answer() -> None:
        answered = handler(request_of(user_id), a_context())
        assert answered["statusCode"] == 200, answered["body"]
        assert not json.loads(answered["body"])["degraded"]

    bare = BareCalls(environment, user_id, delayed["STRIPE_API_BASE"], stack.stripe_secret_key)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{rounds} rounds, {DELAY_SECONDS * 1e3:.0f} ms before each read")
    measure(answer, bare, rounds)
    for proxy in proxies:
        proxy.terminate()


if __name__ == "__main__":
    sys.path.insert(0, "functions")
    main()

"""What operators wait for on a full stack: `python -m bench.ops`.

Runs on the local stack (`make up` first), which it fills: one customer buys, and what the tables
then hold of them is copied for thousands of others. Executions are started with the same events,
on machines that end at once for as long as that takes; some of them fail. Then consoles are asked,
over HTTP, for what their pages show first. Each page is asked of a few consoles of its own, so that
the first answers are those of a console that knows nothing yet. Figures are medians.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count, islice
from statistics import median
from typing import Any

import httpx
import stripe
from rich.progress import track

from bench.dashboard import buyer
from local.embedded_aws.process import HOST, free_port
from local.stack.settings import Settings
from local.stack.stack_file import StackFile
from ops.target import Target

Json = dict[str, Any]

CONSOLES = 5
ROUNDS = 10
AT_ONCE = 8
#: What BatchWriteItem takes.
BATCH = 25
#: The events that a first subscription causes.
BEGINNING = {
    "checkout.session.completed",
    "customer.subscription.created",
    "invoice.paid",
    "payment_method.attached",
}
SUCCEEDS: Json = {"Type": "Succeed"}
FAILS: Json = {"Type": "Fail", "Error": "StripeUnavailable", "Cause": "Stripe didn't answer"}


class Story:
    """What the tables hold of one customer, and the executions that made it so; to be copied."""

    def __init__(self, target: Target, stack: StackFile, user_id: str) -> None:
        tables, dynamodb = stack.tables, target.ports.dynamodb
        (user,) = dynamodb.query(
            TableName=tables.users,
            IndexName="IdIndex",
            KeyConditionExpression="#id = :user",
            ExpressionAttributeNames={"#id": "_id"},
            ExpressionAttributeValues={":user": {"S": user_id}},
        )["Items"]
        customer = user["stripe_customer_id"]
        names = "|".join(map(re.escape, (user_id, user["email"]["S"])))
        self._ids = re.compile(rf"{names}|\b[a-z]+(?:_[a-z]+)?_(?=\w*[0-9A-Z])[0-9A-Za-z]{{14,}}")
        timeline = timeline_of(target, stack, user_id)
        record = dynamodb.get_item(TableName=tables.subscriptions, Key={"_id": {"S": user_id}})
        held = [
            (tables.users, user),
            (tables.customers, {"customer_id": customer, "user_id": {"S": user_id}}),
            (tables.subscriptions, record["Item"]),
            *((tables.events, item) for item in timeline if item["kind"]["S"] != "ops"),
        ]
        self._items = [(table, json.dumps(item)) for table, item in held]
        self._told = [
            (item["lease_execution"]["S"].split(":")[6], item["event_id"]["S"])
            for item in timeline
            if "lease_execution" in item
        ]
        client = stripe.StripeClient(
            stack.stripe_secret_key, base_addresses={"api": stack.stripe_api_base}
        )
        self._inputs = {
            id_: json.dumps(
                {
                    "event": json.loads(str(client.v1.events.retrieve(id_))),
                    "source": "scai.stripe",
                }
            )
            for _machine, id_ in self._told
        }

    def items(self, number: int) -> Iterator[tuple[str, Json]]:
        """Another customer's items, each with its table."""
        for table, text in self._items:
            yield table, json.loads(self._renamed(text, number))

    def executions(self, number: int) -> Iterator[tuple[str, str]]:
        """Another customer's executions: which machine, and its input."""
        for machine, id_ in self._told:
            yield machine, self._renamed(self._inputs[id_], number)

    def _renamed(self, text: str, number: int) -> str:
        return self._ids.sub(lambda id_: f"{number}x{id_[0]}", text)


def timeline_of(target: Target, stack: StackFile, user_id: str) -> list[Json]:
    """A new subscriber's timeline, once all of the events have come that it begins with."""
    for _ in range(120):
        found: list[Json] = target.ports.dynamodb.query(
            TableName=stack.tables.events,
            IndexName="TimelineIndex",
            KeyConditionExpression="user_id = :user",
            ExpressionAttributeValues={":user": {"S": user_id}},
        )["Items"]
        done = [item["type"]["S"] for item in found if "lease_execution" in item]
        if not BEGINNING - set(done):
            return found
        time.sleep(1)
    raise SystemExit(f"of {user_id}'s events only {done} came")


def copy(target: Target, story: Story, customers: int) -> None:
    """Write what the tables hold of so many customers."""
    puts = (
        (table, {"PutRequest": {"Item": item}})
        for number in track(range(customers), "copying customers")
        for table, item in story.items(number)
    )

    def write(batch: list[tuple[str, Json]]) -> None:
        requests: dict[str, list[Any]] = {}
        for table, put in batch:
            requests.setdefault(table, []).append(put)
        target.ports.dynamodb.batch_write_item(RequestItems=requests)

    all_at_once(write, chunks(puts, BATCH))


def execute(target: Target, story: Story, first: int, executions: int, end: Json) -> None:
    """Start so many executions, of a first customer's and those after, which end at once."""
    states = target.client("stepfunctions")
    prefix = next(iter(target.machines.values())).rpartition(":")[0]
    wanted = islice(
        (each for number in count(first) for each in story.executions(number)), executions
    )

    def start(execution: tuple[str, str]) -> None:
        machine, input_ = execution
        states.start_execution(stateMachineArn=f"{prefix}:{machine}", input=input_)

    with ending_at_once(target, end):
        all_at_once(start, track(wanted, "starting executions", total=executions))


@contextmanager
def ending_at_once(target: Target, end: Json) -> Iterator[None]:
    """Let every machine do nothing for a while but come to this end."""
    states = target.client("stepfunctions")
    only = json.dumps({"StartAt": "End", "States": {"End": end}})
    real = {
        arn: states.describe_state_machine(stateMachineArn=arn)["definition"]
        for arn in target.machines.values()
    }
    try:
        for arn in real:
            states.update_state_machine(stateMachineArn=arn, definition=only)
        yield
    finally:
        for arn, definition in real.items():
            states.update_state_machine(stateMachineArn=arn, definition=definition)


def all_at_once(work: Callable[[Any], None], parts: Iterable[Any]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for batch in chunks(parts, AT_ONCE * 8):  # so that no queue grows
            list(pool.map(work, batch))


def chunks(parts: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(parts)
    while chunk := list(islice(rest, size)):
        yield chunk


def ask(stack: StackFile, path: str) -> None:
    """Ask new consoles for a page again and again, and print how long it took."""
    first, later = [], []
    for _ in range(CONSOLES):
        with console(stack) as http:
            taken = [seconds(http, path) for _ in range(ROUNDS)]
            first.append(taken[0])
            later += taken[1:]
    print(f"{path:45} first {median(first) * 1000:6.0f} ms, then {median(later) * 1000:6.0f} ms")


@contextmanager
def console(stack: StackFile) -> Iterator[httpx.Client]:
    """A console of its own, which has served its page and not looked at the stack yet."""
    port = free_port()
    where = ("--aws-endpoint", stack.aws_endpoint, "--region", stack.aws_region)
    command = (sys.executable, "-m", "ops.console", "--port", str(port), *where)
    process = subprocess.Popen(command)  # noqa: S603  our own program
    try:
        with httpx.Client(
            base_url=f"http://{HOST}:{port}",
            transport=httpx.HTTPTransport(retries=8),
            timeout=60,
        ) as http:
            http.get("/")
            yield http
    finally:
        process.terminate()
        process.wait()


def seconds(http: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    http.get(path).raise_for_status()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=5_000)
    parser.add_argument("--executions", type=int, default=20_000)
    parser.add_argument("--failures", type=int, default=60, help="so many of them fail")
    options = parser.parse_args()
    stack = StackFile.read(Settings.from_environment().stack_file)
    target = Target.on_this_machine()
    user_id = buyer(stack)
    story = Story(target, stack, user_id)
    print(f"{platform.machine()}, Python {platform.python_version()}")
    copy(target, story, options.customers)
    # Nothing was ever done for those who come after: their failures are open.
    execute(target, story, options.customers, options.failures, FAILS)
    execute(target, story, 0, options.executions - options.failures, SUCCEEDS)
    for path in (
        "/api/executions",
        "/api/executions?open=true",
        "/api/causes",
        f"/api/people/7x{user_id}/timeline",
        f"/api/people/{user_id}/timeline",
        f"/api/people/{user_id}",
        "/api/dunning",
        "/api/health",
    ):
        ask(stack, path)


if __name__ == "__main__":
    main()

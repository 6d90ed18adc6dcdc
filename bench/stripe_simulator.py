"""How fast and how small the local Stripe is: `python -m bench.stripe_simulator`.

Three figures: the memory of many customers with a year of monthly billing each, the time that one
such year takes, and the simple requests that one core answers in a second over HTTP. Each part has
a process of its own; figures that vary are medians.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from local.stripe_simulator.engine import Engine

START = 1_800_000_000
DAY = 86400
YEAR = 365 * DAY
KEY = {"Authorization": "Bearer sk_test_benchmark"}
FORM = {**KEY, "Content-Type": "application/x-www-form-urlencoded"}
ROUNDS = 5
REQUESTS = 2000  # in each round: half of them reads, half writes
CLIENTS = 2


def post(engine: Engine, path: str, **params: Any) -> Any:
    answer = engine.request("POST", path, params, KEY)
    assert answer.status == 200, answer.json()
    return answer.json()


def price(engine: Engine) -> str:
    product = post(engine, "/v1/products", name="Standard")["id"]
    made = post(
        engine,
        "/v1/prices",
        product=product,
        currency="usd",
        unit_amount=1900,
        recurring={"interval": "month"},
    )
    return str(made["id"])


def subscribe(engine: Engine, price_id: str, number: int) -> None:
    email = f"customer-{number}@example.test"
    customer = post(engine, "/v1/customers", email=email)["id"]
    method = post(engine, "/v1/payment_methods/pm_card_visa/attach", customer=customer)["id"]
    post(
        engine,
        "/v1/subscriptions",
        customer=customer,
        items=[{"price": price_id}],
        default_payment_method=method,
    )


def measure_memory(customers: int) -> None:
    """Peak memory of this process, once every customer was billed for a year.

    One endpoint hears of everything each day, so the events of the last 30 days have deliveries.
    """
    engine = Engine(lambda: START, random.Random(1))  # noqa: S311 - makes ids, not secrets
    post(engine, "/v1/webhook_endpoints", url="https://example.test/hook", enabled_events=["*"])
    price_id = price(engine)
    for number in range(customers):
        subscribe(engine, price_id, number)
    began = time.process_time()
    for day in range(0, YEAR + 1, DAY):
        engine.advance(START + day)
        for delivery in engine.due_deliveries():
            engine.record_attempt(delivery, 200)
    spent = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = peak * 1024 / customers
    print(
        f"memory: {peak:.0f} MiB for {customers} customers with a year of monthly billing and its "
        f"webhooks ({each:.0f} KiB each); {spent:.0f} s of computing, "
        f"{spent / customers * 1000:.0f} ms each"
    )


def measure_year() -> None:
    """The time in which one customer's year passes."""
    seconds = []
    for seed in range(ROUNDS):
        engine = Engine(lambda: START, random.Random(seed))  # noqa: S311 - makes ids, not secrets
        subscribe(engine, price(engine), seed)
        began = time.perf_counter()
        engine.advance(START + YEAR)
        seconds.append(time.perf_counter() - began)
    print(f"year: {median(seconds) * 1000:.1f} ms for one customer's year of monthly billing")


def measure_requests() -> None:
    """Requests a second over HTTP, of a server that has one core."""
    command = [sys.executable, "-m", "local.stripe_simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            assert server.stdout is not None
            address = urlsplit(server.stdout.readline().split()[-1])
            apart = _keep_apart(server.pid)
            rates = [_rate(str(address.netloc)) for _ in range(ROUNDS + 1)][1:]
        finally:
            server.terminate()
    where = "a core of its own" if apart else "cores shared with the clients"
    print(f"requests: {median(rates):.0f} a second over HTTP, {CLIENTS} clients, {where}")


def _keep_apart(server: int) -> bool:
    """Give the server one core and this process the others, where there are several."""
    if not hasattr(os, "sched_setaffinity") or len(cores := os.sched_getaffinity(0)) < 2:
        return False
    own, *others = cores
    os.sched_setaffinity(server, {own})
    os.sched_setaffinity(0, others)
    return True


def _rate(netloc: str) -> float:
    def ask() -> None:
        connection = http.client.HTTPConnection(netloc)
        for number in range(REQUESTS // CLIENTS):
            if number % 2:
                connection.request("GET", "/v1/customers?limit=1", headers=FORM)
            else:
                connection.request("POST", "/v1/customers", "name=Test+Customer", FORM)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()

    began = time.perf_counter()
    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return REQUESTS / (time.perf_counter() - began)


def machine() -> str:
    cpus = Path("/proc/cpuinfo")
    names = cpus.read_text().splitlines() if cpus.exists() else []
    model = next((line.split(": ")[1] for line in names if line.startswith("model name")), "")
    processor = model or platform.processor() or platform.machine()
    return (
        f"{os.cpu_count()} cores of {processor}, {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.stripe_simulator", description=__doc__)
    parser.add_argument("parts", nargs="*", help="memory, year, requests; all unless given")
    parser.add_argument("--customers", type=int, default=10_000, help="how many for the memory")
    args = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "year": measure_year,
        "requests": measure_requests,
        "memory": lambda: measure_memory(args.customers),
    }
    if len(args.parts) == 1:
        parts[args.parts[0]]()
        return
    print(f"machine: {machine()}", flush=True)
    for part in args.parts or parts:
        own = [sys.executable, "-m", "bench.stripe_simulator", part]
        subprocess.run([*own, "--customers", str(args.customers)], check=True)  # noqa: S603


if __name__ == "__main__":
    main()

"""Serve the simulator, as the command line and the environment say."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from random import Random

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.greeting import greeting
from local.stripe_simulator.http.serving import address, create_server, listen
from local.stripe_simulator.world import Settings

PREFIX = "STRIPE_SIMULATOR_"


def arguments() -> argparse.Namespace:
    """The command line, whose defaults come from the environment (STRIPE_SIMULATOR_PORT, …)."""

    def default(name: str, value: str) -> str:
        return os.environ.get(PREFIX + name, value)

    parser = argparse.ArgumentParser(prog="local.stripe_simulator", description=__doc__)
    parser.add_argument("--host", default=default("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(default("PORT", "12111")))
    parser.add_argument(
        "--base-url",
        default=default("BASE_URL", ""),
        help="where browsers reach it; http://HOST:PORT unless given",
    )
    parser.add_argument(
        "--secret-key",
        default=default("SECRET_KEY", ""),
        help="the only API key accepted; any sk_test_… unless given",
    )
    parser.add_argument(
        "--delivery-retry-scale",
        type=float,
        default=float(default("DELIVERY_RETRY_SCALE", "1")),
        help="0.001 makes an hour between two deliveries 3.6 seconds",
    )
    parser.add_argument(
        "--time-scale",
        type=float,
        default=float(default("TIME_SCALE", "1")),
        help="how fast time runs: 3600 lets an hour pass in each second",
    )
    parser.add_argument(
        "--test-clock-advance-seconds",
        type=float,
        default=float(default("TEST_CLOCK_ADVANCE_SECONDS", "0")),
        help="for how long a test clock is advancing, and what is on it can't be changed",
    )
    parser.add_argument(
        "--rate-limit",
        choices=("off", "sandbox", "live"),
        default=default("RATE_LIMIT", "off"),
        help="whose limits of requests a second to keep",
    )
    parser.add_argument("--seed", type=int, help="makes all ids reproducible")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    if args.secret_key and not args.secret_key.startswith("sk_test_"):
        sys.exit("The local Stripe takes test keys only: --secret-key must start with sk_test_.")
    try:
        listener = listen(args.host, args.port)
    except OSError as error:
        sys.exit(f"The local Stripe can't listen on {args.host}:{args.port}: {error.strerror}.")
    base_url = (args.base_url or address(listener)).rstrip("/")
    engine = Engine(
        rng=Random(args.seed),  # noqa: S311 - makes ids, not secrets
        settings=Settings(
            base_url=base_url,
            secret_key=args.secret_key or None,
            delivery_retry_scale=args.delivery_retry_scale,
            test_clock_advance_seconds=args.test_clock_advance_seconds,
            time_scale=args.time_scale,
            rate_limit=args.rate_limit,
        ),
    )
    print(greeting(base_url, engine.world.settings.secret_key), flush=True)
    with suppress(KeyboardInterrupt):  # the server has ended by then
        create_server(engine).run(sockets=[listener])

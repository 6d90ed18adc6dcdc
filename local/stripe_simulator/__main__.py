"""Serve the simulator: `python -m local.stripe_simulator`."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from random import Random, SystemRandom

import uvicorn

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.app import create_app
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
    parser.add_argument("--seed", type=int, help="makes all ids reproducible")
    return parser.parse_args()


def listen(host: str, port: int) -> socket.socket:
    # Naming TCP makes asyncio turn Nagle's delay off; without it each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)  # from here on connections wait rather than fail
    except OSError as error:
        listener.close()
        sys.exit(f"The local Stripe can't listen on {host}:{port}: {error.strerror}.")
    return listener


def main() -> None:
    args = arguments()
    if args.secret_key and not args.secret_key.startswith("sk_test_"):
        sys.exit("The local Stripe takes test keys only: --secret-key must start with sk_test_.")
    listener = listen(args.host, args.port)
    base_url = args.base_url or "http://{}:{}".format(*listener.getsockname())
    engine = Engine(
        rng=SystemRandom() if args.seed is None else Random(args.seed),  # noqa: S311 - ids
        settings=Settings(
            base_url=base_url.rstrip("/"),
            secret_key=args.secret_key or None,
            delivery_retry_scale=args.delivery_retry_scale,
        ),
    )
    config = uvicorn.Config(
        create_app(engine),
        access_log=False,
        date_header=False,  # the engine's clock sets Date
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    print(f"The local Stripe is at {base_url}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()

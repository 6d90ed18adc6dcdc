"""Sends deliveries when they are due, and lets the engine's clock-driven work happen on time.

Guards that a slow or dead destination never holds up the API: sending runs beside it, and a
failure is only recorded, to be tried again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import httpx

from local.stripe_simulator.deliveries import Delivery, Destination
from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.cli_listeners import Listeners
from local.stripe_simulator.http.signing import signature
from local.stripe_simulator.store import Json

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

AT_ONCE = 4  # Stripe sends in parallel too: receivers meet events out of order here already
TIMEOUT_SECONDS = 30.0
LONGEST_NAP_SECONDS = 60.0
LOGGER = logging.getLogger(__name__)
KEPT_OF_ANSWER = 500  # characters of an answer that the attempt log keeps


class Sender:
    """The background task; `wake` it whenever the engine may have something new to send."""

    def __init__(self, engine: Engine) -> None:
        self.listeners = Listeners(engine)
        self._engine = engine
        self._changed = asyncio.Event()
        self._settled = asyncio.Condition()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._turn = asyncio.Lock()  # those in turn go one by one, in order
        self._sending: set[asyncio.Task[None]] = set()
        self._buses: dict[str, EventBridgeClient] = {}

    def wake(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Send what is due, for as long as the server runs."""
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            try:
                while True:
                    self._changed.clear()
                    self._run_due()
                    for delivery in self._engine.due_deliveries():
                        self._start(self._send(client, delivery))
                    await self._tell_whether_settled()
                    await self._nap()
            finally:
                for task in self._sending:
                    task.cancel()

    async def wait_settled(self, timeout: float) -> bool:
        """Whether every delivery was delivered or given up within `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout), self._settled:
                await self._settled.wait_for(lambda: self._engine.world.deliveries.settled)
        except TimeoutError:
            return False
        return True

    def _run_due(self) -> None:
        try:
            self._engine.run_due()
        except Exception:  # a timer's failure must not end the sending
            LOGGER.exception("What was due has failed")

    def _start(self, sending: Any) -> None:
        task = asyncio.get_running_loop().create_task(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _nap(self) -> None:
        due_in = self._engine.next_due_in()
        nap = LONGEST_NAP_SECONDS if due_in is None else min(due_in, LONGEST_NAP_SECONDS)
        try:
            async with asyncio.timeout(nap):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _send(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        async with self._room(delivery):
            await self._attempt(client, delivery)
        self.wake()

    def _room(self, delivery: Delivery) -> AbstractAsyncContextManager[None]:
        if delivery.in_turn:
            return self._turn  # first come, first served
        if delivery.destination.type == "cli":
            return nullcontext()  # which may be long in telling how it went
        return self._slots

    async def _tell_whether_settled(self) -> None:
        async with self._settled:
            self._settled.notify_all()

    async def _attempt(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        status: int | None = None
        error: str | None = None
        answer = ""
        began = time.perf_counter()
        try:
            status, answer = await self._hand_over(client, delivery)
        except Exception as failure:  # whatever went wrong, try again later
            error = f"{type(failure).__name__}: {failure}"
        duration = time.perf_counter() - began
        self._engine.record_attempt(delivery, status, error, answer[:KEPT_OF_ANSWER], duration)

    async def _hand_over(self, client: httpx.AsyncClient, delivery: Delivery) -> tuple[int, str]:
        """Bring an event to its destination: the status and the body of the answer."""
        destination, event = delivery.destination, self._engine.event_of(delivery)
        if destination.type == "eventbridge":
            return await asyncio.to_thread(self._put, destination, event), ""
        body = json.dumps(event, indent=2)
        headers = _headers(body, destination.secrets_at(self._engine.world.wall()))
        if destination.type == "cli":
            return await self.listeners.deliver(destination.id, body, headers)
        answer = await client.post(destination.url, content=body, headers=headers)
        return answer.status_code, answer.text

    def _put(self, destination: Destination, event: Json) -> int:
        """Put an event on a partner event source, as Stripe's EventBridge destination does."""
        answer = self._bus(destination).put_partner_events(
            Entries=[
                {
                    "Source": destination.source,
                    "DetailType": event["type"],
                    "Detail": json.dumps(event),
                    "Resources": [],
                }
            ]
        )
        return 500 if answer["FailedEntryCount"] else 200

    def _bus(self, destination: Destination) -> EventBridgeClient:
        if destination.id not in self._buses:
            import boto3  # noqa: PLC0415 - slow to import, and only this destination needs it

            self._buses[destination.id] = boto3.client(
                "events",
                endpoint_url=destination.url,
                region_name=destination.region,
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106 - the local AWS takes any
            )
        return self._buses[destination.id]


def _headers(body: str, secrets: list[str]) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(body.encode(), secrets, int(time.time())),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }

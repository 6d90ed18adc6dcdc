"""A CLI's websocket: what it is sent, and what its messages and its silence mean."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

import pytest

from local.stripe_simulator.http import cli_listeners
from local.stripe_simulator.http.cli_listeners import ACKNOWLEDGED, SUBPROTOCOL, Listeners
from tests.unit.stripe_simulator.account import Account

Message = MutableMapping[str, Any]
HEADERS = {"Stripe-Signature": "t=1,v1=0"}


class Cli:
    """The CLI's end of a websocket: tells what a test has it tell, keeps what it is sent."""

    def __init__(self, stripe: Account, listeners: Listeners, **asked: str) -> None:
        asked = {"device_name": "laptop", **asked}
        session = stripe.post("/v1/stripecli/sessions", websocket_features=["webhooks"], **asked)
        self.session_id: str = session["websocket_id"]
        self.listeners = listeners
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._sent: asyncio.Queue[Message] = asyncio.Queue()

    async def connect(self) -> asyncio.Task[None]:
        self._told.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "path": "/stripecli",
            "headers": [(b"websocket-id", self.session_id.encode())],
            "subprotocols": [SUBPROTOCOL],
            "extensions": {"websocket.http.response": {}},
        }
        connection = asyncio.create_task(self.listeners(scope, self._told.get, self._sent.put))
        accepted = await self._sent.get()
        assert (accepted["type"], accepted["subprotocol"]) == ("websocket.accept", SUBPROTOCOL)
        return connection

    def tell(self, kind: str, conversation: str, **more: Any) -> None:
        message = {"type": kind, "webhook_conversation_id": conversation, **more}
        self.tell_text(json.dumps(message))

    def tell_text(self, text: str) -> None:
        self._told.put_nowait({"type": "websocket.receive", "text": text})

    def hang_up(self) -> None:
        self._told.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def sent(self) -> Message:
        return await self._sent.get()

    async def event(self) -> Message:
        """The next event, in the default version; the latest one is taken off the line too."""
        first, second = [json.loads((await self.sent())["text"]) for _ in range(2)]
        assert second == {**first, "endpoint": {"api_version": "2026-10-28.endive"}}
        assert first["endpoint"] == {"api_version": None}
        return dict(first)

    def delivery(self) -> asyncio.Task[tuple[int, str]]:
        delivering = self.listeners.deliver(self.session_id, '{"id": "evt_1"}', HEADERS)
        return asyncio.create_task(delivering)


Scene = Callable[[Cli], Coroutine[Any, Any, None]]


def play(scene: Scene, stripe: Account, **asked: str) -> None:
    async def run() -> None:
        cli = Cli(stripe, Listeners(stripe.engine), **asked)
        connection = await cli.connect()
        await scene(cli)
        cli.hang_up()
        await connection
        assert not stripe.engine.world.deliveries.destinations

    asyncio.run(run())


def test_the_answer_of_the_application_is_the_deliverys(stripe: Account) -> None:
    async def scene(cli: Cli) -> None:
        delivery = cli.delivery()
        event = await cli.event()
        assert (event["event_payload"], event["http_headers"]) == ('{"id": "evt_1"}', HEADERS)
        conversation = event["webhook_conversation_id"]
        cli.tell("event_ack", conversation, event_id=event["webhook_id"])
        cli.tell("event_ack", conversation, event_id=event["webhook_id"])
        answer = {"forward_url": "http://localhost", "http_headers": {}, "status": 503}
        cli.tell("webhook_response", conversation, body="down", **answer)
        cli.tell("webhook_response", conversation, body="another endpoint", **answer)
        assert await delivery == (503, "down")
        cli.tell("webhook_response", conversation, body="too late", **answer)

    play(scene, stripe, forward_to_url="http://localhost")


def test_two_events_on_their_way_are_not_mixed_up(stripe: Account) -> None:
    async def scene(cli: Cli) -> None:
        first, second = cli.delivery(), cli.delivery()
        conversations = [(await cli.event())["webhook_conversation_id"] for _ in range(2)]
        cli.tell("webhook_response", conversations[1], status=500, body="")
        cli.tell("webhook_response", conversations[0], status=200, body="")
        assert [await first, await second] == [(200, ""), (500, "")]

    play(scene, stripe, forward_to_url="http://localhost")


def test_a_cli_that_only_prints_has_done_so_when_it_acknowledges(stripe: Account) -> None:
    async def scene(cli: Cli) -> None:
        delivery = cli.delivery()
        cli.tell("event_ack", (await cli.event())["webhook_conversation_id"])
        assert await delivery == ACKNOWLEDGED

    play(scene, stripe)


def test_an_event_that_is_acknowledged_but_not_forwarded_has_arrived_in_the_end(
    stripe: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_listeners, "FORWARDING_SECONDS", 0.3)

    async def scene(cli: Cli) -> None:
        delivery = cli.delivery()
        cli.tell("event_ack", (await cli.event())["webhook_conversation_id"])
        assert await delivery == ACKNOWLEDGED

    play(scene, stripe, forward_to_url="http://localhost")


def test_an_event_that_is_not_even_acknowledged_has_not(
    stripe: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli_listeners, "FORWARDING_SECONDS", 0.0)

    async def scene(cli: Cli) -> None:
        with pytest.raises(TimeoutError, match="the CLI did not acknowledge it"):
            await cli.delivery()

    play(scene, stripe)


def test_what_is_on_its_way_when_the_cli_goes_has_failed(stripe: Account) -> None:
    async def scene(cli: Cli) -> None:
        delivery = cli.delivery()
        await cli.event()
        cli.hang_up()
        with pytest.raises(ConnectionError, match="the CLI stopped listening"):
            await delivery
        with pytest.raises(ConnectionError, match="does not listen any more"):
            await cli.delivery()

    play(scene, stripe)


@pytest.mark.parametrize("text", ["not JSON", '{"type": "teapot"}', '{"type": "event_ack"}'])
def test_a_message_that_makes_no_sense_ends_the_connection(stripe: Account, text: str) -> None:
    async def scene(cli: Cli) -> None:
        cli.tell_text(text)
        closed = await cli.sent()
        assert (closed["type"], closed["code"]) == ("websocket.close", 1007)

    play(scene, stripe)


def test_a_cli_that_has_come_back_stays_when_its_former_connection_ends(stripe: Account) -> None:
    async def run() -> None:
        cli = Cli(stripe, Listeners(stripe.engine))
        former = await cli.connect()
        again = Cli(stripe, cli.listeners)
        again.session_id = cli.session_id
        connection = await again.connect()
        cli.hang_up()
        await former
        assert list(stripe.engine.world.deliveries.destinations) == [cli.session_id]
        again.hang_up()
        await connection
        assert not stripe.engine.world.deliveries.destinations

    asyncio.run(run())

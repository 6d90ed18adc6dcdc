"""The websockets of `stripe listen`: a CLI is a destination of events for as long as it listens.

Guards that none is thought to listen that doesn't: it leaves the account when its websocket closes,
and what it hadn't answered by then has failed. A web page can't listen: it can't set the header
that names the session.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count

from pydantic import ValidationError
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from local.stripe_simulator.deliveries import Destination
from local.stripe_simulator.engine import Engine
from local.stripe_simulator.events import API_VERSION
from local.stripe_simulator.http.cli_messages import (
    FROM_CLI,
    Endpoint,
    EventAck,
    WebhookEvent,
    WebhookResponse,
)
from local.stripe_simulator.resources.account import cli_sessions

SUBPROTOCOL = "stripecli-devproxy-v1"
UNKNOWN = {"error": {"message": "Unknown WebSocket ID."}}  # the CLI then asks for a new session
# Each event is sent in the default and in the latest version, which are the same here: the CLI
# drops one of them by its option --latest, which it keeps to itself.
VERSIONS = (None, API_VERSION)
FORWARDING_SECONDS = 30.0  # so long the CLI waits for the application
MALFORMED = 1007  # RFC 6455's close code

Answer = tuple[int, str]  # status and body
ACKNOWLEDGED: Answer = (202, "The CLI has it, and told of no answer to its forwarding")


@dataclass
class Conversation:
    """An event on its way through the CLI; no answer at all means that it stopped listening."""

    answer: asyncio.Future[Answer | None]
    acknowledged: bool = False

    def end(self, answer: Answer | None) -> None:
        if not self.answer.done():  # the CLI may forward one event to several endpoints
            self.answer.set_result(answer)


class Listener:
    """One CLI that listens, and what it tells of the events that it is sent."""

    def __init__(self, socket: WebSocket, destination: Destination) -> None:
        self.destination = destination
        self._socket = socket
        self._conversations: dict[str, Conversation] = {}
        self._numbers = count(1)

    async def run(self) -> None:
        """Take what the CLI tells, until it stops listening."""
        try:
            async for text in self._socket.iter_text():
                self._take(FROM_CLI.validate_json(text))
        except ValidationError:
            await self._socket.close(MALFORMED)
        finally:
            for conversation in self._conversations.values():
                conversation.end(None)

    async def deliver(self, body: str, headers: dict[str, str]) -> Answer:
        """Send an event; what the application answered, or that the CLI has acknowledged it."""
        number = next(self._numbers)
        message = WebhookEvent(
            webhook_id=f"wh_{number}",
            webhook_conversation_id=f"wc_{number}",
            endpoint=Endpoint(api_version=None),
            event_payload=body,
            http_headers=headers,
        )
        conversation = Conversation(asyncio.get_running_loop().create_future())
        self._conversations[message.webhook_conversation_id] = conversation
        try:
            for version in VERSIONS:
                message.endpoint.api_version = version
                await self._socket.send_text(message.model_dump_json())
            return await _answer(conversation)
        finally:
            del self._conversations[message.webhook_conversation_id]

    def _take(self, message: EventAck | WebhookResponse) -> None:
        conversation = self._conversations.get(message.webhook_conversation_id)
        if conversation is None:
            return  # it came too late
        if isinstance(message, WebhookResponse):
            conversation.end((message.status, message.body))
        elif self.destination.url:
            conversation.acknowledged = True
        else:
            conversation.end(ACKNOWLEDGED)


class Listeners:
    """The CLIs that listen: the ASGI application of their websockets."""

    def __init__(self, engine: Engine) -> None:
        self._world = engine.world
        self._listening: dict[str, Listener] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        session_id = socket.headers.get("websocket-id", "")
        destination = cli_sessions.destination_of(self._world, session_id)
        if destination is None or SUBPROTOCOL not in scope["subprotocols"]:
            await socket.send_denial_response(JSONResponse(UNKNOWN, 404))
            return
        await socket.accept(SUBPROTOCOL)
        listener = self._listening[session_id] = Listener(socket, destination)
        self._world.deliveries.destinations[session_id] = destination
        try:
            await listener.run()
        finally:
            if self._listening.get(session_id) is listener:  # it may have come back meanwhile
                del self._listening[session_id]
                self.reconcile()

    async def deliver(self, session_id: str, body: str, headers: dict[str, str]) -> Answer:
        listener = self._listening.get(session_id)
        if listener is None:
            raise ConnectionError("the CLI does not listen any more")
        return await listener.deliver(body, headers)

    def reconcile(self) -> None:
        """Let the account's destinations have those that listen now, and no other CLI."""
        destinations = self._world.deliveries.destinations
        for each in list(destinations.values()):
            if each.type == "cli" and each.id not in self._listening:
                del destinations[each.id]
        for session_id, listener in self._listening.items():
            destinations[session_id] = listener.destination


async def _answer(conversation: Conversation) -> Answer:
    try:
        async with asyncio.timeout(FORWARDING_SECONDS):
            answer = await conversation.answer
    except TimeoutError:
        if conversation.acknowledged:
            return ACKNOWLEDGED
        raise TimeoutError("the CLI did not acknowledge it") from None
    if answer is None:
        raise ConnectionError("the CLI stopped listening")
    return answer

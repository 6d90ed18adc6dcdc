"""What the server and a CLI that listens tell each other over its websocket, as JSON.

As the CLI's source has it (github.com/stripe/stripe-cli, pkg/websocket); of its messages only
what counts here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter


class Endpoint(BaseModel):
    """In which version an event is: null is the account's default one."""

    api_version: str | None


class WebhookEvent(BaseModel):
    """An event; the CLI posts the payload with those headers to where it forwards."""

    type: Literal["webhook_event"] = "webhook_event"
    webhook_id: str
    webhook_conversation_id: str
    endpoint: Endpoint
    event_payload: str
    http_headers: dict[str, str]


class EventAck(BaseModel):
    """The CLI has an event; whether it forwards it, or filters it out, it doesn't tell."""

    type: Literal["event_ack"]
    webhook_conversation_id: str


class WebhookResponse(BaseModel):
    """What the application answered to a forwarded event."""

    type: Literal["webhook_response"]
    webhook_conversation_id: str
    status: int
    body: str


FROM_CLI: TypeAdapter[EventAck | WebhookResponse] = TypeAdapter(
    Annotated[EventAck | WebhookResponse, Field(discriminator="type")]
)

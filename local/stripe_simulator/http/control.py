"""The control path `/_sim/…`: what a Stripe user does in the dashboard, and what tests need."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_simulator.deliveries import Delivery, Destination
from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.sender import Sender
from local.stripe_simulator.resources.account import webhook_endpoints
from local.stripe_simulator.seed import Seed, SeedRefused, plant


class WebhookDestination(BaseModel):
    type: Literal["webhook"]
    url: str
    secret: str | None = None
    enabled_events: list[str] = ["*"]


class EventBridgeDestination(BaseModel):
    type: Literal["eventbridge"]
    endpoint_url: str
    source: str = Field(pattern=r"^aws\.partner/stripe\.com/")
    region: str = "us-east-1"
    enabled_events: list[str] = ["*"]


LATEST = 32503680000  # the year 3000
NewDestination = Annotated[WebhookDestination | EventBridgeDestination, Field(discriminator="type")]
NEW_DESTINATION: TypeAdapter[WebhookDestination | EventBridgeDestination] = TypeAdapter(
    NewDestination
)


class Advance(BaseModel):
    """How far to move time: to a moment (UTC seconds), or by a number of seconds."""

    to: float | None = Field(None, ge=0, le=LATEST)
    seconds: float = Field(0.0, ge=0, le=LATEST)


class Wait(BaseModel):
    """For how many seconds to wait."""

    timeout: float = Field(10.0, ge=0, le=3600)


class Control:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender

    def routes(self) -> list[Route]:
        return [
            Route("/_sim/health", self.health),
            Route("/_sim/destinations", self.add_destination, methods=["POST"]),
            Route("/_sim/destinations", self.list_destinations),
            Route("/_sim/destinations/{id}", self.remove_destination, methods=["DELETE"]),
            Route("/_sim/deliveries", self.list_deliveries),
            Route("/_sim/deliveries/settled", self.wait_settled),
            Route("/_sim/advance", self.advance, methods=["POST"]),
            Route("/_sim/seed", self.seed, methods=["POST"]),
        ]

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "time": self._engine.world.time()})

    async def add_destination(self, request: Request) -> Response:
        new = NEW_DESTINATION.validate_json(await request.body())
        world = self._engine.world
        if isinstance(new, WebhookDestination):
            secret = new.secret or f"whsec_{world.token(32)}"
            chosen = {"url": new.url, "enabled_events": new.enabled_events}
            endpoint = webhook_endpoints.add(world, chosen, secret)
            destination = world.deliveries.destinations[endpoint["id"]]
        else:
            destination = Destination(
                id=world.new_id("ed_test_", 24),
                type="eventbridge",
                url=new.endpoint_url,
                enabled_events=new.enabled_events,
                source=new.source,
                region=new.region,
            )
            world.deliveries.destinations[destination.id] = destination
        return JSONResponse(_shown(destination), status_code=201)

    async def list_destinations(self, _request: Request) -> Response:
        destinations = self._engine.world.deliveries.destinations.values()
        return JSONResponse({"data": [_shown(destination) for destination in destinations]})

    async def remove_destination(self, request: Request) -> Response:
        world = self._engine.world
        destination = world.deliveries.destinations.get(request.path_params["id"])
        if destination is None:
            return JSONResponse({"detail": "No such destination"}, status_code=404)
        if destination.type == "webhook":
            webhook_endpoints.delete(world, {}, destination.id)
        else:
            del world.deliveries.destinations[destination.id]
        return Response(status_code=204)

    async def list_deliveries(self, request: Request) -> Response:
        state = request.query_params.get("state")
        found = [
            _listed(delivery)
            for delivery in self._engine.world.deliveries
            if state in (None, delivery.state)
        ]
        return JSONResponse({"data": found})

    async def wait_settled(self, request: Request) -> Response:
        asked = Wait.model_validate(dict(request.query_params))
        return JSONResponse({"settled": await self._sender.wait_settled(asked.timeout)})

    async def advance(self, request: Request) -> Response:
        asked = Advance.model_validate_json(await request.body())
        to = asked.to if asked.to is not None else self._engine.world.time() + asked.seconds
        self._engine.advance(to)
        self._sender.wake()
        return JSONResponse({"time": self._engine.world.time()})

    async def seed(self, request: Request) -> Response:
        asked = Seed.model_validate_json(await request.body() or b"{}")
        try:
            planted = plant(self._engine, asked)
        except SeedRefused as error:
            return JSONResponse({"detail": str(error)}, status_code=422)
        self._sender.wake()
        return JSONResponse(planted)


async def refuse_invalid(_request: Request, error: Exception) -> Response:
    """Answer 422 with what is wrong with a control request's body or query."""
    assert isinstance(error, ValidationError)
    detail = error.errors(include_url=False, include_context=False, include_input=False)
    return JSONResponse({"detail": detail}, status_code=422)


def _shown(destination: Destination) -> dict[str, Any]:
    shown = asdict(destination)
    secrets = shown.pop("secrets")
    return {**shown, "secret": secrets[0]["value"]} if secrets else shown


def _listed(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.number,
        "event": delivery.event["id"],
        "type": delivery.event["type"],
        "destination": delivery.destination.id,
        "state": delivery.state,
        "attempts": [asdict(attempt) for attempt in delivery.attempts],
        "next_attempt_at": delivery.next_attempt_at,
    }

"""Where events go: webhook endpoints and partner event sources, and rolling a secret."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_simulator.deliveries import Destination
from local.stripe_simulator.http.control.topic import Topic, refusal, unknown
from local.stripe_simulator.http.same_origin import changing
from local.stripe_simulator.resources.account import webhook_endpoints


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


NewDestination = Annotated[WebhookDestination | EventBridgeDestination, Field(discriminator="type")]
NEW_DESTINATION: TypeAdapter[WebhookDestination | EventBridgeDestination] = TypeAdapter(
    NewDestination
)


class Roll(BaseModel):
    """For how many seconds the former secret still signs: up to a day, as in the dashboard."""

    expires_in: float = Field(0.0, ge=0, le=86400)


class DestinationControl(Topic):
    def routes(self) -> list[Route]:
        return [
            Route("/_sim/destinations", self.listing),
            changing("/_sim/destinations", self.add),
            changing("/_sim/destinations/{id}", self.remove, "DELETE"),
            changing("/_sim/webhook_endpoints/{id}/roll_secret", self.roll_secret),
        ]

    async def listing(self, _request: Request) -> Response:
        destinations = self._world.deliveries.destinations.values()
        return JSONResponse({"data": [self._shown(each) for each in destinations]})

    async def add(self, request: Request) -> Response:
        new = NEW_DESTINATION.validate_json(await request.body())
        if isinstance(new, WebhookDestination):
            secret = new.secret or f"whsec_{self._world.token(32)}"
            chosen = {"url": new.url, "enabled_events": new.enabled_events}
            endpoint = webhook_endpoints.add(self._world, chosen, secret)
            destination = self._world.deliveries.destinations[endpoint["id"]]
        else:
            destination = Destination(
                id=self._world.new_id("ed_test_", 24),
                type="eventbridge",
                url=new.endpoint_url,
                enabled_events=new.enabled_events,
                source=new.source,
                region=new.region,
            )
            self._world.deliveries.destinations[destination.id] = destination
        return JSONResponse(self._shown(destination), status_code=201)

    async def remove(self, request: Request) -> Response:
        destination = self._world.deliveries.destinations.get(request.path_params["id"])
        if destination is None:
            return unknown("destination")
        if destination.type == "cli":
            return refusal(409, f"{destination.id} is a CLI that listens: end it where it runs")
        if destination.type == "webhook":
            webhook_endpoints.delete(self._world, {}, destination.id)
        else:
            del self._world.deliveries.destinations[destination.id]
        return Response(status_code=204)

    async def roll_secret(self, request: Request) -> Response:
        asked = Roll.model_validate_json(await request.body() or b"{}")
        destination = self._world.deliveries.destinations.get(request.path_params["id"])
        if destination is None or destination.type != "webhook":
            return unknown("webhook endpoint")
        rolled = webhook_endpoints.roll_secret(self._world, destination.id, asked.expires_in)
        return JSONResponse(rolled)

    def _shown(self, destination: Destination) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": destination.id,
            "type": destination.type,
            "url": destination.url,
            "enabled_events": destination.enabled_events,
            "enabled": destination.enabled,
        }
        if destination.secrets:
            secrets = destination.secrets_at(self._world.wall())
            return {**shown, "secret": secrets[0], "secrets": secrets}
        return {**shown, "source": destination.source, "region": destination.region}

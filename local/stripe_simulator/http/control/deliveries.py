"""What was sent where and how it went; holding, releasing, dropping, resending; chaos rules."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_simulator.chaos import Rule
from local.stripe_simulator.deliveries import Delivery, Order, State
from local.stripe_simulator.http.control.topic import Topic, refusal, unknown
from local.stripe_simulator.http.same_origin import changing

LONGEST_SECONDS = 365 * 86400


class Wait(BaseModel):
    """For how many seconds to wait."""

    timeout: float = Field(10.0, ge=0, le=3600)


class Wanted(BaseModel):
    """Which deliveries to list."""

    state: State | None = None
    event: str | None = None
    destination: str | None = None
    type: str | None = None

    def matches(self, delivery: Delivery) -> bool:
        wanted_and_is = (
            (self.state, delivery.state),
            (self.event, delivery.event_id),
            (self.destination, delivery.destination.id),
            (self.type, delivery.kind),
        )
        return all(wanted in (None, value) for wanted, value in wanted_and_is)


class Release(BaseModel):
    """Which held deliveries to let go (all unless named), and how to rearrange them."""

    model_config = ConfigDict(extra="forbid")

    ids: list[int] | None = None
    order: Order = "held"


class ChaosRule(BaseModel):
    """`chaos.Rule`, as it is sent."""

    model_config = ConfigDict(extra="forbid")

    destination: str | None = None
    events: list[str] = ["*"]
    delay: float = Field(0.0, ge=0, le=LONGEST_SECONDS)
    delay_up_to: float = Field(0.0, ge=0, le=LONGEST_SECONDS)
    copies: int = Field(1, ge=1, le=100)
    window: int = Field(1, ge=1, le=1000)
    window_seconds: float = Field(5.0, ge=0, le=LONGEST_SECONDS)
    lose_attempts: int = Field(0, ge=0, le=100)
    drop: bool = False
    hold: bool = False

    def as_rule(self) -> Rule:
        return Rule(**{**self.model_dump(), "events": tuple(self.events)})


class Chaos(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[ChaosRule]


class DeliveryControl(Topic):
    def routes(self) -> list[Route]:
        return [
            Route("/_sim/deliveries", self.listing),
            Route("/_sim/deliveries/settled", self.wait_settled),
            Route("/_sim/deliveries/{id:int}", self.show),
            changing("/_sim/deliveries/release", self.release),
            changing("/_sim/deliveries/{id:int}/release", self.release_one),
            changing("/_sim/deliveries/{id:int}/drop", self.drop),
            changing("/_sim/deliveries/{id:int}/resend", self.resend),
            Route("/_sim/chaos", self.show_chaos),
            changing("/_sim/chaos", self.set_chaos, "PUT"),
            changing("/_sim/chaos", self.end_chaos, "DELETE"),
        ]

    async def listing(self, request: Request) -> Response:
        wanted = Wanted.model_validate(dict(request.query_params))
        found = [_shown(each) for each in self._world.deliveries if wanted.matches(each)]
        return JSONResponse({"data": found})

    async def wait_settled(self, request: Request) -> Response:
        asked = Wait.model_validate(dict(request.query_params))
        return JSONResponse({"settled": await self._sender.wait_settled(asked.timeout)})

    async def show(self, request: Request) -> Response:
        delivery = self._find(request)
        return unknown("delivery") if delivery is None else JSONResponse(_shown(delivery))

    async def release(self, request: Request) -> Response:
        asked = Release.model_validate_json(await request.body() or b"{}")
        for number in asked.ids or ():
            delivery = self._world.deliveries.find(number)
            if delivery is None:
                return unknown(f"delivery: {number}")
            if delivery.state != "held":
                return _not_held(delivery)
        return self._release(asked.ids, asked.order)

    async def release_one(self, request: Request) -> Response:
        delivery = self._find(request)
        if delivery is None:
            return unknown("delivery")
        return self._release([delivery.number]) if delivery.state == "held" else _not_held(delivery)

    async def drop(self, request: Request) -> Response:
        delivery = self._find(request)
        if delivery is None:
            return unknown("delivery")
        self._world.deliveries.drop(delivery)
        self._sender.wake()
        return JSONResponse(_shown(delivery))

    async def resend(self, request: Request) -> Response:
        """Send once more: to a partner event source too, which Stripe itself can't."""
        delivery = self._find(request)
        if delivery is None:
            return unknown("delivery")
        destination = self._world.deliveries.destinations.get(delivery.destination.id)
        if destination is None or not destination.enabled:
            return refusal(409, f"{delivery.destination.id} is disabled or deleted")
        event = self._world.store.get("event", delivery.event_id)
        again = self._world.deliveries.resend(event, destination, self._world.wall())
        self._sender.wake()
        return JSONResponse(_shown(again), status_code=201)

    async def show_chaos(self, _request: Request) -> Response:
        return JSONResponse({"rules": [asdict(rule) for rule in self._world.deliveries.chaos]})

    async def set_chaos(self, request: Request) -> Response:
        asked = Chaos.model_validate_json(await request.body())
        self._world.deliveries.chaos = [rule.as_rule() for rule in asked.rules]
        return await self.show_chaos(request)

    async def end_chaos(self, _request: Request) -> Response:
        """New deliveries go straight again; those held stay so until they are released."""
        self._world.deliveries.chaos = []
        return Response(status_code=204)

    def _find(self, request: Request) -> Delivery | None:
        return self._world.deliveries.find(request.path_params["id"])

    def _release(self, numbers: list[int] | None, order: Order = "held") -> Response:
        released = self._world.deliveries.release(self._world.wall(), numbers, order)
        self._sender.wake()
        return JSONResponse({"data": [_shown(delivery) for delivery in released]})


def _not_held(delivery: Delivery) -> Response:
    return refusal(409, f"Delivery {delivery.number} is {delivery.state}, not held")


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.number,
        "event": delivery.event_id,
        "type": delivery.kind,
        "destination": delivery.destination.id,
        "state": delivery.state,
        "by_hand": delivery.by_hand,
        "attempts": [asdict(attempt) for attempt in delivery.attempts],
        "next_attempt_at": delivery.next_attempt_at,
    }

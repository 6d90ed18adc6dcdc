"""The control path `/_sim/…`: what a Stripe user does in the dashboard, and what tests need.

One module for each topic; bodies and queries are checked by models, and what makes no sense is
answered with 422 and what is wrong with it.
"""

from __future__ import annotations

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.control.deliveries import DeliveryControl
from local.stripe_simulator.http.control.destinations import DestinationControl
from local.stripe_simulator.http.control.faults import FaultControl
from local.stripe_simulator.http.control.payments import PaymentControl
from local.stripe_simulator.http.control.state import StateControl
from local.stripe_simulator.http.control.time import TimeControl
from local.stripe_simulator.http.log import Log
from local.stripe_simulator.http.sender import Sender

TOPICS = (
    DeliveryControl,
    DestinationControl,
    FaultControl,
    PaymentControl,
    StateControl,
    TimeControl,
)


class Control:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._topics = [topic(engine, sender) for topic in TOPICS]
        self._log = Log(engine, sender)

    def routes(self) -> list[Route]:
        return [route for topic in (*self._topics, self._log) for route in topic.routes()]


async def refuse_invalid(_request: Request, error: Exception) -> Response:
    """Answer 422 with what is wrong with a control request's body or query."""
    assert isinstance(error, ValidationError)
    detail = error.errors(include_url=False, include_context=False, include_input=False)
    return JSONResponse({"detail": detail}, status_code=422)

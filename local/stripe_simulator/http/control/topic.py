"""What the topics of the control path share: answers, and doing something to the account."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.http.sender import Sender
from local.stripe_simulator.resources.account import test_clocks
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import NO_REQUEST, World


class Topic:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender

    @property
    def _world(self) -> World:
        return self._engine.world

    def _act(self, object_id: str, act: Callable[[World, str], Json]) -> Response:
        """Do something to an object, by its test clock: the whole, or nothing and why not."""
        self._engine.run_due()
        clock_id = self._world.clock_of(object_id)
        self._world.begin(NO_REQUEST)
        try:
            test_clocks.refuse_while_advancing(self._world, clock_id)
            with self._world.on_clock(clock_id):
                result = act(self._world, object_id)
        except StripeError as error:
            self._world.undo()
            return _refused(error)
        finally:
            self._world.publish_events()
        self._sender.wake()
        return JSONResponse(result)


def refusal(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status_code=status)


def unknown(what: str) -> Response:
    return refusal(404, f"No such {what}")


def _refused(error: StripeError) -> Response:
    """Stripe's refusal in the control path's shape: 400 is for requests, 422 for what they say."""
    return refusal(422 if error.status == 400 else error.status, str(error))

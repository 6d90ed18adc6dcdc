"""The log `/_sim/`: what is in the account, what happened and where it was sent, for people.

Plain pages without JavaScript; what their buttons do goes through the engine like anything else.
"""

from __future__ import annotations

from starlette.routing import Route

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.log.account import AccountPages
from local.stripe_simulator.http.log.clocks import ClockPages
from local.stripe_simulator.http.log.requests import RequestPages
from local.stripe_simulator.http.log.webhooks import WebhookPages
from local.stripe_simulator.http.sender import Sender

TOPICS = (AccountPages, RequestPages, WebhookPages, ClockPages)


class Log:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._topics = [topic(engine, sender) for topic in TOPICS]

    def routes(self) -> list[Route]:
        return [route for topic in self._topics for route in topic.routes()]

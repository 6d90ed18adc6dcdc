"""Where events go and how that went; sending one again, letting go what is held."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from local.stripe_simulator.http.log.view import View
from local.stripe_simulator.http.same_origin import changing


class WebhookPages(View):
    def routes(self) -> list[Route]:
        return [
            Route("/_sim/webhooks", self.webhooks),
            changing("/_sim/webhooks/release", self.release),
            changing("/_sim/events/{id}/resend", self.resend),
        ]

    async def webhooks(self, request: Request) -> Response:
        deliveries = self._world.deliveries
        state = request.query_params.get("state", "")
        newest_first = (each for each in reversed(list(deliveries)) if state in ("", each.state))
        return self._page(
            request,
            "webhooks.html",
            destinations=list(deliveries.destinations.values()),
            rules=deliveries.chaos,
            held=sum(each.state == "held" for each in deliveries),
            page=self._paged(request, newest_first),
            state=state,
        )

    async def release(self, _request: Request) -> Response:
        self._world.deliveries.release(self._world.wall())
        self._sender.wake()
        return RedirectResponse("/_sim/webhooks", 303)

    async def resend(self, request: Request) -> Response:
        """Send an event once more to the destination that the form names."""
        event = self._world.store.find(request.path_params["id"])
        chosen = (await request.form()).get("destination", "")
        destination = self._world.deliveries.destinations.get(str(chosen))
        if event is None or event["object"] != "event":
            return self._missing(request, "event")
        if destination is None:
            return self._missing(request, "destination")
        self._world.deliveries.resend(event, destination, self._world.wall())
        self._sender.wake()
        return RedirectResponse(f"/_sim/objects/{event['id']}", 303)

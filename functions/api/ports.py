"""What the routes need of the outside, and how a route asks for it.

A route declares ``ports: RoutePorts`` and ``caller: RouteCaller``; the resolver fills them in.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request

from api.caller import Caller, caller_of
from billing.catalog import Catalog
from billing.checkout import Checkout
from billing.config import ApiSettings, load
from billing.domain.checkout import CheckoutPages
from billing.gateway.stripe_gateway import StripeGateway
from billing.payment_methods import PaymentMethods
from billing.quotes import Quotes
from billing.runtime import Ports
from billing.sessions import Sessions
from billing.signed_quotes import SignedQuotes
from billing.standing import Standings
from billing.subscriptions import Subscriptions

#: A dashboard's reads: two of DynamoDB's, then three of Stripe's.
THREADS = 5


class ApiPorts(Ports):
    """The functions' ports, and the API's own. Threads and their connections are kept.

    ``ends_at`` is when the function is ended, on the monotonic clock: set by each request.
    """

    ends_at = math.inf

    @cached_property
    def stripe(self) -> StripeGateway:
        api_base = self.settings.stripe_api_base
        return StripeGateway(self.secrets, api_base, ends_at=lambda: self.ends_at)

    @cached_property
    def settings(self) -> ApiSettings:
        return load(ApiSettings)

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog(self.stripe.prices)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self)

    @cached_property
    def checkout(self) -> Checkout:
        pages = CheckoutPages(
            success_url=self.settings.checkout_success_url,
            cancel_url=self.settings.checkout_cancel_url,
            automatic_tax=self.settings.automatic_tax,
        )
        return Checkout(self, pages)

    @cached_property
    def standings(self) -> Standings:
        return Standings(self, self.catalog, self.settings.downgrade_effective)

    @cached_property
    def quotes(self) -> Quotes:
        return Quotes(self, self.standings, self.threads)

    @cached_property
    def signed_quotes(self) -> SignedQuotes:
        return SignedQuotes(self.secrets)

    @cached_property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self, self.standings, self.quotes)

    @cached_property
    def payment_methods(self) -> PaymentMethods:
        return PaymentMethods(self)

    @cached_property
    def threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(THREADS, thread_name_prefix="read")


def _ports(request: Request) -> ApiPorts:
    ports: ApiPorts = request.context["ports"]
    return ports


def _caller(request: Request) -> Caller:
    return caller_of(request.resolved_event.raw_event, _ports(request).settings.user_id_claim)


RoutePorts = Annotated[ApiPorts, Depends(_ports)]
RouteCaller = Annotated[Caller, Depends(_caller)]

"""``POST /create-portal-session``: Stripe's own billing pages, for a short visit."""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from api.ports import RouteCaller, RoutePorts
from api.users import admitted
from billing.contracts.api import OfUser, PortalSessionCreated
from billing.contracts.stripe_objects import StripeCustomer, StripePortalSession
from billing.domain.errors import UserConflict, UserNotFound
from billing.observability import log_context

router = APIGatewayHttpRouter()


@router.post("/create-portal-session", responses=answers(UserNotFound, UserConflict))
def create_portal_session(
    body: OfUser, caller: RouteCaller, ports: RoutePorts
) -> PortalSessionCreated:
    """Open Stripe's customer portal. Its link is for this user alone, and good for five minutes.

    A repeat with the same ``Idempotency-Key`` is answered with the same link, though it may have
    closed by then: give each visit a key of its own, or none.
    """
    user = admitted(ports, caller, body.user_id)

    def create(customer: StripeCustomer, key: str) -> StripePortalSession:
        log_context(customer_id=customer.id)
        params = {"customer": customer.id, "return_url": ports.settings.billing_page_url}
        session: StripePortalSession = ports.stripe.create_portal_session(params, key)
        return session

    return PortalSessionCreated(url=ports.sessions.open(user, create).url)

"""To Stripe's hosted page, for a plan or a one-time purchase, and back.

The return brings the record up to date by the reducer that events go through too, so the page is
right even if no event has come yet.
"""

import re

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from api.params import CheckoutSessionId
from api.ports import ApiPorts, RouteCaller, RoutePorts
from api.users import admitted, customer_of_old
from api.views import subscription_view
from billing.contracts.api import (
    CheckoutSessionCreated,
    CheckoutSessionState,
    CreateCheckoutSession,
    CreateOneTimePaymentSession,
)
from billing.contracts.stripe_objects import StripeCheckoutSession
from billing.domain.checkout import PurchaseRequest
from billing.domain.errors import (
    AlreadySubscribed,
    CheckoutSessionNotFound,
    CurrencyMismatch,
    PriceNotOffered,
    PromotionCodeNotValid,
    StripeNotFound,
    TrialTooLong,
    UserConflict,
    UserNotFound,
)
from billing.domain.record import CheckoutRequest, Record
from billing.observability import log_context, logger
from billing.store.users import User

router = APIGatewayHttpRouter()

_SESSION_ID = re.compile(r"cs_\w+", re.ASCII)


@router.post(
    "/create-checkout-session",
    responses=answers(
        UserNotFound,
        AlreadySubscribed,
        UserConflict,
        PriceNotOffered,
        CurrencyMismatch,
        TrialTooLong,
        PromotionCodeNotValid,
    ),
)
def create_checkout_session(
    body: CreateCheckoutSession, caller: RouteCaller, ports: RoutePorts
) -> CheckoutSessionCreated:
    """Open the hosted payment page for a plan, or return to the one that is open for it."""
    user = admitted(ports, caller, body.user_id)
    if (body.trial_days or 0) > ports.settings.max_trial_days:
        raise TrialTooLong(f"{body.trial_days} days")
    price = ports.catalog.plan(body.price_id)
    session = ports.checkout.start(user, _request(body, user, ports), price.currency)
    return _created(session)


@router.post(
    "/create-one-time-payment-session",
    responses=answers(UserNotFound, UserConflict, PriceNotOffered, CurrencyMismatch),
)
def create_one_time_payment_session(
    body: CreateOneTimePaymentSession, caller: RouteCaller, ports: RoutePorts
) -> CheckoutSessionCreated:
    """Open the hosted payment page for something that is bought once."""
    user = admitted(ports, caller, body.user_id)
    price = ports.catalog.paid_once(body.price_id)
    request = PurchaseRequest(
        price_id=body.price_id, quantity=body.quantity, metadata=body.metadata or {}
    )
    return _created(ports.checkout.start_purchase(user, request, price.currency))


@router.get(
    "/checkout-session/<id>",
    cache_control="no-store",
    responses=answers(CheckoutSessionNotFound, UserNotFound, UserConflict),
)
def checkout_session(
    session_id: CheckoutSessionId, caller: RouteCaller, ports: RoutePorts
) -> CheckoutSessionState:
    """Say what became of a checkout, and take note of what was bought."""
    session = _find(ports, session_id)
    user_id = session.client_reference_id
    if user_id is None or not caller.may_act_for(user_id):
        raise CheckoutSessionNotFound("it is another user's")
    log_context(user_id=user_id, customer_id=session.customer)
    record = _record(ports, user_id, session)
    return CheckoutSessionState(
        session_id=session.id,
        status=session.status,
        payment_status=session.payment_status,
        subscription=subscription_view(record),
    )


def _created(session: StripeCheckoutSession) -> CheckoutSessionCreated:
    logger.info("checkout session", session_id=session.id, customer_id=session.customer)
    return CheckoutSessionCreated(session_id=session.id, url=session.url or "")


def _request(body: CreateCheckoutSession, user: User, ports: ApiPorts) -> CheckoutRequest:
    return CheckoutRequest(
        price_id=body.price_id,
        quantity=body.quantity,
        trial_days=body.trial_days,
        allow_promotion_codes=body.allow_promotion_codes,
        promotion_code_id=_promotion_code(body, user, ports),
        metadata=body.metadata or {},
    )


def _promotion_code(body: CreateCheckoutSession, user: User, ports: ApiPorts) -> str | None:
    if body.promotion_code is None:
        return None
    record = ports.records.load(user.id)
    customer_id = record.customer_id or customer_of_old(ports, user)
    return ports.checkout.promotion_code(body.promotion_code, customer_id)


def _find(ports: ApiPorts, session_id: str) -> StripeCheckoutSession:
    """Fetch the session; what doesn't look like an id isn't put into a URL of Stripe's."""
    if not _SESSION_ID.fullmatch(session_id):
        raise CheckoutSessionNotFound("that is no session's id")
    try:
        session: StripeCheckoutSession = ports.stripe.checkout_session(session_id)
    except StripeNotFound as error:
        raise CheckoutSessionNotFound(str(error)) from error
    return session


def _record(ports: ApiPorts, user_id: str, session: StripeCheckoutSession) -> Record:
    if session.mode in ("subscription", "payment") and session.status == "complete":
        return ports.checkout.complete(user_id, session)
    return ports.records.load(user_id)

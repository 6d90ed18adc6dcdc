"""A customer's subscription: preview a change of plan, change it, cancel it, take that back.

An upgrade that isn't paid doesn't happen: it is declined (402), or waits for the customer to
confirm its payment. What is already so is answered as done, and does nothing.
"""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from api.ports import ApiPorts, RouteCaller, RoutePorts
from api.users import admitted
from api.views import change_preview_view
from billing.contracts.api import Done, OfUser
from billing.contracts.api_subscription import (
    ActionRequired,
    CancelSubscription,
    PreviewSubscriptionChange,
    SubscriptionChangePreview,
    UpdateSubscription,
)
from billing.domain.errors import (
    NewPriceNotOffered,
    PaymentDeclined,
    PaymentOverdue,
    PaymentProcessing,
    QuoteOutdated,
    QuoteRefused,
    SubscriptionEnding,
    SubscriptionNotActive,
    SubscriptionNotFound,
    UserNotFound,
)
from billing.domain.quote import Quote
from billing.domain.record import TERMINAL
from billing.observability import logger
from billing.standing import Wish
from billing.subscriptions import Holds

router = APIGatewayHttpRouter()

_DONE: dict[Holds, str] = {
    "now": "Your plan is changed.",
    "once_paid": "Your plan changes when the payment arrives.",
    "period_end": "Your plan changes when the current period ends.",
    "stays": "Your plan stays as it is.",
}

_NOT_AS_IT_STANDS = (
    UserNotFound,
    SubscriptionNotFound,
    PaymentOverdue,
    PaymentProcessing,
    SubscriptionEnding,
    SubscriptionNotActive,
    NewPriceNotOffered,
)


@router.post("/preview-subscription-change", responses=answers(*_NOT_AS_IT_STANDS))
def preview_subscription_change(
    body: PreviewSubscriptionChange, caller: RouteCaller, ports: RoutePorts
) -> SubscriptionChangePreview:
    """Say what a change of plan would cost now and later, and quote it for ten minutes."""
    admitted(ports, caller, body.user_id)
    offer = ports.quotes.offer(body.user_id, _wish(body))
    return change_preview_view(offer, ports.signed_quotes.signed(offer.quote))


@router.post(
    "/update-subscription",
    responses=answers(PaymentDeclined, *_NOT_AS_IT_STANDS, QuoteOutdated, QuoteRefused),
)
def update_subscription(
    body: UpdateSubscription, caller: RouteCaller, ports: RoutePorts
) -> Done | ActionRequired:
    """Change the plan: an upgrade now, the difference charged; a downgrade when the period ends."""
    admitted(ports, caller, body.user_id)
    quote = _quote(body, ports) if body.quote is not None else None
    outcome = ports.subscriptions.change(body.user_id, _wish(body, quote), quote)
    logger.info("plan change", price_id=body.new_price_id, holds=outcome.holds)
    if outcome.client_secret is None:
        return Done(message=_DONE[outcome.holds])
    return ActionRequired(
        message="Confirm the payment, and your plan is changed.",
        client_secret=outcome.client_secret,
    )


@router.post("/cancel-subscription", responses=answers(UserNotFound, SubscriptionNotFound))
def cancel_subscription(body: CancelSubscription, caller: RouteCaller, ports: RoutePorts) -> Done:
    """Let the subscription end with the period that is paid for."""
    admitted(ports, caller, body.user_id)
    subscription = ports.subscriptions.cancel(body.user_id, body.reason).subscription
    if subscription is None or subscription.status in TERMINAL:
        return Done(message="Your subscription has ended.")
    return Done(message="Your subscription ends with the current period.")


@router.post("/reactivate-subscription", responses=answers(UserNotFound, SubscriptionNotFound))
def reactivate_subscription(body: OfUser, caller: RouteCaller, ports: RoutePorts) -> Done:
    """Let a subscription that was to end go on."""
    admitted(ports, caller, body.user_id)
    ports.subscriptions.reactivate(body.user_id)
    return Done(message="Your subscription goes on.")


def _wish(body: PreviewSubscriptionChange, quote: Quote | None = None) -> Wish:
    """What is asked for; a quote says the rest of it."""
    return Wish(
        price_id=body.new_price_id,
        quantity=quote.wanted.quantity if quote else body.quantity,
        effective=quote.effective if quote else body.effective,
    )


def _quote(body: UpdateSubscription, ports: ApiPorts) -> Quote:
    """Read the quote, which must be for the very change that is asked for.

    Raises:
        QuoteRefused: it isn't.
    """
    quote = ports.signed_quotes.read(body.quote or "", body.user_id)
    said = (body.new_price_id, body.quantity, body.effective)
    quoted = (quote.wanted.price_id, quote.wanted.quantity, quote.effective)
    if any(mine not in (None, theirs) for mine, theirs in zip(said, quoted, strict=True)):
        raise QuoteRefused("it is for another change")
    return quote

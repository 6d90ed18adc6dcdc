"""What a customer pays with: set up in the browser, attached, made the default, detached.

Whatever is repeated is answered as done, and does nothing. A method of another customer's is told
as one that isn't there.
"""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from api.ports import RouteCaller, RoutePorts
from api.users import admitted
from billing.contracts.api import Done, OfUser
from billing.contracts.api_payment_methods import (
    DebtToConfirm,
    OfPaymentMethod,
    SetupIntentCreated,
)
from billing.domain.errors import (
    PaymentDeclined,
    PaymentMethodInUse,
    PaymentMethodNotFound,
    UserConflict,
    UserNotFound,
)
from billing.observability import logger

router = APIGatewayHttpRouter()


@router.post("/create-setup-intent", responses=answers(UserNotFound, UserConflict))
def create_setup_intent(body: OfUser, caller: RouteCaller, ports: RoutePorts) -> SetupIntentCreated:
    """Begin to set up a payment method; Stripe.js goes on with the secret, and attaches it."""
    user = admitted(ports, caller, body.user_id)
    intent = ports.payment_methods.set_up(user)
    logger.info("setup intent", setup_intent_id=intent.id)
    return SetupIntentCreated(client_secret=intent.client_secret)


@router.post(
    "/attach-payment-method",
    responses=answers(PaymentDeclined, UserNotFound, PaymentMethodNotFound, UserConflict),
)
def attach_payment_method(body: OfPaymentMethod, caller: RouteCaller, ports: RoutePorts) -> Done:
    """Put a payment method on file; the default stays as it is."""
    user = admitted(ports, caller, body.user_id)
    ports.payment_methods.attach(user, body.payment_method_id)
    return Done(message="The payment method is on file.")


@router.post(
    "/update-default-payment-method",
    responses=answers(PaymentDeclined, UserNotFound, PaymentMethodNotFound, UserConflict),
)
def update_default_payment_method(
    body: OfPaymentMethod, caller: RouteCaller, ports: RoutePorts
) -> Done | DebtToConfirm:
    """Charge a payment method on file from now on; what is overdue is charged at once.

    Declined, it is the default all the same: try again, or choose another.
    """
    user = admitted(ports, caller, body.user_id)
    done = ports.payment_methods.make_default(user, body.payment_method_id)
    logger.info("default payment method", waits=done.client_secret is not None)
    if done.client_secret is not None:
        return DebtToConfirm(
            message="Confirm the payment of what is overdue.", client_secret=done.client_secret
        )
    return Done(message="The payment method is the default.")


@router.post(
    "/detach-payment-method",
    responses=answers(UserNotFound, PaymentMethodNotFound, PaymentMethodInUse, UserConflict),
)
def detach_payment_method(body: OfPaymentMethod, caller: RouteCaller, ports: RoutePorts) -> Done:
    """Take a payment method off file, for good; the one that pays for a subscription stays."""
    user = admitted(ports, caller, body.user_id)
    ports.payment_methods.detach(user, body.payment_method_id)
    return Done(message="The payment method is off file.")

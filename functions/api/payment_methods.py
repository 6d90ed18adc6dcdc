"""What a customer pays with: set up in the browser, attached, made the default, detached.

Whatever is repeated is answered as done, and does nothing. A method of another customer's is told
as one that isn't there.
"""

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.caller import Caller
from api.errors import answers
from api.ports import ApiPorts, RouteCaller, RoutePorts
from billing.contracts.api_payment_methods import (
    CreateSetupIntent,
    DebtToConfirm,
    OnPaymentMethod,
    PaymentMethodDone,
    SetupIntentCreated,
)
from billing.domain.errors import (
    PaymentDeclined,
    PaymentMethodInUse,
    PaymentMethodNotFound,
    UserConflict,
    UserNotFound,
)
from billing.observability import log_context, logger
from billing.payment_methods import PaymentMethods
from billing.store.users import User

router = APIGatewayHttpRouter()


@router.post("/create-setup-intent", responses=answers(UserNotFound, UserConflict))
def create_setup_intent(
    body: CreateSetupIntent, caller: RouteCaller, ports: RoutePorts
) -> SetupIntentCreated:
    """Begin to set up a payment method; Stripe.js goes on with the secret, and attaches it."""
    user = _admit(body.user_id, caller, ports)
    intent = PaymentMethods(ports).set_up(user)
    logger.info("setup intent", setup_intent_id=intent.id)
    return SetupIntentCreated(client_secret=intent.client_secret)


@router.post(
    "/attach-payment-method",
    responses=answers(PaymentDeclined, UserNotFound, PaymentMethodNotFound, UserConflict),
)
def attach_payment_method(
    body: OnPaymentMethod, caller: RouteCaller, ports: RoutePorts
) -> PaymentMethodDone:
    """Put a payment method on file; the default stays as it is."""
    user = _admit(body.user_id, caller, ports)
    PaymentMethods(ports).attach(user, body.payment_method_id)
    return PaymentMethodDone(message="The payment method is on file.")


@router.post(
    "/update-default-payment-method",
    responses=answers(PaymentDeclined, UserNotFound, PaymentMethodNotFound, UserConflict),
)
def update_default_payment_method(
    body: OnPaymentMethod, caller: RouteCaller, ports: RoutePorts
) -> PaymentMethodDone | DebtToConfirm:
    """Charge a payment method on file from now on; what is overdue is charged at once.

    Declined, it is the default all the same: try again, or choose another.
    """
    user = _admit(body.user_id, caller, ports)
    done = PaymentMethods(ports).make_default(user, body.payment_method_id)
    logger.info("default payment method", waits=done.client_secret is not None)
    if done.client_secret is not None:
        return DebtToConfirm(
            message="Confirm the payment of what is overdue.", client_secret=done.client_secret
        )
    return PaymentMethodDone(message="The payment method is the default.")


@router.post(
    "/detach-payment-method",
    responses=answers(UserNotFound, PaymentMethodNotFound, PaymentMethodInUse, UserConflict),
)
def detach_payment_method(
    body: OnPaymentMethod, caller: RouteCaller, ports: RoutePorts
) -> PaymentMethodDone:
    """Take a payment method off file, for good; the one that pays for a subscription stays."""
    user = _admit(body.user_id, caller, ports)
    PaymentMethods(ports).detach(user, body.payment_method_id)
    return PaymentMethodDone(message="The payment method is off file.")


def _admit(user_id: str, caller: Caller, ports: ApiPorts) -> User:
    """Let the caller through to a user that exists; a foreign one is told alike."""
    log_context(user_id=user_id)
    caller.require(user_id)
    user: User | None = ports.users.find(user_id)
    if user is None:
        raise UserNotFound(f"user {user_id} does not exist")
    return user

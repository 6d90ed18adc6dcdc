"""``GET /dashboard/{userId}``: everything that the billing page shows, in one answer.

Two reads of DynamoDB at once, then three of Stripe's at once. (A customer that only the users
table names costs up to two more of DynamoDB: it must be surely this user's.) The record alone says
what the user has, so the page is served while Stripe is down: only its lists are empty then.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from api.params import UserId
from api.ports import ApiPorts, RouteCaller, RoutePorts
from api.users import admit, customer_of_old
from api.views import (
    access_view,
    billing_history,
    payment_method_views,
    plans,
    subscription_view,
    user_view,
)
from billing.catalog import SELF_HOSTED
from billing.contracts.api import Dashboard
from billing.contracts.stripe_objects import StripeInvoice, StripePaymentMethod, StripePrice
from billing.domain.access import access_of, has_bought
from billing.domain.errors import (
    ContractViolation,
    StripeNotFound,
    StripeRejected,
    StripeUnavailable,
    UserNotFound,
)
from billing.domain.record import Value
from billing.observability import log_context, logger

Item = TypeVar("Item")

router = APIGatewayHttpRouter()

#: Invoices shown: two years of monthly ones.
HISTORY = 24


class StripeLists(Value):
    """What only Stripe has; a list that couldn't be read is None."""

    payment_methods: list[StripePaymentMethod] | None
    invoices: list[StripeInvoice] | None
    prices: list[StripePrice] | None

    @property
    def degraded(self) -> bool:
        return None in (self.payment_methods, self.invoices, self.prices)


@router.get("/dashboard/<userId>", cache_control="no-store", responses=answers(UserNotFound))
def dashboard(user_id: UserId, caller: RouteCaller, ports: RoutePorts) -> Dashboard:
    """Show a user's billing."""
    admit(caller, user_id)
    finding = ports.threads.submit(ports.users.find, user_id)
    record = ports.records.load(user_id)
    user = finding.result()
    if user is None:
        raise UserNotFound(f"user {user_id} does not exist")
    customer_id = record.customer_id or customer_of_old(ports, user)
    log_context(customer_id=customer_id)
    lists = _read_lists(ports, customer_id)
    return Dashboard(
        current_user=user_view(
            user, has_bought_licence=has_bought(record, SELF_HOSTED, ports.policy)
        ),
        subscription=subscription_view(record),
        access=access_view(access_of(record, ports.policy, ports.now())),
        payment_methods=payment_method_views(lists.payment_methods or [], record),
        billing_history=billing_history(lists.invoices or []),
        available_plans=[plan for plan in plans(lists.prices or []) if plan.interval is not None],
        degraded=lists.degraded,
    )


def _read_lists(ports: ApiPorts, customer_id: str | None) -> StripeLists:
    """Read all lists at once; a user without a customer has none but the plans."""
    stripe, read = ports.stripe, ports.threads.submit
    methods: Callable[[], list[StripePaymentMethod]] = list
    invoices: Callable[[], list[StripeInvoice]] = list
    if customer_id is not None:
        methods = partial(stripe.payment_methods, customer_id)
        invoices = partial(stripe.invoices, customer_id, HISTORY)
    reading_methods = read(_unless_down, methods)
    reading_invoices = read(_unless_down, invoices)
    prices = _unless_down(ports.catalog.prices)
    return StripeLists(
        payment_methods=reading_methods.result(), invoices=reading_invoices.result(), prices=prices
    )


def _unless_down(read: Callable[[], list[Item]]) -> list[Item] | None:
    """Read a list; None where Stripe didn't answer as it should. A deleted customer has none."""
    try:
        return read()
    except StripeNotFound:
        return []
    except (StripeUnavailable, StripeRejected, ContractViolation) as error:
        logger.warning("dashboard degraded", reason=f"{type(error).__name__}: {error}")
        return None

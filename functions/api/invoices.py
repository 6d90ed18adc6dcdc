"""``GET /invoices/{userId}``: all that was billed, newest first, a page at a time.

Stripe has the invoices, so this one fails while it is down. A page begins behind an invoice, which
must be the user's own: one that isn't gets the same answer as one that nobody has.
"""

from itertools import islice
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from api.params import UserId
from api.ports import ApiPorts, RouteCaller, RoutePorts
from api.users import admit, customer_of_old, existing_user
from api.views import issued
from billing.contracts.api import Invoices, InvoiceView
from billing.domain.errors import CursorNotFound, StripeNotFound, UserNotFound
from billing.observability import log_context

router = APIGatewayHttpRouter()

#: What Stripe gives at once.
MAX_PAGE = 100

#: It becomes part of a URL of Stripe's.
Cursor = Annotated[
    str | None,
    Query(
        pattern=r"^in_[A-Za-z0-9_]+$",
        max_length=255,
        description="The `nextCursor` of the page before",
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Invoices on a page")]


@router.get(
    "/invoices/<userId>", cache_control="no-store", responses=answers(UserNotFound, CursorNotFound)
)
def invoices(
    user_id: UserId,
    caller: RouteCaller,
    ports: RoutePorts,
    cursor: Cursor = None,
    limit: Limit = 24,
) -> Invoices:
    """List a user's invoices, newest first; drafts, which may still change, aren't shown."""
    admit(caller, user_id)
    record = ports.records.load(user_id)
    customer_id = record.customer_id or customer_of_old(ports, existing_user(ports, user_id))
    log_context(customer_id=customer_id)
    reading = ports.threads.submit(_read, ports, customer_id, cursor, limit + 1)
    if cursor is not None:
        _check(ports, customer_id, cursor)
    found = reading.result()
    page = found[:limit]
    return Invoices(invoices=page, next_cursor=page[-1].id if len(found) > limit else None)


def _read(
    ports: ApiPorts, customer_id: str | None, cursor: str | None, wanted: int
) -> list[InvoiceView]:
    """Read as many as are wanted, if there are; a user whose customer Stripe lost has none."""
    if customer_id is None:
        return []
    walk = ports.stripe.invoices_behind(customer_id, cursor, min(wanted, MAX_PAGE))
    try:
        return list(islice(issued(walk), wanted))
    except StripeNotFound:
        return []


def _check(ports: ApiPorts, customer_id: str | None, cursor: str) -> None:
    """Refuse a cursor that isn't one of the customer's invoices.

    Raises:
        CursorNotFound: it is another's, or nobody's.
    """
    try:
        owner = ports.stripe.customer_of_invoice(cursor)
    except StripeNotFound as error:
        raise CursorNotFound(str(error)) from error
    if customer_id is None or owner != customer_id:
        raise CursorNotFound(f"{cursor} is another customer's")

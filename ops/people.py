"""Who is meant: a user by any id or address that an operator has at hand."""

import re
from collections.abc import Callable, Mapping

from billing.domain.errors import StripeNotFound
from billing.domain.record import Value
from billing.gateway.connection import StripeConnection
from billing.store.dynamodb import errors_translated, from_item
from ops.errors import NotFound, OpsError
from ops.execution import find_execution
from ops.stripe_dashboard import StripeDashboard
from ops.target import Target

#: An execution's name or ARN, in the characters that Step Functions takes for a name.
_EXECUTION = re.compile(r"(arn:[\w:/-]+:)?[A-Za-z0-9_-]{1,80}")


class Person(Value):
    """A user. ``registered`` says that the users table has them; ``name`` is as they gave it."""

    user_id: str
    registered: bool
    email: str | None = None
    name: str | None = None
    customer_id: str | None = None
    former_customers: tuple[str, ...] = ()
    stripe_url: str | None = None


def find_person(target: Target, text: str) -> Person:
    """Find a user by id, e-mail, a Stripe id (cus_, sub_, in_, pi_, cs_, ch_, evt_) or execution.

    Raises:
        NotFound: it is nobody's; the message says what was looked for, and what to do.
        OpsError: it is several people's: the message names them.
    """
    wanted = text.strip()
    if not wanted:
        raise NotFound("nobody is named: give a user id, an e-mail, a Stripe id or an execution")
    known = person(target, wanted)
    if known is not None:
        return known
    user_id = _user_of(target, wanted)
    found = person(target, user_id) if user_id else None
    if found is None:
        raise NotFound(f"{wanted} is nobody's that we know: no user, customer, event or execution")
    return found


def person(target: Target, user_id: str) -> Person | None:
    """A user by id; None where neither the users table nor a billing record knows them."""
    user, record = target.ports.users.find(user_id), target.ports.records.load(user_id)
    if user is None and not record.version:
        return None
    customer_id = record.customer_id or (user.stripe_customer_id if user else None)
    names = (user.first_name, user.last_name) if user else ()
    return Person(
        user_id=user_id,
        registered=user is not None,
        email=user.email if user else None,
        name=" ".join(filter(None, names)) or None,
        customer_id=customer_id,
        former_customers=record.former_customers,
        stripe_url=StripeDashboard(target).url(customer_id),
    )


def _user_of(target: Target, text: str) -> str | None:
    if "@" in text:
        return _user_by_email(target, text)
    if text.startswith("evt_"):
        return _user_of_event(target, text)
    if text.startswith("cus_"):
        return _user_of_customer(target, text)
    if text.startswith(tuple(_OWNERS)):
        return _user_of_customer(target, _customer_at_stripe(target, text), of=text)
    return _user_of_execution(target, text)


def _user_by_email(target: Target, email: str) -> str | None:
    """By the users table where that is its key, else by Stripe's customers with this address."""
    ports = target.ports
    if ports.settings.users_table_key == "email":
        user_id = ports.users.id_of(email) or ports.users.id_of(email.lower())
        if user_id is not None:
            return user_id
    customers = [customer.id for customer in ports.stripe.customers_with_email(email)]
    users = ports.customers.users_of(customers)
    if len(set(users.values())) > 1:
        named = ", ".join(f"{user} ({customer})" for customer, user in users.items())
        raise OpsError(f"{email} is the address of several users; name one by id: {named}")
    return next(iter(users.values()), None)


def _user_of_customer(target: Target, customer_id: str, of: str = "") -> str:
    """By our own map, else by the users table's word on a customer without a billing contact.

    Raises:
        NotFound: the customer isn't ours.
    """
    user_id = target.ports.customers.user_of(customer_id)
    if user_id is None:
        user = target.ports.users.of_customer(customer_id)
        user_id = user.id if user else None
    if user_id is None:
        whose = f"{of} is of customer {customer_id}, who" if of else f"customer {customer_id}"
        raise NotFound(
            f"{whose} is no user's that we know;"
            f" `scai-ops reconcile --customer {customer_id}` links them if they are"
        )
    return user_id


def _user_of_event(target: Target, event_id: str) -> str:
    """By the ledger.

    Raises:
        NotFound: it has no such event, or the event is of no customer.
    """
    with errors_translated():
        answer = target.ports.dynamodb.get_item(
            TableName=target.ports.settings.events_table, Key={"event_id": {"S": event_id}}
        )
    entry = from_item(answer.get("Item", {}))
    if not entry:
        raise NotFound(
            f"event {event_id} never came here; `scai-ops replay {event_id}` brings it from Stripe"
        )
    if "user_id" in entry:
        return str(entry["user_id"])
    if "customer_id" not in entry:
        raise NotFound(f"event {event_id} names no customer")
    return _user_of_customer(target, entry["customer_id"], of=event_id)


def _customer_at_stripe(target: Target, object_id: str) -> str:
    """Ask Stripe whose an object is.

    Raises:
        NotFound: Stripe has no such object, or it is no customer's.
    """
    owner = next(ask for prefix, ask in _OWNERS.items() if object_id.startswith(prefix))
    try:
        customer_id = owner(target, object_id)
    except StripeNotFound:
        raise NotFound(f"Stripe has no {object_id}") from None
    if customer_id is None:
        raise NotFound(f"{object_id} is no customer's")
    return customer_id


class _Charges(StripeConnection):
    """Stripe's charges: billing itself never reads them alone."""

    def customer_of(self, charge_id: str) -> str | None:
        charge = self._call(lambda client: client.v1.charges.retrieve(charge_id))
        customer: str | None = charge.to_dict().get("customer")
        return customer


def _customer_of_charge(target: Target, charge_id: str) -> str | None:
    ports = target.ports
    return _Charges(ports.secrets, ports.settings.stripe_api_base).customer_of(charge_id)


#: How Stripe is asked whose an object is, by the id's prefix.
_OWNERS: Mapping[str, Callable[[Target, str], str | None]] = {
    "sub_": lambda target, id_: target.ports.stripe.subscription(id_).value.customer,
    "in_": lambda target, id_: target.ports.stripe.customer_of_invoice(id_),
    "pi_": lambda target, id_: target.ports.stripe.customer_of_payment(id_),
    "cs_": lambda target, id_: target.ports.stripe.checkout_session(id_).customer,
    "ch_": _customer_of_charge,
}


def _user_of_execution(target: Target, text: str) -> str | None:
    """By what an execution was started with; None where the text can't name one, or doesn't."""
    if not _EXECUTION.fullmatch(text):
        return None
    try:
        execution = find_execution(target, text)
    except NotFound:
        return None
    if execution.user_id is None and execution.customer_id is not None:
        return _user_of_customer(target, execution.customer_id, of=f"execution {execution.name}")
    return execution.user_id

"""Compare Stripe's subscriptions with the records, and the records with Stripe's, in one walk.

Both are walked newest first, side by side: to each page of Stripe's belongs the part of our index
that was made at the same time. What stands in only one of the two is missing in the other.
"""

from collections import defaultdict
from collections.abc import Sequence

from billing.contracts.reconcile import Cursor
from billing.contracts.stripe_objects import StripeSubscription
from billing.domain.errors import BillingError
from billing.domain.record import TERMINAL, Record
from billing.gateway.fetched import Page
from billing.reconciling.first_contact import link_to_owner
from billing.reconciling.look import Look
from billing.reconciling.mending import check, compare

#: Entries of our index per look: each that Stripe's page doesn't show is asked for by itself.
ENTRIES = 100


def compare_subscriptions(look: Look) -> Cursor | None:
    """Compare one page; None where the walk is over."""
    cursor = look.run.cursor
    page = look.ports.stripe.subscriptions_page(cursor.after)
    if not cursor.compared:
        _compare_page(page, look)
    # What was made in the second of the page's last one may stand on the next page.
    down_to = page.last.created if page.more else -1
    held, end = look.ports.records.subscriptions_after(down_to, cursor.position, ENTRIES)
    listed = {subscription.id for subscription in page.items} | set(page.unreadable)
    for entry in held:
        if entry.subscription_id not in listed:
            check(entry.subscription_id, entry.position.user_id, look)
    look.findings.looked_at("records", len(held))
    if end is not None:
        return cursor.model_copy(update={"position": end, "compared": True})
    if not page.more:
        return None
    position = held[-1].position if held else cursor.position
    return Cursor(phase="subscriptions", after=page.last.id, position=position)


def _compare_page(page: Page[StripeSubscription], look: Look) -> None:
    look.findings.looked_at("subscriptions", len(page.items))
    for subscription_id in page.unreadable:
        look.findings.found("unreadable", subscription_id)
    by_customer: defaultdict[str, list[StripeSubscription]] = defaultdict(list)
    for subscription in page.items:
        by_customer[subscription.customer].append(subscription)
    owners = look.ports.customers.users_of(by_customer)
    records = {record.user_id: record for record in look.ports.records.load_all(owners.values())}
    for customer_id, subscriptions in by_customer.items():
        user_id = owners.get(customer_id)
        if user_id is None:
            _meet(customer_id, [s for s in subscriptions if s.status not in TERMINAL], look)
        else:
            record = records.get(user_id) or Record(user_id=user_id)
            compare(record, customer_id, [s.projected() for s in subscriptions], look)


def _meet(customer_id: str, live: Sequence[StripeSubscription], look: Look) -> None:
    """Link a customer whom our map doesn't know, and record what they have; what ended can wait.

    A Stripe account may serve other products: of these customers nothing is written.
    """
    if not live:
        return
    try:
        user_id = link_to_owner(customer_id, live, look)
    except BillingError as error:
        if not look.goes_on_after(error):
            raise
        look.findings.found("unlinked_customer", customer_id)
        return
    if user_id is None:
        for subscription in live:
            look.findings.found("unknown_customer", subscription.id)
    else:
        record = look.ports.records.load(user_id)
        compare(record, customer_id, [s.projected() for s in live], look)

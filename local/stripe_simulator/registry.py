"""What the resource modules contribute, gathered: a new resource is a new line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain

from local.stripe_simulator import rate_limits
from local.stripe_simulator.expand import Includable
from local.stripe_simulator.resources.account import (
    account,
    cli_sessions,
    events,
    test_clocks,
    webhook_endpoints,
)
from local.stripe_simulator.resources.catalogue import (
    coupons,
    discounts,
    prices,
    products,
    promotion_codes,
)
from local.stripe_simulator.resources.checkout import (
    challenges,
    checkout_sessions,
    payment_pages,
    session_completion,
)
from local.stripe_simulator.resources.customers import balance_transactions, customers
from local.stripe_simulator.resources.entitlements import (
    active_entitlements,
    features,
    product_features,
)
from local.stripe_simulator.resources.invoices import (
    invoice_collection,
    invoice_drafts,
    invoice_endings,
    invoice_finalization,
    invoice_item_requests,
    invoice_line_requests,
    invoice_payments,
    invoice_sending,
    invoices,
    tax_rates,
)
from local.stripe_simulator.resources.metering import meter_events, meters
from local.stripe_simulator.resources.payments import (
    account_balance,
    charges,
    disputes,
    payment_intent_requests,
    payment_intents,
    payment_methods,
    refunds,
    setup_attempts,
    setup_intents,
)
from local.stripe_simulator.resources.portal import portal_configurations, portal_sessions
from local.stripe_simulator.resources.subscriptions import (
    invoice_previews,
    subscription_arrears,
    subscription_creation,
    subscription_item_changes,
    subscription_lifecycle,
    subscription_schedules,
    subscriptions,
)
from local.stripe_simulator.routing import Router
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import Reaction, World

ROUTER = Router(
    chain(
        account.ROUTES,
        active_entitlements.ROUTES,
        account_balance.ROUTES,
        balance_transactions.ROUTES,
        challenges.ROUTES,
        charges.ROUTES,
        checkout_sessions.ROUTES,
        cli_sessions.ROUTES,
        coupons.ROUTES,
        customers.ROUTES,
        disputes.ROUTES,
        events.ROUTES,
        features.ROUTES,
        invoice_item_requests.ROUTES,
        invoice_line_requests.ROUTES,
        invoice_payments.ROUTES,
        invoice_previews.ROUTES,  # before the invoices, which take it for an id
        invoices.ROUTES,
        payment_intent_requests.ROUTES,
        meter_events.ROUTES,
        meters.ROUTES,
        payment_methods.ROUTES,
        payment_pages.ROUTES,
        portal_configurations.ROUTES,
        portal_sessions.ROUTES,
        prices.ROUTES,
        product_features.ROUTES,
        products.ROUTES,
        promotion_codes.ROUTES,
        refunds.ROUTES,
        setup_attempts.ROUTES,
        setup_intents.ROUTES,
        subscription_item_changes.ROUTES,
        subscription_schedules.ROUTES,
        subscriptions.ROUTES,
        tax_rates.ROUTES,
        test_clocks.ROUTES,
        webhook_endpoints.ROUTES,
    )
)

# What is in an answer only when expanded.
INCLUDABLE: Includable = {
    **checkout_sessions.INCLUDABLE,
    **coupons.INCLUDABLE,
    **customers.INCLUDABLE,
    **invoices.INCLUDABLE,
    **prices.INCLUDABLE,
    **refunds.INCLUDABLE,
}

# What to do when a timer of that kind falls due.
TIMERS: dict[str, Callable[[World, str], None]] = {
    **charges.TIMERS,
    **checkout_sessions.TIMERS,
    **coupons.TIMERS,
    **discounts.TIMERS,
    **invoice_collection.TIMERS,
    **invoice_finalization.TIMERS,
    **payment_intents.TIMERS,
    **disputes.TIMERS,
    **refunds.TIMERS,
    **invoice_sending.TIMERS,
    **promotion_codes.TIMERS,
    **invoice_previews.TIMERS,
    **subscription_lifecycle.TIMERS,
    **subscription_schedules.TIMERS,
    **test_clocks.TIMERS,
}


def _in_turn(*tables: Mapping[str, Reaction]) -> dict[str, Reaction]:
    """One table of several: where more than one follows a kind of event, each does, in turn."""
    kinds = dict.fromkeys(chain.from_iterable(tables))
    return {kind: _each([table[kind] for table in tables if kind in table]) for kind in kinds}


def _each(reactions: list[Reaction]) -> Reaction:
    def react(world: World, obj: Json) -> None:
        for reaction in reactions:
            reaction(world, obj)

    return react


# How one resource follows another: called with the object as soon as the event is recorded.
REACTIONS: dict[str, Reaction] = _in_turn(
    active_entitlements.REACTIONS,
    invoice_collection.REACTIONS,
    invoice_drafts.REACTIONS,
    invoice_endings.REACTIONS,
    invoice_sending.REACTIONS,
    promotion_codes.REACTIONS,
    disputes.REACTIONS,
    refunds.REACTIONS,
    session_completion.REACTIONS,
    subscription_arrears.REACTIONS,
    subscription_creation.REACTIONS,
    subscription_lifecycle.REACTIONS,
    subscription_schedules.REACTIONS,
    customers.REACTIONS,
    rate_limits.REACTIONS,
    test_clocks.REACTIONS,
)

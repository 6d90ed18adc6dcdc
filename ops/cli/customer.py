"""``scai-ops customer``: one customer at a glance."""

from collections.abc import Iterator
from typing import Any

import typer

from ops.cli.options import AsJson, target_of
from ops.cli.output import say, show_json, show_table
from ops.cli.words import Who, at, say_all
from ops.customer import (
    CustomerView,
    PaymentMethodView,
    Plan,
    SubscriptionView,
)
from ops.customer import customer as view_of
from ops.dunning import DunningCase
from ops.people import find_person


def customer(context: typer.Context, who: Who, *, as_json: AsJson = False) -> None:
    """Show a customer at a glance: plan, access and why, what is owed, and what to look at."""
    target = target_of(context)
    view = view_of(target, find_person(target, who))
    if as_json:
        show_json(view)
        return
    say_all(_who(view))
    say_all(_billing(view))
    for concern in view.concerns:
        say(f"{'LOOK':<14} {concern.what}")
        say(f"{'':<14} do: {concern.do}")
    if view.last_chapters:
        say("")
        show_table(
            ("last", "what", "end", "told"),
            (
                (at(c.at), c.title, c.outcome, ", ".join(fact.type for fact in c.facts))
                for c in view.last_chapters
            ),
            prose=("told",),
        )


def _who(view: CustomerView) -> Iterator[tuple[str, Any]]:
    person = view.person
    yield "user", person.user_id if person.registered else f"{person.user_id} (not registered)"
    yield "e-mail", person.email
    yield "name", person.name
    mode = f"({view.mode})" if person.customer_id else ""
    yield "customer", " ".join(filter(None, (person.customer_id, mode, person.stripe_url)))
    yield "formerly", ", ".join(person.former_customers)


def _billing(view: CustomerView) -> Iterator[tuple[str, Any]]:
    yield "access", view.access.why
    if view.subscription:
        yield "subscription", subscription_line(view.subscription)
    for other in view.other_subscriptions:
        yield "besides", subscription_line(other)
    if view.planned_change:
        change = view.planned_change
        yield "planned", f"{plan_line(change.plan)} from {at(change.at)}"
    yield "owed", ", ".join(amount.text for amount in view.owed)
    for invoice in view.open_invoices:
        failed = f", {invoice.failed_attempts} failed attempts" if invoice.failed_attempts else ""
        again = f", next {at(invoice.next_attempt_at)}" if invoice.next_attempt_at else ""
        yield "invoice", f"{invoice.id} {invoice.status} {invoice.owed.text}{failed}{again}"
    if view.dunning:
        yield "dunning", dunning_line(view.dunning)
    for method in view.payment_methods:
        yield "pays by", _method_line(method)
    for bought in view.purchases:
        stands = "" if bought.stands else f" ({bought.dispute or bought.status})"
        back = f", {bought.refunded.text} given back" if bought.refunded else ""
        yield "bought", f"{bought.what or bought.id} {bought.paid.text}{back}{stands}"


def subscription_line(held: SubscriptionView) -> str:
    """A subscription in a line."""
    end = f", ends {at(held.ends_at)}" if held.ends_at else ""
    ended = f", ended {at(held.ended_at)}" if held.ended_at else ""
    period = f"paid period {at(held.period_start)} to {at(held.period_end)}"
    quantity = f" x{held.quantity}" if held.quantity not in (None, 1) else ""
    status = f"{held.id} {held.status}, {plan_line(held.plan)}{quantity}"
    parts = (f"{status}, {period}{end}{ended}", held.stripe_url)
    return " ".join(filter(None, parts))


def plan_line(plan: Plan) -> str:
    """A plan in a line."""
    price = f" {plan.price.text}" if plan.price else ""
    interval = f" a {plan.interval}" if plan.interval else ""
    return f"{plan.lookup_key or plan.price_id}{price}{interval}"


def dunning_line(case: DunningCase) -> str:
    """A case of dunning in a line."""
    waiter = f"; {case.waiter.name} {case.waiter.state}" if case.waiter else "; nobody waits"
    return f"since {at(case.since)}, grace until {at(case.until)}{waiter}"


def _method_line(method: PaymentMethodView) -> str:
    expiry = f" {method.exp_month}/{method.exp_year}" if method.exp_year else ""
    card = f" {method.brand} ····{method.last4}{expiry}" if method.last4 else ""
    return f"{method.type}{card}{' (default)' if method.is_default else ''}"

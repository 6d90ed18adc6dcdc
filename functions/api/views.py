"""Domain and Stripe objects as the API shows them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import overload

from billing.contracts.api import (
    AccessView,
    BillingHistoryEntry,
    CurrentUser,
    InvoiceView,
    PaymentMethodView,
    PendingChange,
    Plan,
    SubscriptionView,
    UserAccess,
)
from billing.contracts.api_subscription import (
    NextInvoice,
    PreviewLine,
    SubscriptionChangePreview,
)
from billing.contracts.stripe_objects import StripeInvoice, StripePaymentMethod, StripePrice
from billing.domain.access import Access
from billing.domain.money import major_units
from billing.domain.record import TERMINAL, Record
from billing.quotes import Offer
from billing.store.users import User


def user_view(user: User, *, has_bought_licence: bool) -> CurrentUser:
    """Show the user; a licence bought before our time stands in the users table."""
    return CurrentUser(
        user_id=user.id,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        has_paid_for_self_hosted=user.has_paid_for_self_hosted or has_bought_licence,
    )


def subscription_view(record: Record) -> SubscriptionView | None:
    """Show the record's subscription, None where there is none or it has ended."""
    subscription = record.subscription
    if subscription is None or subscription.status in TERMINAL:
        return None
    return SubscriptionView(
        id=subscription.subscription_id,
        status=subscription.status,
        current_plan_id=subscription.price_id,
        quantity=subscription.quantity,
        current_period_start=_moment(subscription.current_period_start),
        current_period_end=_moment(subscription.current_period_end),
        cancel_at_period_end=subscription.ending,
        cancel_at=_moment(subscription.cancel_at),
        trial_end=_moment(subscription.trial_end),
        pending_change=_pending_change(record),
    )


def _pending_change(record: Record) -> PendingChange | None:
    planned, subscription = record.planned, record.subscription
    if planned is None or subscription is None:
        return None
    if (planned.price_id, planned.quantity) == (subscription.price_id, subscription.quantity):
        return None  # it has come about
    return PendingChange(
        plan_id=planned.price_id, quantity=planned.quantity, date=_moment(planned.at)
    )


def access_view(access: Access) -> AccessView:
    return AccessView(level=access.level, until=_moment(access.until), reason=access.reason)


def user_access(record: Record, access: Access) -> UserAccess:
    """Show what a user may use, and by which plan."""
    subscription = record.subscription if access.level != "none" else None
    return UserAccess(
        **access_view(access).model_dump(),
        current_plan_id=subscription.price_id if subscription else None,
    )


def payment_method_views(
    methods: Iterable[StripePaymentMethod], record: Record
) -> list[PaymentMethodView]:
    default = _default_payment_method(record)
    return [
        PaymentMethodView(
            id=method.id,
            type=method.type,
            is_default=method.id == default,
            **(method.card.model_dump() if method.card else {}),
        )
        for method in methods
    ]


def _default_payment_method(record: Record) -> str | None:
    """The one that is charged: the subscription's own goes before the customer's."""
    subscription, customer = record.subscription, record.customer
    if subscription is not None and subscription.status not in TERMINAL:
        own = subscription.default_payment_method_id
    else:
        own = None
    return own or (customer.default_payment_method_id if customer else None)


def billing_history(invoices: Iterable[StripeInvoice]) -> list[BillingHistoryEntry]:
    """Show the invoices that were issued: a draft may still change."""
    return [
        BillingHistoryEntry(
            id=invoice.id,
            number=invoice.number,
            date=_moment(invoice.created),
            amount=major_units(_amount(invoice), invoice.currency),
            currency=invoice.currency,
            status=invoice.status,
            hosted_invoice_url=invoice.hosted_invoice_url,
            invoice_pdf=invoice.invoice_pdf,
        )
        for invoice in invoices
        if invoice.status != "draft"
    ]


def issued(invoices: Iterable[StripeInvoice]) -> Iterator[InvoiceView]:
    """Show the invoices that were issued, as they come."""
    for invoice in invoices:
        if invoice.status != "draft":
            yield InvoiceView(
                id=invoice.id,
                number=invoice.number,
                date=_moment(invoice.created),
                currency=invoice.currency,
                total=invoice.total,
                amount_due=invoice.amount_due,
                amount_paid=invoice.amount_paid,
                status=invoice.status,
                hosted_invoice_url=invoice.hosted_invoice_url,
                invoice_pdf=invoice.invoice_pdf,
            )


def plans(prices: Iterable[StripePrice]) -> list[Plan]:
    return [
        Plan(
            price_id=price.id,
            lookup_key=price.lookup_key or "",
            name=price.product.name,
            amount=price.unit_amount,
            currency=price.currency,
            interval=price.recurring.interval if price.recurring else None,
            interval_count=price.recurring.interval_count if price.recurring else None,
        )
        for price in prices
    ]


def change_preview_view(offer: Offer, quote: str) -> SubscriptionChangePreview:
    """Show what a change of plan would cost; ``quote`` is the offer's, signed."""
    now, terms = offer.now, offer.quote
    at_once = terms.effective == "now"
    first, renewal_due = now or offer.renewal, offer.renewal_due
    return SubscriptionChangePreview(
        quote=quote,
        expires_at=_moment(terms.expires_at),
        effective=terms.effective,
        effective_date=_moment(terms.proration_date if at_once else terms.pinned.period_end),
        proration_date=_moment(terms.proration_date),
        currency=terms.pinned.currency,
        amount_due_now=terms.amount_due,
        total=now.total if now else 0,
        starting_balance=first.starting_balance if first else None,
        ending_balance=now.balance_after if now else None,
        lines=[
            PreviewLine(
                description=line.description,
                amount=line.amount,
                proration=line.proration,
                period_start=_moment(line.period.start),
                period_end=_moment(line.period.end),
            )
            for line in (now.lines.data if now else ())
        ],
        next_invoice=(
            None
            if renewal_due is None
            else NextInvoice(date=_moment(offer.renews_at), amount_due=renewal_due)
        ),
    )


def _amount(invoice: StripeInvoice) -> int:
    return invoice.amount_paid if invoice.status == "paid" else invoice.total


@overload
def _moment(seconds: int) -> datetime: ...


@overload
def _moment(seconds: None) -> None: ...


@overload
def _moment(seconds: int | None) -> datetime | None: ...


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

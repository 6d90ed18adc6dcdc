"""The calls that billing makes to Stripe, answered in the contracts' models; here the reads.

Reads that feed the record come with the interval of Stripe's time in which they were true: from
Stripe's ``Date`` less the seconds that the call took (rounded up) to ``Date`` and one second,
because ``Date`` has whole seconds.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import stripe

from billing.contracts.stripe_objects import (
    StripeCheckoutSession,
    StripeCustomer,
    StripeDispute,
    StripeInvoice,
    StripeInvoicePayment,
    StripePayment,
    StripePaymentAttempt,
    StripePaymentMethod,
    StripePrice,
    StripePromotionCode,
    StripePurchase,
    StripeSubscription,
)
from billing.contracts.stripe_plans import StripePlannedSchedule, StripePreview
from billing.domain.errors import ContractViolation
from billing.domain.record import CustomerState, Invoice, Purchase
from billing.gateway.connection import Params, date_of, listed, parsed
from billing.gateway.fetched import Fetched, Last, Page
from billing.gateway.writes import StripeWrites

PAGE = 100
#: What a session in payment mode sold, and how it was paid.
_BOUGHT = ("line_items", "payment_intent.latest_charge")


class StripeGateway(StripeWrites):
    """Stripe's API by the official SDK. Errors come as ``billing.domain.errors`` names them."""

    # -- Reads that feed the record -------------------------------------------------------------

    def subscription(self, subscription_id: str) -> Fetched[StripeSubscription]:
        """Fetch one subscription."""
        started = self._monotonic()
        answer = self._call(lambda c: c.v1.subscriptions.retrieve(subscription_id))
        return Fetched[StripeSubscription](
            value=parsed(StripeSubscription, answer),
            stamp=self._stamp(started, [answer]),
        )

    def subscriptions_of(self, customer_id: str) -> Fetched[tuple[StripeSubscription, ...]]:
        """List all of a customer's subscriptions, ended ones included."""
        started = self._monotonic()
        params = {"customer": customer_id, "status": "all", "limit": PAGE}
        pages = list(self._pages(lambda c, p: c.v1.subscriptions.list(p), params))
        return Fetched[tuple[StripeSubscription, ...]](
            value=tuple(s for page in pages for s in listed(StripeSubscription, page)),
            stamp=self._stamp(started, pages),
        )

    def customer_state(self, customer_id: str) -> Fetched[CustomerState]:
        """Fetch a customer and its payment methods; a deleted one has none."""
        started = self._monotonic()
        answer = self._call(lambda c: c.v1.customers.retrieve(customer_id))
        customer = parsed(StripeCustomer, answer)
        methods = [] if customer.deleted else self.payment_methods(customer_id)
        return Fetched[CustomerState](
            value=customer.projected(methods), stamp=self._stamp(started, [answer])
        )

    def invoice(self, invoice_id: str) -> Invoice:
        """Fetch one invoice."""
        answer = self._call(lambda c: c.v1.invoices.retrieve(invoice_id))
        return parsed(StripeInvoice, answer).projected(date_of(answer))

    def invoices_of_customer(self, customer_id: str) -> tuple[Invoice, ...]:
        """List a customer's newest invoices, a page of them."""
        return self._invoices({"customer": customer_id})

    def invoices_of_subscription(self, subscription_id: str) -> tuple[Invoice, ...]:
        """List a subscription's newest invoices, a page of them."""
        return self._invoices({"subscription": subscription_id})

    def _invoices(self, params: Params) -> tuple[Invoice, ...]:
        wanted = {**params, "limit": PAGE}
        answer = self._call(lambda c: c.v1.invoices.list(wanted))  # type: ignore[arg-type]
        as_of = date_of(answer)
        return tuple(found.projected(as_of) for found in listed(StripeInvoice, answer))

    def purchase(self, payment_intent_id: str | None, session_id: str | None) -> Purchase | None:
        """Fetch a one-time purchase by its session, else by its payment; None where it is none."""
        if session_id is not None:
            expand = {"expand": [*_BOUGHT]}
            answer = self._call(
                lambda c: c.v1.checkout.sessions.retrieve(session_id, expand)  # type: ignore[arg-type]
            )
            return self._purchase(parsed(StripePurchase, answer))
        if payment_intent_id is None:
            return None
        found = self._purchases({"payment_intent": payment_intent_id})
        return next(found, None)

    def purchases_of(self, customer_id: str) -> tuple[Purchase, ...]:
        """List all one-time purchases that a customer made by Checkout."""
        return tuple(self._purchases({"customer": customer_id, "status": "complete"}))

    def _purchases(self, params: Params) -> Iterator[Purchase]:
        wanted = {**params, "limit": PAGE, "expand": [f"data.{part}" for part in _BOUGHT]}
        for page in self._pages(lambda c, p: c.v1.checkout.sessions.list(p), wanted):
            for session in page.data:
                # Other modes' sessions have nothing of these to expand.
                if session.mode == "payment":
                    purchase = self._purchase(parsed(StripePurchase, session))
                    if purchase is not None:
                        yield purchase

    def _purchase(self, session: StripePurchase) -> Purchase | None:
        if not session.complete:
            return None
        return session.projected(self._dispute(session) if session.disputed else None)

    def _dispute(self, session: StripePurchase) -> str | None:
        """The status of the newest dispute of what a session sold."""
        assert session.payment_intent is not None  # only what was paid is disputed
        payment = session.payment_intent.id
        answer = self._call(lambda c: c.v1.disputes.list({"payment_intent": payment, "limit": 1}))
        return next((found.status for found in listed(StripeDispute, answer)), None)

    def customer_of_payment(self, payment_intent_id: str) -> str | None:
        """Say whose payment it was: refunds and disputes don't."""
        answer = self._call(lambda c: c.v1.payment_intents.retrieve(payment_intent_id))
        return parsed(StripePayment, answer).customer

    # -- Other reads ----------------------------------------------------------------------------

    def customer(self, customer_id: str) -> StripeCustomer:
        """Fetch a customer; a deleted one says so."""
        answer = self._call(lambda c: c.v1.customers.retrieve(customer_id))
        return parsed(StripeCustomer, answer)

    def customers_with_email(self, email: str) -> list[StripeCustomer]:
        """List the newest customers with an e-mail address; nothing makes it unique."""
        answer = self._call(lambda c: c.v1.customers.list({"email": email, "limit": PAGE}))
        return listed(StripeCustomer, answer)

    def prices(self, lookup_keys: Sequence[str]) -> list[StripePrice]:
        """List the active prices of the catalogue, by lookup key (ten at most, Stripe's limit)."""
        answer = self._call(
            lambda c: c.v1.prices.list(
                {
                    "lookup_keys": list(lookup_keys),
                    "active": True,
                    "limit": PAGE,
                    "expand": ["data.product"],
                }
            )
        )
        return listed(StripePrice, answer)

    def payment_methods(self, customer_id: str) -> list[StripePaymentMethod]:
        """List a customer's payment methods."""
        answer = self._call(
            lambda c: c.v1.customers.payment_methods.list(customer_id, {"limit": PAGE})
        )
        return listed(StripePaymentMethod, answer)

    def payment_method(self, method_id: str) -> StripePaymentMethod:
        """Fetch a payment method, whoever's it is."""
        answer = self._call(lambda c: c.v1.payment_methods.retrieve(method_id))
        return parsed(StripePaymentMethod, answer)

    def payment_of_invoice(self, invoice_id: str) -> StripePaymentAttempt | None:
        """Say how paying an invoice went so far; None where there is nothing to pay."""
        answer = self._call(
            lambda c: c.v1.invoice_payments.list(
                {"invoice": invoice_id, "limit": PAGE, "expand": ["data.payment.payment_intent"]}
            )
        )
        payments = listed(StripeInvoicePayment, answer)
        return next((found.payment.payment_intent for found in payments if found.is_default), None)

    def schedule(self, schedule_id: str) -> StripePlannedSchedule:
        """Fetch a subscription's schedule."""
        answer = self._call(lambda c: c.v1.subscription_schedules.retrieve(schedule_id))
        return parsed(StripePlannedSchedule, answer)

    def preview_invoice(self, params: Params) -> StripePreview:
        """Ask what would be billed: a POST that changes nothing."""
        answer = self._call(lambda c: c.v1.invoices.create_preview(params))  # type: ignore[arg-type]
        return parsed(StripePreview, answer)

    def invoices(self, customer_id: str, limit: int) -> list[StripeInvoice]:
        """List a customer's newest invoices."""
        answer = self._call(lambda c: c.v1.invoices.list({"customer": customer_id, "limit": limit}))
        return listed(StripeInvoice, answer)

    def invoices_behind(
        self, customer_id: str, after: str | None, page_size: int
    ) -> Iterator[StripeInvoice]:
        """Walk through a customer's invoices, newest first, from behind the one named."""
        params = {"customer": customer_id, "limit": page_size, **_behind(after)}
        for page in self._pages(lambda c, p: c.v1.invoices.list(p), params):
            yield from listed(StripeInvoice, page)

    def customer_of_invoice(self, invoice_id: str) -> str | None:
        """Say whose invoice it is."""
        answer = self._call(lambda c: c.v1.invoices.retrieve(invoice_id))
        return parsed(StripeInvoice, answer).customer

    def promotion_codes(self, code: str) -> list[StripePromotionCode]:
        """List the active promotion codes with this text: customers may have their own."""
        params = {"code": code, "active": True, "limit": PAGE}
        pages = self._pages(lambda c, p: c.v1.promotion_codes.list(p), params)
        return [found for page in pages for found in listed(StripePromotionCode, page)]

    def checkout_session(self, session_id: str) -> StripeCheckoutSession:
        """Fetch a Checkout Session."""
        answer = self._call(lambda c: c.v1.checkout.sessions.retrieve(session_id))
        return parsed(StripeCheckoutSession, answer)

    def open_checkout_sessions(self, customer_id: str) -> list[StripeCheckoutSession]:
        """List a customer's open Checkout Sessions."""
        answer = self._call(
            lambda c: c.v1.checkout.sessions.list(
                {"customer": customer_id, "status": "open", "limit": PAGE}
            )
        )
        return listed(StripeCheckoutSession, answer)

    # -- Lists that are read a page at a time ---------------------------------------------------

    def subscriptions_page(self, after: str | None) -> Page[StripeSubscription]:
        """List all subscriptions, newest first, ended ones included: the page behind ``after``.

        Stripe leaves out those of test clocks.
        """
        params = {"status": "all", "limit": PAGE, **_behind(after)}
        page = self._call(lambda c: c.v1.subscriptions.list(params))  # type: ignore[arg-type]
        readable, unreadable = [], []
        for found in page.data:
            try:
                readable.append(parsed(StripeSubscription, found))
            except ContractViolation:
                unreadable.append(found.id)
        return Page[StripeSubscription](
            items=tuple(readable),
            unreadable=tuple(unreadable),
            last=_last(page),
            more=page.has_more,
        )

    def event(self, event_id: str) -> dict[str, Any]:
        """Fetch one event, as Stripe wrote it. It keeps them for 30 days.

        Raises:
            StripeNotFound: it has none of this id, or has it no more.
        """
        found: dict[str, Any] = self._call(lambda c: c.v1.events.retrieve(event_id)).to_dict()
        return found

    def events_page(
        self, types: Sequence[str], since: int, until: int, after: str | None
    ) -> Page[dict[str, Any]]:
        """List the events of at most twenty types, newest first: the page behind ``after``.

        As Stripe wrote them, and made within these times (UTC seconds). It keeps them for 30 days.
        """
        params = {
            "types": list(types),
            "created": {"gte": since, "lte": until},
            "limit": PAGE,
            **_behind(after),
        }
        page = self._call(lambda c: c.v1.events.list(params))  # type: ignore[arg-type]
        return Page[dict[str, Any]](
            items=tuple(found.to_dict() for found in page.data),
            last=_last(page),
            more=page.has_more,
        )


def _behind(after: str | None) -> dict[str, str]:
    return {} if after is None else {"starting_after": after}


def _last(
    page: stripe.ListObject[stripe.Subscription] | stripe.ListObject[stripe.Event],
) -> Last | None:
    return Last(id=page.data[-1].id, created=page.data[-1].created) if page.data else None

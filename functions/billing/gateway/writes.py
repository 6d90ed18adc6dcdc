"""The writes that billing makes to Stripe: each carries the stored operation's idempotency key."""

from collections.abc import Callable
from typing import Any

import stripe

from billing.contracts.stripe_objects import (
    StripeCheckoutSession,
    StripeCustomer,
    StripeInvoice,
    StripeMadeCheckoutSession,
    StripePaymentMethod,
    StripePortalSession,
    StripeSchedule,
    StripeSetupIntent,
    StripeSubscription,
)
from billing.domain.errors import StripeRejected
from billing.gateway.connection import Model, StripeConnection, parsed

Params = dict[str, Any]
Options = Any  # {"idempotency_key": …}: the SDK's own type names dozens more


class StripeWrites(StripeConnection):
    """What changes something at Stripe. Every try of an operation has the same ``key``."""

    # -- Customers and what they pay with -------------------------------------------------------

    def create_customer(self, params: Params, key: str) -> StripeCustomer:
        return self._write(StripeCustomer, lambda c, o: c.v1.customers.create(params, o), key)  # type: ignore[arg-type]

    def update_customer(self, customer_id: str, params: Params, key: str) -> StripeCustomer:
        return self._write(
            StripeCustomer,
            lambda c, o: c.v1.customers.update(customer_id, params, o),  # type: ignore[arg-type]
            key,
        )

    def create_setup_intent(self, params: Params, key: str) -> StripeSetupIntent:
        return self._write(
            StripeSetupIntent,
            lambda c, o: c.v1.setup_intents.create(params, o),  # type: ignore[arg-type]
            key,
        )

    def attach_payment_method(
        self, method_id: str, customer_id: str, key: str
    ) -> StripePaymentMethod:
        return self._write(
            StripePaymentMethod,
            lambda c, o: c.v1.payment_methods.attach(method_id, {"customer": customer_id}, o),
            key,
        )

    def detach_payment_method(self, method_id: str, key: str) -> StripePaymentMethod:
        return self._write(
            StripePaymentMethod, lambda c, o: c.v1.payment_methods.detach(method_id, None, o), key
        )

    # -- Pages of Stripe's ----------------------------------------------------------------------

    def create_checkout_session(self, params: Params, key: str) -> StripeMadeCheckoutSession:
        return self._write(
            StripeMadeCheckoutSession,
            lambda c, o: c.v1.checkout.sessions.create(params, o),  # type: ignore[arg-type]
            key,
        )

    def expire_checkout_session(self, session_id: str) -> StripeCheckoutSession:
        """Close a Checkout Session if it is open; return it as it is then.

        It needs no operation of ours: Stripe closes a session once, however often it is asked.
        """
        try:
            answer = self._call(lambda c: c.v1.checkout.sessions.expire(session_id))
        except StripeRejected:
            answer = self._call(lambda c: c.v1.checkout.sessions.retrieve(session_id))
            session = parsed(StripeCheckoutSession, answer)
            if session.status == "open":
                raise
            return session
        return parsed(StripeCheckoutSession, answer)

    def create_portal_session(self, params: Params, key: str) -> StripePortalSession:
        return self._write(
            StripePortalSession,
            lambda c, o: c.v1.billing_portal.sessions.create(params, o),  # type: ignore[arg-type]
            key,
        )

    # -- Subscriptions --------------------------------------------------------------------------

    def update_subscription(
        self, subscription_id: str, params: Params, key: str
    ) -> StripeSubscription:
        return self._write(
            StripeSubscription,
            lambda c, o: c.v1.subscriptions.update(subscription_id, params, o),  # type: ignore[arg-type]
            key,
        )

    def cancel_subscription(self, subscription_id: str, key: str) -> StripeSubscription:
        """End a subscription now, and give nothing back."""
        return self._write(
            StripeSubscription,
            lambda c, o: c.v1.subscriptions.cancel(subscription_id, None, o),
            key,
        )

    def create_schedule(self, subscription_id: str, key: str) -> StripeSchedule:
        """Put a subscription under a schedule that plans nothing yet but how it is now."""
        return self._write(
            StripeSchedule,
            lambda c, o: c.v1.subscription_schedules.create(
                {"from_subscription": subscription_id}, o
            ),
            key,
        )

    def update_schedule(self, schedule_id: str, params: Params, key: str) -> StripeSchedule:
        return self._write(
            StripeSchedule,
            lambda c, o: c.v1.subscription_schedules.update(schedule_id, params, o),  # type: ignore[arg-type]
            key,
        )

    def release_schedule(self, schedule_id: str, key: str) -> StripeSchedule:
        """Let the subscription go on as it is; what was planned is forgotten."""
        return self._write(
            StripeSchedule,
            lambda c, o: c.v1.subscription_schedules.release(schedule_id, None, o),
            key,
        )

    # -- Invoices -------------------------------------------------------------------------------

    def pay_invoice(self, invoice_id: str, key: str) -> StripeInvoice:
        """Charge an open invoice now, its customer being there to confirm the payment.

        Raises:
            PaymentDeclined: the card was, or it wants its owner's confirmation.
        """
        return self._write(
            StripeInvoice,
            lambda c, o: c.v1.invoices.pay(invoice_id, {"off_session": False}, o),
            key,
        )

    def void_invoice(self, invoice_id: str, key: str) -> StripeInvoice:
        """Forgive an open invoice; a change that waited for its payment is given up."""
        return self._write(
            StripeInvoice, lambda c, o: c.v1.invoices.void_invoice(invoice_id, None, o), key
        )

    def _write(
        self,
        model: type[Model],
        call: Callable[[stripe.StripeClient, Options], stripe.StripeObject],
        key: str,
    ) -> Model:
        return parsed(model, self._call(lambda c: call(c, {"idempotency_key": key})))

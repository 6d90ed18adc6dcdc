"""The parts of Stripe's objects that billing reads, at API version 2026-10-28.endive.

Unknown fields are ignored (Stripe adds some at any time), missing or mistyped ones are refused.
Shapes follow the SDK's annotations and Stripe's API reference.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from billing.domain.record import (
    CustomerState,
    Invoice,
    InvoiceStatus,
    PaymentMethod,
    Purchase,
    Status,
    Subscription,
)


def _id_of(value: Any) -> Any:
    """An expandable field's id, whether Stripe sent the id or the object."""
    return value["id"] if isinstance(value, dict) and "id" in value else value


def named_user(metadata: Iterable[Mapping[str, Any]], reference: Any = None) -> str | None:
    """The one user whom all of them name that name any; None where none does, or two differ."""
    names = [reference, *(known.get(key) for known in metadata for key in ("user_id", "userId"))]
    named = {name for name in names if isinstance(name, str) and name}
    return named.pop() if len(named) == 1 else None


Expandable = Annotated[str, BeforeValidator(_id_of)]
Item = TypeVar("Item")


class StripeObject(BaseModel):
    """A read-only view of one of Stripe's objects."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class StripeList(StripeObject, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    has_more: bool = False


def _not_empty(page: StripeList[Item]) -> StripeList[Item]:
    if not page.data:
        raise ValueError("a subscription has at least one item")
    return page


class StripePrice(StripeObject):
    """A price, its product expanded; ``unit_amount`` in minor currency units, None where tiered."""

    class Recurring(StripeObject):
        interval: str
        interval_count: int

    class Product(StripeObject):
        id: str
        name: str

    id: str
    product: Product
    currency: str
    unit_amount: int | None = None
    lookup_key: str | None = None
    recurring: Recurring | None = None


class StripeSubscription(StripeObject):
    """A subscription. Since basil the current period is on its items only."""

    class Item(StripeObject):
        class ItemPrice(StripeObject):
            id: str
            product: Expandable
            recurring: StripePrice.Recurring | None = None

        id: str
        price: ItemPrice
        quantity: int | None = None
        current_period_start: int
        current_period_end: int

    class PauseCollection(StripeObject):
        behavior: str

    class PendingUpdate(StripeObject):
        class PendingItem(StripeObject):
            id: str
            price: Expandable
            quantity: int | None = None

        expires_at: int
        subscription_items: list[PendingItem] | None = None

    id: str
    customer: Expandable
    status: Status
    currency: str
    created: int
    items: Annotated[StripeList[Item], AfterValidator(_not_empty)]
    metadata: dict[str, str] | None = None
    cancel_at: int | None = None
    cancel_at_period_end: bool = False
    canceled_at: int | None = None
    ended_at: int | None = None
    trial_end: int | None = None
    pause_collection: PauseCollection | None = None
    pending_update: PendingUpdate | None = None
    schedule: Expandable | None = None
    default_payment_method: Expandable | None = None
    default_source: Expandable | None = None
    latest_invoice: Expandable | None = None
    test_clock: Expandable | None = None
    collection_method: str = "charge_automatically"

    @property
    def collected(self) -> bool:
        """Whether what it owes is charged without asking: not where bills are sent, or paused."""
        return self.collection_method == "charge_automatically" and self.pause_collection is None

    @property
    def recurring(self) -> StripePrice.Recurring:
        """How long a period of the plan is."""
        recurring = self.items.data[0].price.recurring
        assert recurring is not None, "what is subscribed to recurs"
        return recurring

    def projected(self) -> Subscription:
        """The flat state that the record stores. The first item is the plan."""
        item = self.items.data[0]
        return Subscription(
            subscription_id=self.id,
            status=self.status,
            item_id=item.id,
            price_id=item.price.id,
            product_id=item.price.product,
            quantity=item.quantity,
            currency=self.currency,
            current_period_start=item.current_period_start,
            current_period_end=item.current_period_end,
            cancel_at=self.cancel_at,
            cancel_at_period_end=self.cancel_at_period_end,
            canceled_at=self.canceled_at,
            ended_at=self.ended_at,
            trial_end=self.trial_end,
            pause_collection=self.pause_collection.behavior if self.pause_collection else None,
            pending_update_expires_at=(
                self.pending_update.expires_at if self.pending_update else None
            ),
            schedule_id=self.schedule,
            default_payment_method_id=self.default_payment_method,
            latest_invoice_id=self.latest_invoice,
            test_clock_id=self.test_clock,
            subscription_created=self.created,
        )


class StripeSchedule(StripeObject):
    """A subscription schedule; released, it names the subscription that it let go.

    Its default settings become the subscription's with each phase that begins.
    """

    class DefaultSettings(StripeObject):
        default_payment_method: Expandable | None = None

    id: str
    default_settings: DefaultSettings | None = None
    subscription: Expandable | None = None
    released_subscription: Expandable | None = None


class StripeReversal(StripeObject):
    """A refunded charge, a refund or a dispute; one of an old kind of payment has no intent."""

    id: str
    payment_intent: Expandable | None = None


class AttemptCount(StripeObject):
    """How often an invoice was tried to be paid: a scalar, so that trimmed events have it too."""

    attempt_count: int


class Trial(StripeObject):
    """When a subscription's trial ends, None where it has none (any more)."""

    trial_end: int | None = None


class StripeCharge(StripeObject):
    """A charge; ``amount_refunded`` in minor currency units."""

    id: str
    amount_refunded: int
    disputed: bool


class StripePayment(StripeObject):
    """A payment intent, as far as it says whose it is."""

    id: str
    customer: Expandable | None = None


class StripePaymentIntent(StripeObject):
    """A payment intent, its latest charge expanded."""

    id: str
    status: str
    latest_charge: StripeCharge | None = None


class StripePaymentAttempt(StripeObject):
    """A payment intent by which an invoice is paid, as its last attempt left it.

    The secret lets its customer's browser confirm it, and nothing else.
    """

    class PaymentError(StripeObject):
        code: str | None = None
        decline_code: str | None = None
        message: str | None = None

    id: str
    status: str
    client_secret: str | None = None
    payment_method: Expandable | None = None
    last_payment_error: PaymentError | None = None

    @property
    def wants_confirmation(self) -> bool:
        """Whether its customer's browser can still confirm it, as the bank wants.

        Tried without the customer, it may have been declined for that instead.
        """
        error = self.last_payment_error
        declined = error is not None and error.code == "authentication_required"
        return self.status == "requires_action" or declined


class StripeInvoicePayment(StripeObject):
    """What pays an invoice, its payment intent expanded: staff may pay one by other means too.

    The default one is Stripe's own; it asks for whatever remains to be paid.
    """

    class Payment(StripeObject):
        payment_intent: StripePaymentAttempt | None = None

    is_default: bool
    payment: Payment


class StripeDispute(StripeObject):
    """A dispute."""

    id: str
    status: str


class StripeCheckoutSession(StripeObject):
    """A Checkout Session. ``url`` is there only while it is open."""

    id: str
    mode: str
    status: str | None = None
    payment_status: str | None = None
    customer: Expandable | None = None
    subscription: Expandable | None = None
    payment_intent: Expandable | None = None
    client_reference_id: str | None = None
    url: str | None = None


class StripeMadeCheckoutSession(StripeCheckoutSession):
    """A Checkout Session as it was made: under the same key Stripe gives it again for a day."""

    created: int


class StripePurchase(StripeObject):
    """A Checkout Session in payment mode, with what was bought and how it was paid expanded."""

    class LineItem(StripeObject):
        class LinePrice(StripeObject):
            id: str
            lookup_key: str | None = None

        price: LinePrice | None = None
        quantity: int | None = None

    id: str
    mode: str
    status: str | None = None
    created: int
    currency: str | None = None
    amount_total: int | None = None
    line_items: StripeList[LineItem]
    payment_intent: StripePaymentIntent | None = None

    @property
    def complete(self) -> bool:
        """Whether the customer bought something once."""
        return self.mode == "payment" and self.status == "complete"

    @property
    def disputed(self) -> bool:
        """Whether a bank has questioned its charge."""
        charge = self.payment_intent.latest_charge if self.payment_intent else None
        return charge is not None and charge.disputed

    def projected(self, dispute: str | None) -> Purchase:
        """The state that the record stores; ``dispute`` is the newest dispute's status."""
        intent = self.payment_intent
        charge = intent.latest_charge if intent else None
        item = self.line_items.data[0] if self.line_items.data else None
        price = item.price if item else None
        return Purchase(
            purchase_id=intent.id if intent else self.id,
            session_id=self.id,
            price_id=price.id if price else None,
            lookup_key=price.lookup_key if price else None,
            quantity=item.quantity if item else None,
            currency=self.currency or "",
            amount=self.amount_total or 0,
            status=_payment(intent.status) if intent else "paid",
            charge_id=charge.id if charge else None,
            amount_refunded=charge.amount_refunded if charge else 0,
            dispute=dispute,
            purchase_created=self.created,
        )


def _payment(status: str) -> Literal["pending", "paid", "failed"]:
    """What a payment intent's status means for a purchase whose checkout is complete."""
    if status == "succeeded":
        return "paid"
    return "failed" if status in ("requires_payment_method", "canceled") else "pending"


class StripeCustomer(StripeObject):
    """A customer; a deleted one has ``deleted`` and nothing else."""

    class InvoiceSettings(StripeObject):
        default_payment_method: Expandable | None = None

    id: str
    deleted: bool = False
    currency: str | None = None
    metadata: dict[str, str] | None = None
    invoice_settings: InvoiceSettings | None = None
    default_source: Expandable | None = None

    def projected(self, methods: Iterable["StripePaymentMethod"]) -> CustomerState:
        """The state that the record stores, with the customer's payment methods."""
        settings = self.invoice_settings
        return CustomerState(
            customer_id=self.id,
            deleted=self.deleted,
            default_payment_method_id=(
                (settings.default_payment_method if settings else None) or self.default_source
            ),
            payment_methods=tuple(method.projected() for method in methods),
        )


class StripeSetupIntent(StripeObject):
    """A setup intent; the secret lets its customer's browser confirm it, and nothing else."""

    id: str
    client_secret: str


class StripePortalSession(StripeObject):
    """A session of Stripe's customer portal."""

    id: str
    created: int
    url: str


class StripePromotionCode(StripeObject):
    """What customers type to get a discount; one of a customer's own is no other's."""

    id: str
    customer: Expandable | None = None


class StripePaymentMethod(StripeObject):
    """A payment method, and of a card only what may be shown; a detached one has no customer."""

    class Card(StripeObject):
        brand: str
        last4: str
        exp_month: int
        exp_year: int

    id: str
    type: str
    card: Card | None = None
    customer: Expandable | None = None

    def projected(self) -> PaymentMethod:
        """The summary that the record stores."""
        card = self.card.model_dump() if self.card else {}
        return PaymentMethod(payment_method_id=self.id, type=self.type, **card)


class StripeInvoice(StripeObject):
    """An invoice; amounts in minor currency units."""

    class Parent(StripeObject):
        class SubscriptionDetails(StripeObject):
            subscription: Expandable

        subscription_details: SubscriptionDetails | None = None

    class StatusTransitions(StripeObject):
        finalized_at: int | None = None

    class FinalizationError(StripeObject):
        code: str | None = None

    id: str
    customer: Expandable | None = None
    number: str | None = None
    status: InvoiceStatus
    created: int
    currency: str
    total: int
    amount_due: int
    amount_paid: int
    attempt_count: int
    billing_reason: str | None = None
    due_date: int | None = None
    next_payment_attempt: int | None = None
    parent: Parent | None = None
    status_transitions: StatusTransitions = StatusTransitions()
    last_finalization_error: FinalizationError | None = None
    hosted_invoice_url: str | None = None
    invoice_pdf: str | None = None

    def projected(self, as_of: int) -> Invoice:
        """The state that the record stores; ``as_of`` is when Stripe said so (UTC seconds)."""
        details = self.parent.subscription_details if self.parent else None
        error = self.last_finalization_error
        return Invoice(
            invoice_id=self.id,
            subscription_id=details.subscription if details else None,
            status=self.status,
            billing_reason=self.billing_reason,
            currency=self.currency,
            total=self.total,
            amount_due=self.amount_due,
            amount_paid=self.amount_paid,
            attempts=self.attempt_count,
            invoice_created=self.created,
            finalized_at=self.status_transitions.finalized_at,
            due_at=self.due_date,
            next_attempt_at=self.next_payment_attempt,
            error=(error.code or "finalization_failed") if error else None,
            as_of=as_of,
        )

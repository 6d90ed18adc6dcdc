"""The parts of Stripe's objects that billing reads, at API version 2026-10-28.endive.

Unknown fields are ignored (Stripe adds some at any time), missing or mistyped ones are refused.
Shapes follow the SDK's annotations and Stripe's API reference.
"""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from billing.domain.record import Status, Subscription


def _id_of(value: Any) -> Any:
    """An expandable field's id, whether Stripe sent the id or the object."""
    return value["id"] if isinstance(value, dict) and "id" in value else value


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

        id: str
        price: ItemPrice
        quantity: int | None = None
        current_period_start: int
        current_period_end: int

    class PauseCollection(StripeObject):
        behavior: str

    class PendingUpdate(StripeObject):
        expires_at: int

    id: str
    customer: Expandable
    status: Status
    currency: str
    created: int
    items: Annotated[StripeList[Item], AfterValidator(_not_empty)]
    cancel_at: int | None = None
    cancel_at_period_end: bool = False
    canceled_at: int | None = None
    ended_at: int | None = None
    trial_end: int | None = None
    pause_collection: PauseCollection | None = None
    pending_update: PendingUpdate | None = None
    schedule: Expandable | None = None
    default_payment_method: Expandable | None = None
    latest_invoice: Expandable | None = None
    test_clock: Expandable | None = None

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


class StripeCheckoutSession(StripeObject):
    """A Checkout Session. ``url`` is there only while it is open."""

    id: str
    mode: str
    status: str | None = None
    payment_status: str | None = None
    customer: Expandable | None = None
    subscription: Expandable | None = None
    client_reference_id: str | None = None
    url: str | None = None


class StripeCustomer(StripeObject):
    """A customer; a deleted one has ``deleted`` and nothing else."""

    id: str
    deleted: bool = False
    currency: str | None = None
    metadata: dict[str, str] | None = None


class StripePaymentMethod(StripeObject):
    """A payment method, and of a card only what may be shown."""

    class Card(StripeObject):
        brand: str
        last4: str
        exp_month: int
        exp_year: int

    id: str
    type: str
    card: Card | None = None


class StripeInvoice(StripeObject):
    """An invoice as billing history shows it; amounts in minor currency units."""

    id: str
    number: str | None = None
    status: str | None = None
    created: int
    currency: str
    total: int
    amount_paid: int
    hosted_invoice_url: str | None = None
    invoice_pdf: str | None = None

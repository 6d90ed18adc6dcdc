"""Stripe's objects that tell of a change of plan: schedules in full, and previews of invoices."""

from billing.contracts.stripe_objects import Expandable, StripeList, StripeObject, StripeSchedule
from billing.domain.plan_change import Phase, PhaseItem, Schedule


class StripePlannedSchedule(StripeSchedule):
    """A schedule with its phases."""

    class Period(StripeObject):
        start_date: int
        end_date: int

    class PlannedPhase(Period):
        class PhaseItem(StripeObject):
            price: Expandable
            quantity: int | None = None

        class Discount(StripeObject):
            coupon: Expandable | None = None
            discount: Expandable | None = None
            promotion_code: Expandable | None = None

        items: list[PhaseItem]
        discounts: list[Discount] | None = None
        trial_end: int | None = None

    status: str
    phases: list[PlannedPhase]
    current_phase: Period | None = None

    def projected(self) -> Schedule | None:
        """The phase that runs, and those after it; None where the schedule runs no more."""
        if self.status not in ("not_started", "active"):
            return None
        runs_since = self.current_phase.start_date if self.current_phase else 0
        return Schedule(
            id=self.id,
            phases=tuple(_phase(p) for p in self.phases if p.start_date >= runs_since),
        )


def _phase(phase: StripePlannedSchedule.PlannedPhase) -> Phase:
    return Phase(
        start=phase.start_date,
        end=phase.end_date,
        items=tuple(PhaseItem(price_id=i.price, quantity=i.quantity) for i in phase.items),
        discounts=tuple(d.model_dump(exclude_none=True) for d in phase.discounts or ()),
        trial_end=phase.trial_end,
    )


class StripePreview(StripeObject):
    """An invoice as it would be; amounts in minor currency units.

    The balances are the customer's, before and after: a negative one is a credit.
    """

    class Line(StripeObject):
        class Period(StripeObject):
            start: int
            end: int

        class Parent(StripeObject):
            class Details(StripeObject):
                proration: bool = False

            subscription_item_details: Details | None = None

        description: str | None = None
        amount: int
        period: Period
        parent: Parent | None = None

        @property
        def proration(self) -> bool:
            """Whether it settles a part of a period."""
            details = self.parent.subscription_item_details if self.parent else None
            return details is not None and details.proration

    currency: str
    subtotal: int
    total: int
    amount_due: int
    starting_balance: int
    ending_balance: int | None = None
    lines: StripeList[Line]

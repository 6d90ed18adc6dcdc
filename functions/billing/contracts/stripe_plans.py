"""Stripe's objects that tell of a change of plan: schedules in full, and previews of invoices."""

from typing import Any

from billing.contracts.stripe_objects import Expandable, StripeList, StripeObject, StripeSchedule
from billing.domain.plan_change import Phase, PhaseItem, Schedule


class StripePlannedSchedule(StripeSchedule):
    """A schedule with its phases."""

    class Discount(StripeObject):
        coupon: Expandable | None = None
        discount: Expandable | None = None
        promotion_code: Expandable | None = None

    class Period(StripeObject):
        start_date: int
        end_date: int

    class PlannedPhase(Period):
        class PhaseItem(StripeObject):
            price: Expandable
            quantity: int | None = None
            discounts: list["StripePlannedSchedule.Discount"] | None = None
            metadata: dict[str, str] | None = None
            tax_rates: list[Expandable] | None = None

        class AutomaticTax(StripeObject):
            enabled: bool

        items: list[PhaseItem]
        automatic_tax: AutomaticTax | None = None
        default_tax_rates: list[Expandable] | None = None
        discounts: list["StripePlannedSchedule.Discount"] | None = None
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
        items=tuple(
            PhaseItem(
                price_id=item.price,
                quantity=item.quantity,
                keeps=_kept(item, "discounts", "metadata", "tax_rates"),
            )
            for item in phase.items
        ),
        keeps=_kept(phase, "automatic_tax", "default_tax_rates", "discounts"),
        trial_end=phase.trial_end,
    )


def _kept(part: StripeObject, *names: str) -> dict[str, Any]:
    """What is set of these, as Stripe takes it."""
    kept = part.model_dump(include={*names}, exclude_none=True)
    return {name: value for name, value in kept.items() if value}


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

        class Discounted(StripeObject):
            amount: int

        description: str | None = None
        amount: int
        discount_amounts: list[Discounted] | None = None
        period: Period
        parent: Parent | None = None

        @property
        def discounted(self) -> int:
            """What discounts leave of the amount."""
            return self.amount - sum(each.amount for each in self.discount_amounts or ())

        @property
        def proration(self) -> bool:
            """Whether it settles a part of a period."""
            return self._details is not None and self._details.proration

        @property
        def recurring(self) -> bool:
            """Whether it bills a whole period of the subscription."""
            return self._details is not None and not self._details.proration

        @property
        def _details(self) -> "StripePreview.Line.Parent.Details | None":
            return self.parent.subscription_item_details if self.parent else None

    currency: str
    total: int
    amount_due: int
    starting_balance: int
    lines: StripeList[Line]

    @property
    def balance_after(self) -> int:
        """The balance once it is settled: the credit that is left or given; a debt is charged."""
        return min(0, self.starting_balance + self.total)

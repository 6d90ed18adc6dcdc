"""What a change of plan would cost: asked of Stripe, pinned, and held to."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

from billing.contracts.stripe_plans import StripePreview
from billing.domain.errors import QuoteOutdated, StripeNotFound
from billing.domain.plan_change import PlanChange, next_to_change
from billing.domain.quote import (
    QUOTE_SECONDS,
    Quote,
    change_preview,
    check_holds,
    pinned_by,
    renewal_preview,
)
from billing.domain.record import Subscription
from billing.runtime import Ports
from billing.standing import Look, Standings, Wish


class QuoteCalls(Protocol):
    """What a quote asks of Stripe."""

    def preview_invoice(self, params: dict[str, Any]) -> StripePreview: ...


class Offer(NamedTuple):
    """A quote, what it bills now, and the first whole period after it; None for nothing."""

    quote: Quote
    now: StripePreview | None
    renewal: StripePreview | None
    renews_at: int

    @property
    def renewal_due(self) -> int | None:
        """What the first whole period charges; what is billed or credited now no more counts."""
        if self.now is None or self.renewal is None:
            return self.renewal.amount_due if self.renewal else None
        billed = sum(line.discounted for line in self.renewal.lines.data if not line.recurring)
        return max(0, self.renewal.total - billed + self.now.balance_after)


class Quotes:
    """Works out quotes, and refuses those that hold no more."""

    def __init__(self, ports: Ports, standings: Standings, threads: ThreadPoolExecutor) -> None:
        self._now = ports.now
        self._stripe: QuoteCalls = ports.stripe
        self._standings = standings
        self._threads = threads

    def offer(self, user_id: str, wish: Wish) -> Offer:
        """Work out what a change would cost, and pin it. Nothing is changed.

        Raises:
            NewPriceNotOffered: there is no such plan for this customer.
            PaymentOverdue, SubscriptionEnding, SubscriptionNotActive: not as it stands.
            SubscriptionNotFound: there is none that hasn't ended.
        """
        look, now = self._standings.look(user_id), self._now()
        subscription = look.standing.subscription
        at = _within_period(subscription, now)
        wanted = self._standings.wanted(look, wish).model_copy(update={"proration_date": at})
        next_to_change(look.standing, wanted)  # refuses what can't be changed
        renewing = self._threads.submit(self._renewal, look, wanted)
        due = self._due(look, wanted)
        quote = Quote(
            user_id=user_id,
            pinned=pinned_by(subscription),
            wanted=wanted.plan,
            effective=wanted.effective,
            proration_date=at,
            amount_due=due.amount_due if due else 0,
            total=due.total if due else 0,
            expires_at=now + QUOTE_SECONDS,
        )
        billed = [line.period.end for line in due.lines.data if line.amount >= 0] if due else []
        renews_at = max(billed, default=subscription.current_period_end)
        return Offer(quote, due, renewing.result(), renews_at)

    def check(self, quote: Quote, look: Look, wanted: PlanChange) -> None:
        """Let a quote pass that Stripe would still bill as it says.

        Raises:
            QuoteOutdated: it has expired, or something has changed since.
        """
        if look.standing.plan == wanted.plan != quote.pinned.plan:
            return  # it was accepted: what is left to do costs nothing
        check_holds(quote, look.standing.subscription, self._now())
        due = self._due(look, wanted)
        amounts = (due.amount_due, due.total) if due else (0, 0)
        if amounts != (quote.amount_due, quote.total):
            raise QuoteOutdated("the amount has changed since")

    def _due(self, look: Look, wanted: PlanChange) -> StripePreview | None:
        """What the change bills at once: nothing in a trial, or at the end of the period."""
        subscription = look.standing.subscription
        if wanted.effective == "period_end" or subscription.status == "trialing":
            return None
        if look.standing.plan == wanted.plan:
            return None
        return self._stripe.preview_invoice(change_preview(subscription, wanted))

    def _renewal(self, look: Look, wanted: PlanChange) -> StripePreview | None:
        """The first whole period; None where the subscription ends before it."""
        try:
            return self._stripe.preview_invoice(renewal_preview(look.standing.subscription, wanted))
        except StripeNotFound:
            return None


def _within_period(subscription: Subscription, now: int) -> int:
    """The moment to prorate by: our clock may be off, and Stripe takes none beyond the period."""
    first, last = subscription.current_period_start, subscription.current_period_end - 1
    return min(max(now, first), last)

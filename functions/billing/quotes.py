"""What a change of plan would cost: asked of Stripe, pinned, and held to."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

from billing.contracts.stripe_plans import StripePreview
from billing.domain.errors import QuoteOutdated
from billing.domain.plan_change import PlanChange, next_to_change
from billing.domain.quote import (
    QUOTE_SECONDS,
    Quote,
    change_preview,
    check_holds,
    pinned_by,
    renewal_preview,
)
from billing.runtime import Ports
from billing.standing import Look, Standings, Wish


class QuoteCalls(Protocol):
    """What a quote asks of Stripe."""

    def preview_invoice(self, params: dict[str, Any]) -> StripePreview: ...


class Offer(NamedTuple):
    """A quote, what it bills now (None for nothing), and the first whole period after it."""

    quote: Quote
    now: StripePreview | None
    renewal: StripePreview
    renews_at: int


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
        wanted = self._standings.wanted(look, wish).model_copy(update={"proration_date": now})
        next_to_change(look.standing, wanted)  # refuses what can't be changed
        renewing = self._threads.submit(self._renewal, look, wanted)
        due = self._due(look, wanted)
        quote = Quote(
            user_id=user_id,
            pinned=pinned_by(look.standing.subscription),
            wanted=wanted.plan,
            effective=wanted.effective,
            proration_date=now,
            amount_due=due.amount_due if due else 0,
            expires_at=now + QUOTE_SECONDS,
        )
        ends = [line.period.end for line in due.lines.data] if due else []
        renews_at = max(ends, default=look.standing.subscription.current_period_end)
        return Offer(quote, due, renewing.result(), renews_at)

    def check(self, quote: Quote, look: Look, wanted: PlanChange) -> None:
        """Let a quote pass that Stripe would still bill as it says.

        Raises:
            QuoteOutdated: it has expired, or something has changed since.
        """
        check_holds(quote, look.standing.subscription, self._now())
        due = self._due(look, wanted)
        if (due.amount_due if due else 0) != quote.amount_due:
            raise QuoteOutdated("the amount has changed since")

    def _due(self, look: Look, wanted: PlanChange) -> StripePreview | None:
        """What the change bills at once: nothing in a trial, or at the end of the period."""
        subscription = look.standing.subscription
        if wanted.effective == "period_end" or subscription.status == "trialing":
            return None
        if look.standing.plan == wanted.plan:
            return None
        return self._stripe.preview_invoice(change_preview(subscription, wanted))

    def _renewal(self, look: Look, wanted: PlanChange) -> StripePreview:
        recurring = look.subscription.recurring
        present = (recurring.interval, recurring.interval_count)
        params = renewal_preview(
            look.standing.subscription,
            wanted,
            look.subscription.customer,
            same_interval=present == (wanted.interval, wanted.interval_count),
        )
        return self._stripe.preview_invoice(params)

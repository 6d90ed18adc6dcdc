"""What a user may use, derived from the record whenever it is asked for and never stored."""

from billing.domain.record import LIVE, PAID, Level, Record, Value


class Access(Value):
    """A level, the second it lasts until (None: open-ended) and the reason in Stripe's words."""

    level: Level
    until: int | None = None
    reason: str


def access_of(record: Record, now: int) -> Access:
    """Derive the access that ``record`` gives at ``now`` (UTC seconds).

    The subscription's status decides; paid access lasts until ``cancel_at`` where that is set.
    """
    subscription = record.subscription
    if subscription is None:
        return Access(level="none", until=None, reason="no_subscription")
    if subscription.status in PAID:
        end = subscription.cancel_at
        if end is not None and end <= now:
            return Access(level="none", until=None, reason="canceled")
        return Access(level="full", until=end, reason=subscription.status)
    if subscription.status == "past_due":
        return Access(level="grace", until=None, reason="past_due")
    if subscription.status in LIVE:
        return Access(level="restricted", until=None, reason=subscription.status)
    return Access(level="none", until=None, reason=subscription.status)

"""What the functions count, for the alarms and the dashboard of ``template.yaml``.

Guards that measuring disturbs nothing: it makes no call, prints nothing until the invocation ends,
and holds its tongue outside of one. The stack is the only dimension: with a customer's id or an
event's type in it, each would be a metric of its own, and be billed as one.
"""

from collections import deque
from enum import StrEnum

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "ScaiBilling"


class Metric(StrEnum):
    """Everything that is measured."""

    #: At the relay: EventBridge holds the delivery; it doesn't, and that is our fault; somebody has
    #: signed it who doesn't know our secret, or too long ago.
    EVENT_CAPTURED = "EventCaptured"
    CAPTURE_FAILED = "CaptureFailed"
    SIGNATURE_REFUSED = "SignatureRefused"
    #: At Claim Event, whichever door it came by: seconds from Stripe's event to its first claim.
    EVENT_AGE = "EventAge"
    DUPLICATE_IGNORED = "DuplicateIgnored"
    #: In the transaction, and when EventBridge holds them.
    FACT_COMMITTED = "FactCommitted"
    FACT_PUBLISHED = "FactPublished"
    #: When a comparison of everything with Stripe is done.
    RUN_COMPLETED = "RunCompleted"
    DRIFT_FOUND = "DriftFound"
    DRIFT_HEALED = "DriftHealed"
    DRIFT_UNHEALED = "DriftUnhealed"
    #: SES took it; SES refused it for good, or may have.
    MAIL_SENT = "MailSent"
    MAIL_FAILED = "MailFailed"
    #: Stripe's rate limit; every other way of not getting an answer.
    STRIPE_RATE_LIMITED = "StripeRateLimited"
    STRIPE_UNAVAILABLE = "StripeUnavailable"


_IN_SECONDS = {Metric.EVENT_AGE}

#: Threads append while the handler ends. Outside of Lambda nobody empties it.
_measured: deque[tuple[Metric, float]] = deque(maxlen=1_000)


def measure(metric: Metric, value: float = 1) -> None:
    """Note a measurement; the invocation tells it when it ends."""
    _measured.append((metric, value))


def tell() -> None:
    """Print what was measured in CloudWatch's embedded metric format, if anything was."""
    if not _measured:
        return
    metrics = EphemeralMetrics(namespace=NAMESPACE)
    while _measured:
        metric, value = _measured.popleft()
        unit = MetricUnit.Seconds if metric in _IN_SECONDS else MetricUnit.Count
        metrics.add_metric(metric, unit, value)
    if metrics.metric_set:  # a hundredth value has made Powertools print them
        metrics.flush_metrics()


def forget() -> None:
    """Drop what was measured, untold."""
    _measured.clear()

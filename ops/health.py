"""Is all well: both doors, what is stuck, what was found to differ; each with what to do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from math import inf
from typing import Any, Literal, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from billing.aws import error_code
from billing.contracts.routing import ROUTED_TYPES, is_routed
from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import BillingError
from billing.domain.record import Value
from billing.timestamps import DAY
from ops.amounts import moment
from ops.doors import Door, doors
from ops.drift import EVERYTHING, report_of
from ops.indexes import ON_ITS_WAY, count_in_attention
from ops.target import Target

Verdict = Literal["ok", "warn", "bad"]

HOUR = 3_600
#: An event takes seconds; Stripe's own EventBridge deliveries take up to minutes.
_LONG_LAG = 300
#: Nobody settles a mail that failed: after a week it is no news that calls for a look.
_OLD_NEWS = 7 * DAY


class Check(Value):
    """One thing that was looked at; ``do`` is the command that shows or mends it."""

    name: str
    verdict: Verdict
    says: str
    do: str | None = None


class Health(Value):
    """All checks; ``healthy``: nothing is bad."""

    healthy: bool
    at: datetime
    doors: tuple[Door, ...]
    checks: tuple[Check, ...]


Look = Callable[[Target], Iterator[Check]]


def health(target: Target) -> Health:
    """Look at everything, at once. What can't be looked at is bad, and says why."""
    found: list[Door] = []
    looks = {"doors": partial(_doors, found)} | _LOOKS
    with ThreadPoolExecutor(len(looks)) as pool:
        parts = list(pool.map(partial(_looked, target), looks, looks.values()))
    checks = tuple(check for part in parts for check in part)
    return Health(
        healthy=all(check.verdict != "bad" for check in checks),
        at=moment(target.ports.now()),
        doors=tuple(found),
        checks=checks,
    )


def _looked(target: Target, name: str, look: Look) -> list[Check]:
    """What a look finds; what keeps us from looking on is noted beside it."""
    checks: list[Check] = []
    try:
        checks.extend(look(target))
    except (BillingError, BotoCoreError, ClientError) as error:
        says = f"can't be looked at: {error}"
        do = "look at health.aws.amazon.com, and at what your profile allows"
        checks.append(Check(name=name, verdict="bad", says=says, do=do))
    return checks


def _doors(found: list[Door], target: Target) -> Iterator[Check]:
    """Look at the doors, and keep what was found."""
    found += doors(target)
    yield from _of_doors(target, found)


def _of_doors(target: Target, found: Sequence[Door]) -> Iterator[Check]:
    ages = [door.age_seconds for door in found if door.age_seconds is not None]
    expected = int(target.parameters["NoEventHours"]) * HOUR
    silent = expected > 0 and (not ages or min(ages) > expected)
    says = f"the last event came {span(min(ages))} ago" if ages else "no event has ever come"
    yield Check(
        name="events",
        verdict="warn" if silent else "ok",
        says=says,
        do="look at the destination in Stripe's dashboard: is it enabled?" if silent else None,
    )
    for door in found:
        slow = (door.lag_seconds or 0) > _LONG_LAG
        yield Check(
            name=f"door {door.name}",
            verdict="warn" if slow else "ok",
            says="not used lately"
            if door.lag_seconds is None
            else f"events take {span(door.lag_seconds)} from Stripe to their machine",
            do="scai-ops dlq list" if slow else None,
        )


def _at_stripe(target: Target) -> Iterator[Check]:
    """What Stripe has told in the last hour and our ledger doesn't know."""
    now = target.ports.now()
    try:
        told = _told_by_stripe(target, now - HOUR, now - ON_ITS_WAY)
    except BillingError as error:
        says = f"Stripe's events can't be read: {error}"
        yield Check(name="stripe", verdict="bad", says=says, do="look at status.stripe.com")
        return
    standing = target.ports.ledger.standing_of(told)
    lost = [event_id for event_id in told if event_id not in standing]
    if lost:
        says = f"{len(lost)} of Stripe's last {len(told)} events never came, such as {lost[0]}"
        yield Check(name="stripe", verdict="bad", says=says, do="scai-ops replay --since 1h")
    else:
        yield Check(name="stripe", verdict="ok", says="no event of the last hour is missing")


def _told_by_stripe(target: Target, since: int, until: int) -> list[str]:
    """The newest events that a rule wants: a page of each group of types."""
    pages = (target.ports.stripe.events_page(types, since, until, None) for types in ROUTED_TYPES)
    return [event["id"] for page in pages for event in page.items if _is_wanted(event)]


def _is_wanted(event: Mapping[str, Any]) -> bool:
    try:
        return is_routed(StripeEvent.model_validate(event))
    except ValidationError:
        return True


def _dead_letters(target: Target) -> Iterator[Check]:
    sqs = target.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    for queue, url in target.dead_letter_queues.items():
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        count = sum(int(answer["Attributes"][name]) for name in names)
        yield Check(
            name=f"dead letters: {queue}",
            verdict="bad" if count else "ok",
            says=f"{count} messages" if count else "none",
            do=f"scai-ops dlq list --queue {queue}" if count else None,
        )


class _Attention(NamedTuple):
    """A kind of entry in attention: how bad it is, what it means, and what to do about it.

    It counts from ``after`` until ``before`` seconds of age.
    """

    value: str
    name: str
    verdict: Verdict
    what: str
    do: str
    after: int = 0
    before: int | None = None


_ATTENTION = (
    _Attention("failed", "failures", "bad", "events failed", "scai-ops executions --failed"),
    _Attention(
        "unpublished",
        "facts",
        "bad",
        "facts aren't on the bus yet",
        "scai-ops publish-facts, once docs/runbook.md#facts-not-published is mended",
        ON_ITS_WAY,
    ),
    _Attention(
        "mail_failed",
        "mails",
        "warn",
        "mails failed",
        "see docs/runbook.md#mails-refused",
        before=_OLD_NEWS,
    ),
    _Attention(
        "mail_unsent",
        "mails on their way",
        "warn",
        "mails may have left or not",
        "look them up at SES",
        ON_ITS_WAY,
        _OLD_NEWS,
    ),
    _Attention(
        "unreplayed",
        "events set aside",
        "warn",
        "events wait for a replay, their customers are linked by now",
        "scai-ops reconcile --all",
    ),
    _Attention("drift", "drift", "bad", "reconciliations left drift", "scai-ops drift"),
)


def _in_attention(target: Target) -> Iterator[Check]:
    now = target.ports.now()
    for kind in _ATTENTION:
        since = 0 if kind.before is None else now - kind.before
        count = count_in_attention(target, kind.value, since, now - kind.after)
        how_long = f", for {span(now - count.oldest)}" if count.oldest is not None else ""
        yield Check(
            name=kind.name,
            verdict=kind.verdict if count.count else "ok",
            says=f"{count} {kind.what}{how_long}" if count.count else "none",
            do=kind.do if count.count else None,
        )


def _nightly_run(target: Target) -> Iterator[Check]:
    now = target.ports.now()
    entry = target.ports.runs.find(EVERYTHING)
    if entry is None or entry.covered_until is None:
        says = "everything was never compared with Stripe"
        yield Check(name="reconciliation", verdict="warn", says=says, do="scai-ops reconcile --all")
        return
    report, age = report_of(target, entry), now - entry.covered_until
    says = f"everything was compared with Stripe {span(age)} ago"
    broken = not report.complete and not report.running
    bad = broken or age > _longest_gap(target)
    yield Check(
        name="reconciliation",
        verdict="bad" if bad else "ok",
        says=f"{says}; the last run broke off" if broken else says,
        do="scai-ops reconcile --all" if bad else None,
    )


def _longest_gap(target: Target) -> float:
    """Seconds between the beginnings of two runs, with an hour for the second to come to its end.

    Where no schedule starts them there is no such time.
    """
    if target.parameters["ReconcileState"] != "ENABLED":
        return inf
    return (int(target.parameters["ReconcileOverdueHours"]) + 1) * HOUR


def _alarms(target: Target) -> Iterator[Check]:
    """CloudWatch's alarms of this stack, which are those that tell its topic."""
    topic = f":{target.stack_name}-alarms"
    pages = target.client("cloudwatch").get_paginator("describe_alarms")
    prefix = f"{target.stack_name}-"  # begins other stacks' names too
    try:
        alarms = [
            alarm
            for page in pages.paginate(StateValue="ALARM", AlarmNamePrefix=prefix)
            for alarm in page["MetricAlarms"]
            if any(action.endswith(topic) for action in alarm.get("AlarmActions", ()))
        ]
    except ClientError as error:
        says = f"can't be read: {error_code(error)}"
        do = "attach the stack's OperatorReadPolicy"
        yield Check(name="alarms", verdict="warn", says=says, do=do)
        return
    if not alarms:
        yield Check(name="alarms", verdict="ok", says="none is in alarm")
    for alarm in alarms:
        says, _, section = alarm.get("AlarmDescription", "").rpartition(" ")
        yield Check(
            name=f"alarm {alarm['AlarmName']}",
            verdict="bad",
            says=says or "in alarm",
            do=f"see {section or 'docs/runbook.md'}",
        )


_LOOKS: dict[str, Look] = {
    "stripe": _at_stripe,
    "dead letters": _dead_letters,
    "ledger": _in_attention,
    "reconciliation": _nightly_run,
    "alarms": _alarms,
}


def span(seconds: int) -> str:
    """Write a span of time in its largest unit."""
    for unit, size in (("d", DAY), ("h", HOUR), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"

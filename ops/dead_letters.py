"""Dead letters: what reached nobody, in which queue, what became of it and what would help.

Everything is read from the message itself, as EventBridge, Lambda's destinations and the mailer
write it. Guards that a message which nobody can read is shown all the same, and left alone.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError

from billing.contracts.facts import SOURCE as FACTS
from billing.contracts.stripe_events import StripeEvent
from billing.domain.record import Value
from billing.front_door import SOURCE as RELAY

Json = dict[str, Any]

#: What bringing a message again to what missed it comes to; ``none``: nothing is known to help.
Remedy = Literal[
    "put_on_bus", "start_reconcile", "note_failure", "publish_facts", "queue_mail", "none"
]

_PARTNER = "aws.partner/stripe.com/"
_EVENT_ID = re.compile(r"\bevt_[A-Za-z0-9_]{1,251}")


class DeadLetter(Value):
    """One message. ``id`` stays the same however often it is looked at.

    ``what`` is the type of the event or fact, ``event_id`` the Stripe event behind it, ``target``
    what it did not reach. ``condition`` is what was exhausted, as AWS names it; ``tries`` how often
    it was tried.
    """

    id: str
    queue: str
    sent_at: datetime
    what: str
    remedy: Remedy
    event_id: str | None = None
    customer_id: str | None = None
    user_id: str | None = None
    target: str | None = None
    error: str | None = None
    message: str | None = None
    condition: str | None = None
    tries: int | None = None
    body: str


class QueueLook(Value):
    """What a look at a queue found, the oldest first.

    ``missing`` is about how many more there are: beyond the limit, or in somebody else's hands.
    """

    queue: str
    letters: tuple[DeadLetter, ...]
    missing: int

    @property
    def complete(self) -> bool:
        return self.missing == 0


class Handled(Value):
    """What came of one message. Where it isn't ``done`` it stays in its queue."""

    id: str
    queue: str
    what: str
    event_id: str | None
    done: bool
    result: str


def read(queue: str, message: Json) -> DeadLetter:
    """Read a message as SQS gives it, with all of its attributes."""
    body: str = message["Body"]
    sent_at = int(message["Attributes"]["SentTimestamp"]) / 1000
    told = _READERS[queue](message, document(body))
    head = {"id": message["MessageId"], "queue": queue, "body": body}
    return DeadLetter(**head, sent_at=datetime.fromtimestamp(sent_at, UTC), **told)


def _undelivered(message: Json, event: Json) -> Json:
    """Read an event that a rule's target did not take (EventBridge, "Using dead-letter queues")."""
    attributes = {n: a.get("StringValue") for n, a in message.get("MessageAttributes", {}).items()}
    tries = attributes.get("RETRY_ATTEMPTS")
    return _event(event, message["Body"]) | {
        "target": _name(attributes.get("TARGET_ARN")),
        "error": attributes.get("ERROR_CODE"),
        "message": attributes.get("ERROR_MESSAGE"),
        "condition": attributes.get("EXHAUSTED_RETRY_CONDITION"),
        "tries": int(tries) if tries and tries.isdecimal() else None,
    }


def _unnoted(message: Json, record: Json) -> Json:
    """Read an event that a function failed at, as Lambda's destination wraps it.

    Only the function helps: by any other remedy it would leave the queue, the failure unnoted.
    """
    payload = record.get("requestPayload")
    told = _event(payload if isinstance(payload, dict) else {}, message["Body"])
    if told["remedy"] != "note_failure":
        told["remedy"] = "none"
    answer = _at(record, "responsePayload", "errorMessage")
    error = _text(_at(record, "responsePayload", "errorType"))
    return (
        told
        | _attempts(record)
        | ({"message": _text(answer)} if answer else {})
        | ({"error": error} if error else {})
    )


def _unpublished(_message: Json, record: Json) -> Json:
    """Read where in the ledger's stream facts were given up: there are no data with it."""
    count = _at(record, "DDBStreamBatchInfo", "batchSize")
    what = f"{count} changes of the ledger" if count else "changes of the ledger"
    return {"what": what, "remedy": "publish_facts"} | _attempts(record)


def _unsent(message: Json, event: Json) -> Json:
    """Read a fact whose mail could not be sent, as the mailer or its queue left it."""
    return _event(event, message["Body"]) | {"remedy": "queue_mail"}


_READERS: Mapping[str, Callable[[Json, Json], Json]] = {
    "events": _undelivered,
    "failures": _unnoted,
    "facts": _unpublished,
    "mails": _unsent,
}


def _event(event: Json, body: str) -> Json:
    """Read an event of EventBridge's, by who sent it."""
    what = _text(event.get("detail-type")) or "unreadable"
    source = _text(event.get("source")) or ""
    if source == RELAY or source.startswith(_PARTNER):
        return {"what": what} | _stripe_event(event.get("detail"), body)
    if source == FACTS:
        return {"what": what, "remedy": "queue_mail"} | _fact(event)
    if source == "aws.states":
        return {"what": what, "remedy": "note_failure"} | _status_change(event)
    if source == "aws.events":
        return {"what": what, "remedy": "start_reconcile"}
    return {"what": what} | _stripe_event(None, body)


def _stripe_event(detail: Any, body: str) -> Json:
    """Say which one it is; one that is cut off or misshapen is still named by its id."""
    try:
        event = StripeEvent.model_validate(detail)
    except ValidationError:
        named = _EVENT_ID.search(body)
        return (
            {"event_id": named[0], "remedy": "put_on_bus"}
            if named is not None
            else {"remedy": "none"}
        )
    return {"event_id": event.id, "customer_id": event.customer_id, "remedy": "put_on_bus"}


def _fact(event: Json) -> Json:
    cause = _text(_at(event, "detail", "cause"))
    return {
        "event_id": cause if cause and _EVENT_ID.fullmatch(cause) else None,
        "customer_id": _text(_at(event, "detail", "customer_id")),
        "user_id": _text(_at(event, "detail", "user_id")),
    }


def _status_change(event: Json) -> Json:
    """Name the event that the failed execution was started with, where AWS says."""
    started_with = document(_text(_at(event, "detail", "input")) or "")
    told = _stripe_event(started_with.get("event"), "")
    return {name: told.get(name) for name in ("event_id", "customer_id")} | {
        "error": _text(_at(event, "detail", "error"))
    }


def _attempts(record: Json) -> Json:
    """What Lambda says of how it tried."""
    tries = _at(record, "requestContext", "approximateInvokeCount")
    return {
        "target": _name(_text(_at(record, "requestContext", "functionArn"))),
        "error": _text(_at(record, "responseContext", "functionError")),
        "condition": _text(_at(record, "requestContext", "condition")),
        "tries": tries if isinstance(tries, int) else None,
    }


def _name(arn: str | None) -> str | None:
    """What an ARN names, without a function's alias."""
    if arn is None:
        return None
    parts = arn.split(":", 5)[-1].split(":")
    return parts[1] if parts[0] == "function" and len(parts) > 1 else parts[-1]


def document(text: str) -> Json:
    """Read a JSON object; anything else, also what is nested too deeply, is an empty one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _at(document: Json, *path: str) -> Any:
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

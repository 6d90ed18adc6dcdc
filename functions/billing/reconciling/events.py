"""Bring events that were lost: those that Stripe tells of and our ledger doesn't know.

They are put on our bus as if they had come by the webhook, so that the same machine runs as would
have run then, and the ledger keeps out what did come. What failed is only counted: ops retry it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import to_json

from billing.bus import batches
from billing.contracts.reconcile import Cursor
from billing.contracts.routing import ROUTED_TYPES, is_routed
from billing.contracts.stripe_events import StripeEvent
from billing.domain.drift import Kind
from billing.domain.errors import BusUnavailable
from billing.front_door import enveloped
from billing.reconciling.look import Look
from billing.store.ledger import Standing

#: An event younger than this (seconds) may still be on its way.
ON_ITS_WAY: Final = 300
#: An event that was begun this long ago (seconds) and has no outcome isn't worked on any more.
UNFINISHED: Final = 3600


def replay_lost_events(look: Look) -> Cursor | None:
    """Compare one page of events with the ledger; None where there are no more."""
    cursor, run = look.run.cursor, look.run
    until = run.started_at - ON_ITS_WAY
    page = look.ports.stripe.events_page(ROUTED_TYPES[cursor.group], run.since, until, cursor.after)
    events = {event["id"]: event for event in page.items if _wanted(event, look)}
    look.findings.looked_at("events", len(events))
    kinds = _kinds(list(events), look)
    again = [event for id_, event in events.items() if kinds.get(id_) not in (None, "failed_event")]
    _put(again, look)
    for event_id, kind in kinds.items():
        look.findings.found(kind, event_id, healed=kind != "failed_event")
    if page.more:
        return cursor.model_copy(update={"after": page.last.id})
    if cursor.group + 1 < len(ROUTED_TYPES):
        return Cursor(phase="events", group=cursor.group + 1)
    return None


def _wanted(event: Mapping[str, Any], look: Look) -> bool:
    """Whether a rule wants an event. One that can't be read, by no machine either, is reported."""
    try:
        return is_routed(StripeEvent.model_validate(event))
    except ValidationError:
        look.findings.found("unreadable", event["id"])
        return False


def _kinds(event_ids: Sequence[str], look: Look) -> dict[str, Kind]:
    """Say what is wrong with each event with which something is."""
    standing = look.ports.ledger.standing_of(event_ids)
    linked = look.ports.customers.users_of(
        s.waits_for_customer for s in standing.values() if s.waits_for_customer
    )
    begun_before = look.ports.now() - UNFINISHED
    kinds = {id_: _kind(standing.get(id_), linked, begun_before) for id_ in event_ids}
    return {id_: kind for id_, kind in kinds.items() if kind is not None}


def _kind(standing: Standing | None, linked: Mapping[str, str], begun_before: int) -> Kind | None:
    if standing is None:
        return "lost_event"
    if standing.outcome == "failed":
        return "failed_event"
    if standing.waits_for_customer in linked:
        return "unattributed_event"
    if standing.outcome is None and standing.received_at < begun_before:
        return "unfinished_event"
    return None


def _put(events: Sequence[dict[str, Any]], look: Look) -> None:
    """Put events on our bus; a refused one lets the step begin anew, which doubles nothing."""
    for batch in batches([enveloped(to_json(event), event) for event in events]):
        refused = look.ports.bus.put_all(batch)
        if refused:
            raise BusUnavailable(f"EventBridge refused {len(refused)} events")

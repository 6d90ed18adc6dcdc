"""The outbox: facts that were committed with their record, on their way to our bus.

Guards that a fact is marked as published only once EventBridge holds it, whoever publishes it: the
ledger's stream, or ops once the stream has given up. A fact may be sent twice, under one id.
"""

from collections.abc import Mapping
from typing import Any

from billing.bus import Bus, Envelope
from billing.contracts.facts import SOURCE, told
from billing.domain.facts import Fact
from billing.runtime import Ports

#: Tries at once for an entry that EventBridge refused, before whoever publishes comes again.
ATTEMPTS = 3


def fact_in(item: Mapping[str, Any]) -> Fact:
    """Read a fact from the ledger's item, as ``Ledger.adding`` wrote it; unset members aren't."""
    return Fact.model_validate(dict.fromkeys(Fact.model_fields) | item["fact"])


def publish(facts: Mapping[str, Fact], ports: Ports) -> frozenset[str]:
    """Publish at most ten facts and mark them so; give the keys of those that were refused.

    Raises:
        BusUnavailable: EventBridge did not answer; nothing is marked.
    """
    refused = _put({key: _envelope(fact) for key, fact in facts.items()}, ports.bus)
    for key, fact in facts.items():
        if key not in refused:
            ports.ledger.mark_published(fact.key, ports.now())
    return frozenset(refused)


def _envelope(fact: Fact) -> Envelope:
    return Envelope(source=SOURCE, detail_type=fact.type, detail=told(fact).model_dump_json())


def _put(waiting: dict[str, Envelope], bus: Bus) -> dict[str, Envelope]:
    """Put them and return the refused ones, tried again so that the others aren't sent twice."""
    for _ in range(ATTEMPTS):
        if not waiting:
            break
        refused = bus.put_all(list(waiting.values()))
        waiting = {
            key: envelope
            for position, (key, envelope) in enumerate(waiting.items())
            if position in refused
        }
    return waiting

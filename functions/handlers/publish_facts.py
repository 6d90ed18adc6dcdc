"""Publish Facts, on the ledger's stream: put committed facts on our bus.

Guards that a fact that was committed with its record is told, whatever fails: it is marked
published only once EventBridge holds it, and reported as failed until then, from the first one
that failed on, so that the stream tries again from there. A fact may be sent twice, under one id.
"""

from itertools import dropwhile
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.bus import Bus, Envelope
from billing.contracts.facts import SOURCE, told
from billing.domain.facts import Fact
from billing.observability import logger
from billing.runtime import Ports
from billing.store.dynamodb import from_item

#: Tries at once for an entry that EventBridge refused, before the stream's own backoff.
ATTEMPTS = 3

Batch = dict[str, Any]


def publish_facts(batch: Batch, ports: Ports) -> Batch:
    """Publish a batch of at most ten; answer with what the stream must deliver again.

    Raises:
        BusUnavailable: EventBridge did not answer; the whole batch must be delivered again.
    """
    facts = {record["dynamodb"]["SequenceNumber"]: _fact(record) for record in batch["Records"]}
    refused = _put({number: _envelope(fact) for number, fact in facts.items()}, ports.bus)
    published = [fact for number, fact in facts.items() if number not in refused]
    for fact in published:
        ports.ledger.mark_published(fact.key, ports.now())
    logger.info("facts published", facts=[fact.key for fact in published], refused=len(refused))
    again = dropwhile(lambda number: number not in refused, facts)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}


def _fact(record: dict[str, Any]) -> Fact:
    """Read the fact as ``Ledger.adding`` wrote it; unset members are not stored."""
    stored = from_item(record["dynamodb"]["NewImage"])["fact"]
    return Fact.model_validate(dict.fromkeys(Fact.model_fields) | stored)


def _envelope(fact: Fact) -> Envelope:
    return Envelope(source=SOURCE, detail_type=fact.type, detail=told(fact).model_dump_json())


def _put(waiting: dict[str, Envelope], bus: Bus) -> dict[str, Envelope]:
    """Put them and return the refused ones, tried again so that the others aren't sent twice."""
    for _ in range(ATTEMPTS):
        if not waiting:
            break
        refused = bus.put_all(list(waiting.values()))
        waiting = {
            number: envelope
            for position, (number, envelope) in enumerate(waiting.items())
            if position in refused
        }
    return waiting


_ports = Ports()


@logger.inject_lambda_context(clear_state=True)
def handler(event: Batch, _context: LambdaContext) -> Batch:
    """Lambda's entry point."""
    return publish_facts(event, _ports)

"""Publish Facts, on the ledger's stream: put committed facts on our bus.

Guards that a fact that was committed with its record is told, whatever fails: until EventBridge
holds it, it is reported as failed, from the first one that failed on, so that the stream tries
again from there.
"""

from itertools import dropwhile
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.domain.facts import Fact
from billing.metrics import Metric, measure
from billing.observability import logger, observed
from billing.outbox import fact_in, publish
from billing.runtime import Ports
from billing.store.dynamodb import from_item

Batch = dict[str, Any]


def publish_facts(batch: Batch, ports: Ports) -> Batch:
    """Publish a batch of at most ten; answer with what the stream must deliver again.

    Raises:
        BusUnavailable: EventBridge did not answer; the whole batch must be delivered again.
    """
    changes = [record["dynamodb"] for record in batch["Records"]]
    facts = {change["SequenceNumber"]: fact_in(from_item(change["NewImage"])) for change in changes}
    refused = publish(facts, ports)
    for number, fact in facts.items():
        _tell(fact, refused=number in refused)
    again = dropwhile(lambda number: number not in refused, facts)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}


def _tell(fact: Fact, *, refused: bool) -> None:
    """Log a line for each fact, by whose it is."""
    whose = {
        "fact": fact.key,
        "event_id": fact.cause,
        "user_id": fact.user_id,
        "customer_id": fact.customer_id,
    }
    if refused:
        logger.warning("fact refused", extra=whose)
    else:
        measure(Metric.FACT_PUBLISHED)
        logger.info("fact published", extra=whose)


_ports = Ports()


@observed
def handler(event: Batch, _context: LambdaContext) -> Batch:
    """Lambda's entry point."""
    return publish_facts(event, _ports)

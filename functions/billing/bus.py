"""Our event bus: puts entries and says which of them EventBridge did not take."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from billing.aws import SHORT_CALLS
from billing.domain.errors import BusUnavailable
from billing.domain.record import Value

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


#: What PutEvents takes at once, in entries and in bytes: AWS names 256 KB in some places and 1 MB
#: in others, and the smaller is right everywhere.
MOST_ENTRIES = 10
LARGEST_REQUEST = 256_000


class Envelope(Value):
    """One entry; ``detail`` is JSON text."""

    source: str
    detail_type: str
    detail: str
    resources: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Its bytes, as AWS counts them ("Calculating PutEvents event entry size")."""
        texts = (self.source, self.detail_type, self.detail, *self.resources)
        return sum(len(text.encode()) for text in texts)


def batches(envelopes: Sequence[Envelope]) -> Iterator[list[Envelope]]:
    """Divide envelopes, in their order, into as many as may be put at once."""
    batch: list[Envelope] = []
    for envelope in envelopes:
        full = sum(e.size for e in batch) + envelope.size > LARGEST_REQUEST
        if batch and (full or len(batch) == MOST_ENTRIES):
            yield batch
            batch = []
        batch.append(envelope)
    if batch:
        yield batch


class Bus:
    """Puts events on one bus."""

    def __init__(self, name: str, client: "EventBridgeClient | None" = None) -> None:
        self._name = name
        self._client = client or boto3.client("events", config=SHORT_CALLS)

    def put(self, envelope: Envelope) -> None:
        """Put one event; returning means that EventBridge holds it.

        Raises:
            BusUnavailable: it was not taken, or whether it was is unknown.
        """
        failed = self.put_all([envelope])
        if failed:
            raise BusUnavailable(f"EventBridge refused an event: {failed[0]}")

    def put_all(self, envelopes: Sequence[Envelope]) -> Mapping[int, str]:
        """Put a batch of events; return the refused ones' positions and error codes.

        Raises:
            BusUnavailable: EventBridge did not answer, or took none of them.
        """
        entries: list[PutEventsRequestEntryTypeDef] = [
            {
                "EventBusName": self._name,
                "Source": envelope.source,
                "DetailType": envelope.detail_type,
                "Detail": envelope.detail,
                "Resources": list(envelope.resources),
            }
            for envelope in envelopes
        ]
        try:
            answer = self._client.put_events(Entries=entries)
        except ClientError as error:
            raise BusUnavailable(f"EventBridge refused all: {error}") from error
        except BotoCoreError as error:
            raise BusUnavailable(f"EventBridge did not answer: {type(error).__name__}") from error
        return {
            position: result.get("ErrorCode", "InternalFailure")
            for position, result in enumerate(answer["Entries"])
            if "EventId" not in result
        }

"""Looks at dead-letter queues, and takes messages off them.

SQS shows a message only by hiding it from everybody else for a while. Guards that a look leaves the
queue as it was: whatever is not deleted is given back at the end, however that comes (Ctrl-C too),
and what could not be seen is owned up to.
"""

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Any

from ops.dead_letters import DeadLetter, Json, QueueLook, read
from ops.errors import NotFound
from ops.target import Target

#: How many messages of a queue are looked at, unless somebody asks for more.
MOST = 1_000
#: How many are looked through for one that somebody names.
_FARTHEST = 20_000
#: SQS gives and takes back this many at once.
_PAGE = 10
#: How long a message stays hidden should we die; longer than handling a page takes.
_HIDDEN_SECONDS = 120
#: A long poll asks all of the servers: only its silence says that there are no more.
LONG_POLL_SECONDS = 1
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class Hold:
    """Holds messages of one queue, until it is left."""

    def __init__(self, sqs: Any, url: str) -> None:
        self._sqs = sqs
        self._url = url
        self._receipts: dict[str, str] = {}
        self._seen: set[str] = set()

    def __enter__(self) -> "Hold":
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Give back what is held."""
        receipts = list(self._receipts.values())
        for start in range(0, len(receipts), _PAGE):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                    for number, receipt in enumerate(receipts[start : start + _PAGE])
                ],
            )

    def messages(self) -> Iterator[Json]:
        """Take hold of each message there is.

        It ends when SQS has no more, or only such as it gave before.
        """
        while fresh := [m for m in self._receive() if m["MessageId"] not in self._seen]:
            self._seen.update(message["MessageId"] for message in fresh)
            yield from fresh

    def delete(self, message_id: str) -> None:
        """Delete a message that is held."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=self._receipts[message_id])
        del self._receipts[message_id]

    def count(self) -> int:
        """About how many messages there are; SQS's own counts may be a minute old."""
        counts = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(_COUNTS))
        there = sum(int(counts["Attributes"][name]) for name in _COUNTS)
        return max(there, len(self._receipts))

    def _receive(self) -> list[Json]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=_PAGE,
            VisibilityTimeout=_HIDDEN_SECONDS,
            WaitTimeSeconds=LONG_POLL_SECONDS,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages: list[Json] = answer.get("Messages", [])
        self._receipts |= {m["MessageId"]: m["ReceiptHandle"] for m in messages}
        return messages


def hold(target: Target, queue: str) -> Hold:
    """Take hold of a queue's messages, to look at them or to take them off.

    Raises:
        NotFound: the stack has no such queue.
    """
    queues = target.dead_letter_queues
    if queue not in queues:
        raise NotFound(f"there is no dead-letter queue {queue}: choose from {', '.join(queues)}")
    return Hold(target.client("sqs"), queues[queue])


def look(target: Target, queues: Collection[str] = (), limit: int = MOST) -> tuple[QueueLook, ...]:
    """Look at some queues, or all, at so many messages of each at most.

    Raises:
        NotFound: the stack has no such queue.
    """
    holds = {queue: hold(target, queue) for queue in queues or target.dead_letter_queues}
    with ThreadPoolExecutor(len(holds)) as threads:
        return tuple(threads.map(lambda queue: _look(queue, holds[queue], limit), holds))


def find(target: Target, ids: Sequence[str]) -> list[DeadLetter]:
    """Find messages by their ids, in whichever queue they are.

    Raises:
        NotFound: there is one that can't be seen now.
    """
    letters = {
        letter.id: letter for found in look(target, limit=_FARTHEST) for letter in found.letters
    }
    lost = [id_ for id_ in ids if id_ not in letters]
    if lost:
        raise NotFound(
            f"no message {', '.join(lost)} can be seen: it has been dealt with, or somebody else"
            " has it in hand (look again in two minutes: scai-ops dlq list)"
        )
    return [letters[id_] for id_ in dict.fromkeys(ids)]


def _look(queue: str, held: Hold, limit: int) -> QueueLook:
    with held:
        messages = list(islice(held.messages(), limit))
        missing = held.count() - len(messages)
    letters = sorted((read(queue, m) for m in messages), key=lambda letter: letter.sent_at)
    return QueueLook(queue=queue, letters=tuple(letters), missing=missing)

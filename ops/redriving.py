"""Deals with dead letters: brings them again to what missed them, or drops them.

Guards that a message leaves its queue only once what it asks for is done. Whoever is cut off in
between does it again later, which changes nothing (``ops.remedies``).
"""

from collections.abc import Callable, Collection, Generator
from itertools import chain

from botocore.exceptions import BotoCoreError, ClientError

from billing.domain.errors import BillingError
from billing.pacing import Pacer
from local.stack.errors import StackError
from ops.dead_letters import DeadLetter, Handled, read
from ops.errors import OpsError
from ops.journal import Action, Journal
from ops.queues import hold
from ops.remedies import Remedies
from ops.target import Target

Handling = Generator[Handled, None, None]

#: Who only looks at a queue, as the console does, has its messages for a second or two.
_LOOKS = 3


def redrive(
    target: Target, journal: Journal, queue: str, ids: Collection[str], per_second: float = 10
) -> Handling:
    """Bring messages of a queue again to what missed them, at most so many a second.

    One that can't be brought stays in its queue, and says why.

    Raises:
        NotFound: the stack has no such queue.
    """
    remedies, pacer = Remedies(target), Pacer(per_second)

    def remedy(letter: DeadLetter) -> str:
        pacer.wait()
        return remedies.apply(letter)

    return _handle(_Work(target, journal, "redrive", remedy), queue, ids)


def drop(target: Target, journal: Journal, queue: str, ids: Collection[str]) -> Handling:
    """Delete messages of a queue for good.

    Raises:
        NotFound: the stack has no such queue.
    """
    return _handle(_Work(target, journal, "drop", lambda _letter: "dropped"), queue, ids)


class _Work:
    """What is done to each message."""

    def __init__(
        self, target: Target, journal: Journal, action: Action, do: Callable[[DeadLetter], str]
    ) -> None:
        self.target = target
        self._journal = journal
        self._action = action
        self._do = do

    def on(self, letter: DeadLetter, delete: Callable[[str], None]) -> Handled:
        """Do it, then delete the message."""
        subject = f"{letter.queue} {letter.id}"
        try:
            with self._journal.noting(self._action, subject, self._user_of(letter)) as noted:
                said = self._do(letter)
                delete(letter.id)
                noted.result = " ".join(filter(None, (f"{said}:", letter.what, letter.event_id)))
        except (OpsError, BillingError, StackError, ClientError, BotoCoreError) as error:
            return _outcome(letter, done=False, result=str(error))
        return _outcome(letter, done=True, result=said)

    def _user_of(self, letter: DeadLetter) -> str | None:
        """Whose timeline the operator's action belongs on."""
        if letter.user_id is not None or letter.customer_id is None:
            return letter.user_id
        return self.target.ports.customers.user_of(letter.customer_id)


def _handle(work: _Work, queue: str, ids: Collection[str]) -> Handling:
    waiting = set(ids)
    with hold(work.target, queue) as held:
        looks = (held.messages() for _ in range(_LOOKS if waiting else 0))
        for message in chain.from_iterable(looks):
            if message["MessageId"] in waiting:
                waiting.discard(message["MessageId"])
                yield work.on(read(queue, message), held.delete)
            if not waiting:
                break
    for id_ in sorted(waiting):
        gone = "it has been dealt with, or somebody else has it in hand: look again in two minutes"
        yield Handled(id=id_, queue=queue, what="", event_id=None, done=False, result=gone)


def _outcome(letter: DeadLetter, *, done: bool, result: str) -> Handled:
    return Handled(
        id=letter.id,
        queue=letter.queue,
        what=letter.what,
        event_id=letter.event_id,
        done=done,
        result=result,
    )

"""Dead letters: looking at them, bringing them to what missed them, dropping them."""

from collections.abc import Iterable

from fastapi import APIRouter

from ops import queues, redriving
from ops.console.dependencies import Answering, JournalFor, Reasoned, TargetOf
from ops.console.problems import Problem, told_to_the_end
from ops.dead_letters import Handled, QueueLook

router = APIRouter(tags=["dead letters"])


class Letters(Reasoned):
    """Which messages of a queue."""

    queue: str
    ids: tuple[str, ...]


@router.get("/dead-letters")
def list_dead_letters(target: TargetOf) -> tuple[QueueLook, ...]:
    """All queues, with what stands in them."""
    return queues.look(target)


@router.post("/dead-letters/redrive")
def redrive(
    target: TargetOf, journal: JournalFor, answering: Answering, body: Letters
) -> Iterable[Handled | Problem]:
    """Bring them again to what missed them; only what arrived leaves its queue."""
    log = journal(body.reason)
    yield from told_to_the_end(answering, redriving.redrive(target, log, body.queue, body.ids))


@router.post("/dead-letters/drop")
def drop(
    target: TargetOf, journal: JournalFor, answering: Answering, body: Letters
) -> Iterable[Handled | Problem]:
    """Throw them away for good."""
    log = journal(body.reason)
    yield from told_to_the_end(answering, redriving.drop(target, log, body.queue, body.ids))

"""Facts that were committed and aren't on the bus: found, and published after all.

Guards that one fact that can't be published keeps no other back. A fact may be sent twice, under
one id, as the stream itself may.
"""

from collections.abc import Generator, Iterator

from pydantic import ValidationError

from billing.domain.errors import BillingError
from billing.domain.facts import Fact
from billing.domain.record import Value
from billing.outbox import fact_in, publish
from billing.pacing import Pacer
from ops.indexes import ON_ITS_WAY, in_attention
from ops.journal import Journal
from ops.target import Target

#: Facts a second: whoever subscribes gets them all.
PER_SECOND = 10


class Published(Value):
    """A fact, and whether it is on the bus now; ``error`` says why it isn't."""

    key: str
    done: bool
    error: str | None = None


def forgotten_facts(target: Target) -> Iterator[Fact]:
    """The facts that the stream has had its time for."""
    return unpublished_facts(target, target.ports.now() - ON_ITS_WAY)


def unpublished_facts(target: Target, before: int) -> Iterator[Fact]:
    """The facts that wait to be published and were committed before (UTC seconds).

    What this version can't read waits for one that can: health goes on counting it.
    """
    for item in in_attention(target, "unpublished", until=before):
        try:
            yield fact_in(item)
        except ValidationError:
            continue


def publish_each(
    target: Target, journal: Journal, facts: list[Fact]
) -> Generator[Published, None, None]:
    """Publish these, at a steady pace; tell of each as it is done."""
    pacer = Pacer(PER_SECOND)
    for fact in facts:
        pacer.wait()
        yield _published(target, journal, fact)


def _published(target: Target, journal: Journal, fact: Fact) -> Published:
    try:
        with journal.noting("publish", fact.key, fact.user_id) as noted:
            refused = publish({fact.key: fact}, target.ports)
            noted.result = "refused by EventBridge" if refused else "on the bus"
    except BillingError as error:
        return Published(key=fact.key, done=False, error=str(error))
    return Published(
        key=fact.key, done=not refused, error="EventBridge refused it" if refused else None
    )

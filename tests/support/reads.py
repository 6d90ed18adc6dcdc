"""Count what is read of DynamoDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from billing.store.dynamodb import client


@contextmanager
def calls_of_dynamodb() -> Iterator[list[str]]:
    """The operations that are called meanwhile, by their names, as they are answered."""
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    events = client().meta.events
    events.register("after-call.dynamodb", note)
    try:
        yield calls
    finally:
        events.unregister("after-call.dynamodb", note)

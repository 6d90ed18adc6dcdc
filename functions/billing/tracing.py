"""X-Ray, where the template's parameter ``Tracing`` says so.

Otherwise there is no tracer at all, and its SDK isn't imported: a cold start pays for neither.
Guards that a trace holds ids alone: no answers; of calls to Stripe the path; of errors where they
were raised and as what, but not their texts, which may quote an address that was searched for.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools import Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

Event = TypeVar("Event")
Answer = TypeVar("Answer")


def _tracer() -> Tracer | None:
    """Make the tracer, which makes a subsegment of each call to AWS and to Stripe."""
    if os.environ.get("TRACING") != "Active":
        return None
    made = Tracer(patch_modules=["botocore", "requests"])
    recorder: Any = made.provider
    recorder.emitter = _Discreet(recorder.emitter)
    return made


class _Discreet:
    """Sends segments as the SDK's own emitter does, without the texts of errors."""

    def __init__(self, emitter: Any) -> None:
        self._emitter = emitter

    def send_entity(self, segment: Any) -> None:
        """Send a segment with all that is in it."""
        _forget_texts(segment)
        self._emitter.send_entity(segment)


def _forget_texts(segment: Any) -> None:
    if isinstance(segment.cause, dict):  # else it is the id of one within
        for error in segment.cause.get("exceptions", ()):
            error.message = None
    for within in segment.subsegments:
        _forget_texts(within)


tracer = _tracer()


def traced(
    handler: Callable[[Event, LambdaContext], Answer],
) -> Callable[[Event, LambdaContext], Answer]:
    """Trace a handler, if that was chosen."""
    if tracer is None:
        return handler
    capturing: Any = tracer.capture_lambda_handler
    traced_handler: Callable[[Event, LambdaContext], Answer] = capturing(
        handler, capture_response=False, capture_error=False
    )
    return traced_handler


def annotate(ids: dict[str, str]) -> None:
    """Let traces be found by these ids."""
    if tracer is not None:
        for name, value in ids.items():
            tracer.put_annotation(name, value)

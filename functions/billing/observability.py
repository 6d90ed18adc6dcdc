"""What a function tells of itself: logs, metrics, traces. Every Lambda's handler is ``observed``.

Guards that every line says whose it is: the invocation, and event, execution, user and customer as
soon as they are known.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing import metrics
from billing.tracing import annotate, traced

Event = TypeVar("Event")
Answer = TypeVar("Answer")

logger = Logger()

# Stripe's SDK logs the URL of every call, and with it what is searched for: e-mail addresses, say.
logging.getLogger("stripe").setLevel(logging.WARNING)


def observed(
    handler: Callable[[Event, LambdaContext], Answer],
) -> Callable[[Event, LambdaContext], Answer]:
    """Make a Lambda's handler tell of each invocation, however it ends.

    What the handler raises is logged once and raised: its class name is what a machine retries by.
    """

    @wraps(handler)
    def observe(event: Event, context: LambdaContext) -> Answer:
        try:
            return handler(event, context)
        except Exception:
            logger.exception("invocation failed")
            raise
        finally:
            metrics.tell()

    with_ids: Any = logger.inject_lambda_context(observe, clear_state=True)
    return traced(with_ids)


def log_context(**ids: str | None) -> None:
    """Put these ids on every further line of this invocation; unset ones are left out."""
    known = {name: value for name, value in ids.items() if value is not None}
    logger.append_keys(**known)
    annotate(known)

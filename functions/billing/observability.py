"""Structured logs whose every line says whose it is: event, execution, user and customer."""

import logging

from aws_lambda_powertools import Logger

logger = Logger()

# Stripe's SDK logs the URL of every call, and with it what is searched for: e-mail addresses, say.
logging.getLogger("stripe").setLevel(logging.WARNING)


def log_context(**ids: str | None) -> None:
    """Put these ids on every further line of this invocation; unset ones are left out."""
    logger.append_keys(**{name: value for name, value in ids.items() if value is not None})

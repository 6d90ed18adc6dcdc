"""A dead-letter queue, for messages that no repetition heals.

Guards that they neither come back for days nor are lost: somebody looks, mends, and sends them on.
"""

from typing import Any

import boto3

from billing.aws import SHORT_CALLS


class DeadLetters:
    """Takes messages as they came."""

    def __init__(self, queue_url: str) -> None:
        self._client: Any = boto3.client("sqs", config=SHORT_CALLS)
        self._queue_url = queue_url

    def put(self, body: str) -> None:
        """Keep a message until somebody looks at it."""
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)

"""A user's writes to Stripe are numbered: under one number at most one of them takes effect.

The number stands in the record and is the idempotency key. It moves on once Stripe has answered
for good (2xx, or 4xx but 409 and 429) and stays where the answer was lost: so a repeat is answered
with what the first try did, and any other write under that number is refused by Stripe (Stripe,
"Idempotent requests": a key is good for one request).
"""

from billing.domain.record import Record


def operation_key(user_id: str, op_seq: int) -> str:
    """The idempotency key of a numbered write: every try of it sends the same."""
    return f"op:{user_id}:{op_seq}"


def settled(record: Record) -> Record:
    """Move on to the next number: Stripe has answered the last one for good."""
    return record.model_copy(update={"op_seq": record.op_seq + 1})

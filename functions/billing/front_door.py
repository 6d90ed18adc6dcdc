"""How a Stripe event is put on our bus, whoever brings it: as the relay does, by Stripe's own text.

Guards that an event which is brought again is taken as it would have been the first time: by the
same rules, and under the same limits of size.
"""

from typing import Any

from pydantic_core import to_json

from billing.bus import Envelope
from billing.contracts.trimmed import LARGEST_EVENT, trimmed

SOURCE = "scai.stripe"


def enveloped(body: bytes, members: dict[str, Any]) -> Envelope:
    """Wrap an event as Stripe wrote it; ``members`` is the same, parsed.

    One that is too large goes on by its id.
    """
    return Envelope(source=SOURCE, detail_type=members["type"], detail=_detail(body, members))


def _detail(body: bytes, members: dict[str, Any]) -> str:
    """The event's own text, unless it is too large, or lacks what the rules' transformers name."""
    if len(body) > LARGEST_EVENT:
        members = trimmed(members)
    elif "api_version" in members:
        return body.decode()
    return to_json({"api_version": None, **members}).decode()

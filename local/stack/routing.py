"""Which of Stripe's events the deployed rules want: what the webhook endpoint is enabled for.

Filtering at Stripe's side is what production does too: an event that no rule wants costs nothing.
"""

import json
from collections.abc import Iterator
from typing import Any

from local.stack.aws import Aws

_SOURCE = "scai.stripe"


def routed_event_types(aws: Aws, bus: str) -> list[str]:
    """The types of Stripe's events that the rules of a bus name."""
    rules = aws.events.list_rules(EventBusName=bus)["Rules"]
    patterns = [json.loads(rule.get("EventPattern", "{}")) for rule in rules]
    return sorted({type_ for pattern in patterns for type_ in named_event_types(pattern)})


def named_event_types(pattern: dict[str, Any]) -> Iterator[str]:
    """The types that the pattern of a rule on Stripe's events names, in any of its alternatives.

    A prefix is named as Stripe's wildcard.
    """
    if _SOURCE in pattern.get("source", []):
        for alternative in (pattern, *pattern.get("$or", [])):
            for wanted in alternative.get("detail-type", []):
                yield wanted if isinstance(wanted, str) else f"{wanted['prefix']}*"

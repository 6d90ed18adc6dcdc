"""EventBridge's routing by ``template.yaml``: which rules want an event, and what they hand on.

Patterns are matched by moto's matcher; targets and delivery are the integration tests' concern.
"""

import json
import re
from functools import cache
from typing import Any, cast

from moto.events.models import EventPattern

from tests.support.template import ROOT, Template

WEBHOOK = "scai.stripe"
PARTNER = "aws.partner/stripe.com/ed_test"
EVENTS = ROOT / "events"


def sample(path: str) -> dict[str, Any]:
    """A sample event, by its path under ``events/``."""
    parsed: dict[str, Any] = json.loads((EVENTS / path).read_text(encoding="utf-8"))
    return parsed


def stripe_sample(type_: str) -> dict[str, Any]:
    """The sample of an event's type."""
    return sample(f"stripe/{type_}.json")


def sample_names(folder: str) -> list[str]:
    return sorted(path.stem for path in (EVENTS / folder).glob("*.json"))


def enveloped(event: dict[str, Any], source: str = WEBHOOK) -> dict[str, Any]:
    """A Stripe event as it stands on our bus, whichever door it came in by."""
    return {"source": source, "detail-type": event["type"], "detail": event}


def rules_for(envelope: dict[str, Any]) -> list[str]:
    """The rules of our own bus that match, by logical id."""
    event = cast("Any", envelope)
    return [name for name, pattern in _patterns().items() if pattern.matches_event(event)]


def machine_input(rule: str, envelope: dict[str, Any]) -> dict[str, Any]:
    """What a rule's transformer makes of an event. A path that isn't there is an error."""
    transformer = _rules()[rule]["Targets"][0]["InputTransformer"]
    values = {
        name: json.dumps(_at(envelope, path)) for name, path in transformer["InputPathsMap"].items()
    }
    rendered = re.sub(r"<(\w+)>", lambda match: values[match[1]], transformer["InputTemplate"])
    parsed: dict[str, Any] = json.loads(rendered)
    return parsed


@cache
def _patterns() -> dict[str, EventPattern]:
    return {
        name: EventPattern.load(json.dumps(rule["EventPattern"])) for name, rule in _rules().items()
    }


@cache
def _rules() -> dict[str, dict[str, Any]]:
    template = Template({"StripeEventSource": PARTNER})
    bus = template.resources["BillingBus"]["Properties"]["Name"]
    rules = template.of_type("AWS::Events::Rule")
    return {name: rule for name, rule in rules.items() if rule.get("EventBusName") == bus}


def _at(envelope: dict[str, Any], path: str) -> Any:
    value: Any = envelope
    for name in path.removeprefix("$.").split("."):
        value = value[name]
    return value

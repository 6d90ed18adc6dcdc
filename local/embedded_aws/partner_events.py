"""Deliver partner events to the bus that is associated with their source.

On AWS a partner makes an event source in the customer's account, the customer associates a bus of
the same name (`CreateEventBus` with `EventSourceName`), and `PutPartnerEvents` delivers to it
("Receiving events from a SaaS partner", EventBridge User Guide). The package answers success and
drops every event, so the door through which Stripe's events come could not be tried.
"""

import json

from local.embedded_aws.answers import Answer, Json, refusal, success
from local.embedded_aws.cloudformation_properties import after_provisioning
from local.embedded_aws.package import eventbridge
from local.embedded_aws.patching import provide, replace, rewrite


def apply() -> None:
    provide(eventbridge, event_source_refusal=_event_source_refusal)
    replace(eventbridge, "_put_partner_events", _put_partner_events)
    replace(eventbridge, "_describe_event_source", _describe_event_source)
    replace(eventbridge, "_list_event_sources", _list_event_sources)
    rewrite(
        eventbridge,
        "_create_event_bus",
        (
            "    arn = f",
            "    if refusal := event_source_refusal(data):\n        return refusal\n    arn = f",
        ),
        ('"KmsKeyIdentifier"):', '"KmsKeyIdentifier", "EventSourceName"):'),
    )
    after_provisioning("AWS::Events::EventBus", _associate)


def _put_partner_events(data: Json) -> Answer:
    results = [_put_partner_event(entry) for entry in data.get("Entries", [])]
    failed = sum("ErrorCode" in result for result in results)
    return success({"FailedEntryCount": failed, "Entries": results})


def _put_partner_event(entry: Json) -> Json:
    source = entry.get("Source", "")
    if source not in _sources():
        return {
            "ErrorCode": "NotAuthorizedForSourceException",
            "ErrorMessage": "Not authorized for the source.",
        }
    if source not in eventbridge._event_buses:
        # Still pending: AWS accepts the event and nobody receives it.
        return {"EventId": eventbridge.new_uuid()}
    entry = {**entry, "EventBusName": source}
    _, _, body = eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    result: Json = json.loads(body)["Entries"][0]
    return result


def _sources() -> dict[str, Json]:
    return {source["Name"]: source for source in eventbridge._partner_event_sources.values()}


def _event_source_refusal(data: Json) -> Answer | None:
    """Refuse a partner bus without its source, or with another name."""
    source = data.get("EventSourceName")
    if not source:
        return None
    if source not in _sources():
        return refusal("ResourceNotFoundException", f"Event source {source} does not exist.")
    if source != data["Name"]:
        return refusal("ValidationException", "EventSourceName must match the event bus name.")
    return None


def _associate(name: str, props: Json) -> None:
    source = props.get("EventSourceName")
    if not source:
        return
    if refused := _event_source_refusal({"Name": name, "EventSourceName": source}):
        eventbridge._delete_event_bus({"Name": name})
        raise ValueError(json.loads(refused[2])["message"])
    eventbridge._event_buses[name]["EventSourceName"] = source


def _described(source: Json) -> Json:
    return {
        "Arn": source["EventSourceArn"],
        "CreatedBy": source["Name"].split("/")[1],
        "Name": source["Name"],
        "State": "ACTIVE" if source["Name"] in eventbridge._event_buses else "PENDING",
    }


def _describe_event_source(data: Json) -> Answer:
    name = data.get("Name", "")
    source = _sources().get(name)
    if not source:
        return refusal("ResourceNotFoundException", f"Event source {name} does not exist.")
    return success(_described(source))


def _list_event_sources(data: Json) -> Answer:
    prefix = data.get("NamePrefix", "")
    found = [_described(s) for name, s in _sources().items() if name.startswith(prefix)]
    return success({"EventSources": found})

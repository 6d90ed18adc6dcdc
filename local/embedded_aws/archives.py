"""Archive and replay as EventBridge does, by CloudFormation too.

AWS refuses an archive of a bus that isn't there and a replay whose end isn't after its start, keeps
replayed events out of archives by a managed rule, and says in DescribeReplay how far a replay is
("Archiving events", "Replaying archived events", EventBridge User Guide; "StartReplay", API
Reference). In the package a replay that is forwarded to another bus is archived there anew,
DescribeArchive answers with all the events, and there is no AWS::Events::Archive. Events never
leave an archive here, a cancelled replay goes on, and FilterArns has no effect.
"""

import json
from typing import Any

from local.embedded_aws.answers import Answer, Json, refusal
from local.embedded_aws.package import eventbridge, provisioners
from local.embedded_aws.patching import PackageChangedError, provide, rewrite

RESOURCE_TYPE = "AWS::Events::Archive"
_LONGEST_NAME = 48


def apply() -> None:
    provide(eventbridge, archive_refusal=_archive_refusal, replay_refusal=_replay_refusal)
    rewrite(
        eventbridge,
        "_create_archive",
        (
            '    source_arn = data.get("EventSourceArn", "")\n',
            '    source_arn = data.get("EventSourceArn", "")\n'
            "    if refusal := archive_refusal(source_arn):\n"
            "        return refusal\n",
        ),
    )
    rewrite(
        eventbridge,
        "_describe_archive",
        (
            "json_response(archive)",
            'json_response({k: v for k, v in archive.items() if k != "Events"})',
        ),
    )
    rewrite(
        eventbridge,
        "_archive_event",
        (
            '    bus_name = event.get("EventBusName", "default")\n',
            '    if event.get("ReplayName") is not None:\n'
            "        return\n"
            '    bus_name = event.get("EventBusName", "default")\n',
        ),
    )
    rewrite(
        eventbridge,
        "_start_replay",
        (
            "    replay = {\n",
            "    if refusal := replay_refusal(event_start, event_end):\n"
            "        return refusal\n"
            "    replay = {\n",
        ),
        (
            "                _dispatch_event(replayed)\n",
            "                _dispatch_event(replayed)\n"
            '                replay["EventLastReplayedTime"] = ts\n',
        ),
    )
    if RESOURCE_TYPE in provisioners._RESOURCE_HANDLERS:
        raise PackageChangedError(f"_RESOURCE_HANDLERS: has an {RESOURCE_TYPE} of its own")
    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE] = {
        "create": _create,
        "update": _update,
        "delete": _delete,
    }


def _archive_refusal(source_arn: str) -> Answer | None:
    eventbridge._ensure_default_bus()
    if any(bus["Arn"] == source_arn for bus in eventbridge._event_buses.values()):
        return None
    return refusal("ResourceNotFoundException", f"Event bus {source_arn} does not exist.")


def _replay_refusal(start: float, end: float) -> Answer | None:
    if start < end:
        return None
    return refusal("ValidationException", "EventEndTime must be after EventStartTime.")


def _create(logical_id: str, props: Json, stack_name: str) -> tuple[str, dict[str, str]]:
    generated = provisioners._physical_name(stack_name, logical_id, max_len=_LONGEST_NAME)
    return _created(props.get("ArchiveName") or generated, props)


def _created(name: str, props: Json) -> tuple[str, dict[str, str]]:
    source = {"ArchiveName": name, "EventSourceArn": props["SourceArn"]}
    made = _done(eventbridge._create_archive(source | _settings(props)))
    return name, {"Arn": made["ArchiveArn"]}


def _update(name: str, old: Json, new: Json, _stack_name: str) -> tuple[str, dict[str, str]]:
    if old["SourceArn"] != new["SourceArn"]:  # CloudFormation replaces it then
        _delete(name, old)
        return _created(name, new)
    made = _done(eventbridge._update_archive({"ArchiveName": name} | _settings(new)))
    return name, {"Arn": made["ArchiveArn"]}


def _delete(name: str, _props: Json) -> None:
    eventbridge._delete_archive({"ArchiveName": name})


def _settings(props: Json) -> Json:
    pattern = props.get("EventPattern")
    return {
        "Description": props.get("Description", ""),
        "EventPattern": json.dumps(pattern) if pattern else "",
        "RetentionDays": int(props.get("RetentionDays", 0)),
    }


def _done(answer: Answer) -> Any:
    """Read an answer.

    Raises:
        ValueError: it is a refusal, which fails the deployment.
    """
    status, _, body = answer
    content = json.loads(body)
    if status >= 400:
        raise ValueError(content["message"])
    return content

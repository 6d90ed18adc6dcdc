"""Authorize calls by the action, and on the resource, that AWS does.

On AWS a batch of SQS's is allowed by the action for one message; archives and replays are
resources; and alarms that are asked for without their names are all alarms ("Actions, resources,
and condition keys for AWS services", Service Authorization Reference). The package invents actions
for the batches and checks the others on `*`: a policy that names these resources would be refused.
"""

from collections.abc import Callable

from local.embedded_aws.answers import Json, parsed
from local.embedded_aws.package import app, responses
from local.embedded_aws.patching import provide, rewrite


def apply() -> None:
    provide(app, authorized_action=_authorized_action, authorized_resource=_authorized_resource)
    rewrite(
        app,
        "_dispatch_service_request",
        (
            '        if service == "ses" and (path.startswith(',
            "        iam_action = authorized_action(iam_action)\n"
            '        if service == "ses" and (path.startswith(',
        ),
        (
            "            service_context = (\n                dynamodb_",
            "            resource_arn = authorized_resource(iam_action, resource_arn, body)\n"
            "            service_context = (\n                dynamodb_",
        ),
    )


def _authorized_action(action: str | None) -> str | None:
    return action.removesuffix("Batch") if action and action.startswith("sqs:") else action


def _authorized_resource(action: str, found: str, body: bytes) -> str:
    named = _RESOURCES.get(action)
    return named(parsed(body)) if named else found


def _archive(request: Json) -> str:
    return f"{_account('events')}:archive/{request.get('ArchiveName')}"


def _replay(request: Json) -> str:
    return f"{_account('events')}:replay/{request.get('ReplayName')}"


def _replayed_archive(request: Json) -> str:
    """Name one of StartReplay's several resources."""
    return str(request.get("EventSourceArn"))


def _every_alarm(_request: Json) -> str:
    return f"{_account('cloudwatch')}:alarm:*"


_RESOURCES: dict[str, Callable[[Json], str]] = {
    "cloudwatch:DescribeAlarms": _every_alarm,
    "events:CancelReplay": _replay,
    "events:CreateArchive": _archive,
    "events:DeleteArchive": _archive,
    "events:DescribeArchive": _archive,
    "events:DescribeReplay": _replay,
    "events:StartReplay": _replayed_archive,
    "events:UpdateArchive": _archive,
}


def _account(service: str) -> str:
    return f"arn:aws:{service}:{responses.get_region()}:{responses.get_account_id()}"

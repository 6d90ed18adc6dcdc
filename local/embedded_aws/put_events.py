"""Refuse the events that `PutEvents` refuses.

AWS refuses an entry without its required fields or whose detail is no JSON object, and a request of
more than 1 MB ("PutEvents", EventBridge API Reference). The package takes all of them, so that a
relay could answer that an event is safe when on AWS it would be lost.
"""

import json

from local.embedded_aws.answers import Json
from local.embedded_aws.package import eventbridge
from local.embedded_aws.patching import provide, rewrite

MAX_REQUEST_BYTES = 1_048_576
_TIME_BYTES = 14
_REQUIRED = ("Source", "DetailType", "Detail")


def apply() -> None:
    provide(eventbridge, entry_refusal=_entry_refusal, is_too_large=_is_too_large)
    rewrite(
        eventbridge,
        "_put_events",
        (
            "    results = []\n",
            "    if is_too_large(entries):\n"
            '        return error_response_json("ValidationException",\n'
            '            "Total size of the entries in the request is over the limit.", 400)\n'
            "    results = []\n",
        ),
        (
            "        # AWS Time is a timestamp shape;",
            "        if refusal := entry_refusal(entry):\n"
            "            results.append(refusal)\n"
            "            failed += 1\n"
            "            continue\n"
            "        # AWS Time is a timestamp shape;",
        ),
    )


def _entry_refusal(entry: Json) -> Json | None:
    for name in _REQUIRED:
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        is_object = isinstance(json.loads(entry["Detail"]), dict)
    except ValueError:
        is_object = False
    return (
        None
        if is_object
        else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    )


def _is_too_large(entries: list[Json]) -> bool:
    return sum(_entry_bytes(entry) for entry in entries) > MAX_REQUEST_BYTES


def _entry_bytes(entry: Json) -> int:
    """Count as in "Calculating PutEvents event entry size"."""
    texts = [entry.get(name) or "" for name in _REQUIRED] + entry.get("Resources", [])
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if entry.get("Time") else 0)

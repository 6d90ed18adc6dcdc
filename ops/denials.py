"""What AWS refuses to an operator says which of the stack's two policies would allow it.

Guards that whoever may only look learns what they lack, wherever AWS's own words are shown.
"""

from typing import Any

#: What ``OperatorWritePolicy`` allows, of what ops call; everything else is to look.
WRITES = frozenset(
    {
        "DeleteMessage",
        "Invoke",
        "PutEvents",
        "PutItem",
        "RedriveExecution",
        "SendMessage",
        "StartExecution",
        "StartReplay",
        "UpdateItem",
    }
)

_CODES = {"AccessDenied", "AccessDeniedException"}


def explain_denials(client: Any) -> None:
    """Have a client's refusals say what to do, beside what AWS says."""
    client.meta.events.register("after-call", _explain)


def _explain(parsed: dict[str, Any], model: Any, **_: Any) -> None:
    error = parsed.get("Error", {})
    if error.get("Code") in _CODES:
        policy = "OperatorWritePolicy" if model.name in WRITES else "OperatorReadPolicy"
        said = str(error.get("Message", "")).rstrip(".")
        advice = f"the stack's {policy} allows it (docs/runbook.md#who-may-do-what)"
        error["Message"] = f"{said}; {advice}" if said else advice

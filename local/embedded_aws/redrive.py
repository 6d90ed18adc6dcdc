"""Add `RedriveExecution`: an execution that failed goes on at the state that failed.

AWS runs the unsuccessful state again with its original input, on the execution's own definition and
in the same history, and counts it ("Redriving executions", Step Functions Developer Guide). The
package has no such action, and its status-change events always say `redriveCount` 0, so the way ops
retry what failed could not be tried.
"""

import contextvars
import threading
from datetime import UTC, datetime, timedelta

from local.embedded_aws.answers import Answer, Json, refusal, success
from local.embedded_aws.package import stepfunctions
from local.embedded_aws.patching import provide, rewrite

REDRIVABLE_FOR = timedelta(days=14)
MAX_REDRIVES = 1000
MAX_HISTORY_EVENTS = 24_999
_REDRIVABLE_STATUSES = ("FAILED", "ABORTED", "TIMED_OUT")

_lock = threading.Lock()


def apply() -> None:
    provide(
        stepfunctions,
        redrive_execution=_redrive_execution,
        redrive_fields=redrive_fields,
        redrive_status_fields=_redrive_status_fields,
    )
    stepfunctions._TIMESTAMP_RESPONSE_FIELDS.add("redriveDate")
    rewrite(
        stepfunctions,
        "handle_request",
        (
            '"StopExecution": _stop_execution,\n',
            '"StopExecution": _stop_execution,\n        "RedriveExecution": redrive_execution,\n',
        ),
    )
    _resume_where_it_failed()
    _tell_redrives()


def _resume_where_it_failed() -> None:
    """Let the engine remember each state that it enters, and start from there when redriven.

    `run` counts the redrives: a run that was stopped while it slept must not go on beside the next.
    """
    still_running = 'execution["status"] == "RUNNING" and execution.get("redriveCount", 0) == run'
    rewrite(
        stepfunctions,
        "_run_execution",
        (
            'json.loads(sm["definition"])',
            'json.loads(execution.setdefault("definition", sm["definition"]))',
        ),
        (
            '    current_name = definition.get("StartAt")\n',
            '    run = execution.get("redriveCount", 0)\n'
            '    resumed = execution["resume"] if run else None\n'
            '    current_name = resumed["name"] if resumed else definition.get("StartAt")\n',
        ),
        (
            '        while current_name and execution["status"] == "RUNNING":\n',
            "        if resumed:\n"
            '            current_input = copy.deepcopy(resumed["input"])\n'
            '            ctx["variables"].update(copy.deepcopy(resumed["variables"]))\n'
            '            ctx["Execution"]["RedriveTime"] = execution["redriveDate"]\n'
            '        ctx["Execution"]["RedriveCount"] = run\n'
            f"        while current_name and {still_running}:\n",
        ),
        (
            '            _add_event(execution, f"{state_type}StateEntered", {',
            '            execution["resume"] = {\n'
            '                "name": current_name,\n'
            '                "input": copy.deepcopy(current_input),\n'
            '                "variables": copy.deepcopy(ctx["variables"]),\n'
            "            }\n"
            "            # AWS schedules a redriven state again without entering it again.\n"
            '            entered = resumed and state_type in ("Task", "Parallel", "Map")\n'
            "            resumed = None\n"
            '            entered or _add_event(execution, f"{state_type}StateEntered", {',
        ),
        (
            '        if execution["status"] == "RUNNING":\n            output_json',
            f"        if {still_running}:\n            output_json",
        ),
        (
            "    except _ExecutionError as err:\n",
            "    except _ExecutionError as err:\n"
            f"        if not ({still_running}):\n"
            "            return\n",
        ),
    )


def _tell_redrives() -> None:
    rewrite(
        stepfunctions,
        "_describe_execution",
        (
            "    return json_response(result)",
            "    return json_response(\n"
            "        result | redrive_fields(execution) | redrive_status_fields(execution))",
        ),
    )
    rewrite(
        stepfunctions,
        "_emit_execution_status_event",
        ('failed = status == "FAILED"', f"failed = status in {_REDRIVABLE_STATUSES}"),
        ('"redriveCount": 0', '"redriveCount": execution.get("redriveCount", 0)'),
        ('"redriveDate": None', '"redriveDate": _iso_to_epoch_ms(execution.get("redriveDate"))'),
    )


def _redrive_execution(data: Json) -> Answer:
    arn = data.get("executionArn")
    execution = stepfunctions._executions.get(arn)
    if not execution:
        return refusal("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    with _lock:
        dates = execution.setdefault("redriveTokens", {})
        token = data.get("clientToken")
        if token in dates:
            return success({"redriveDate": dates[token]})
        if reason := _why_not(execution):
            return refusal("ExecutionNotRedrivable", f"{reason} Execution Arn: '{arn}'")
        date = stepfunctions.now_iso()
        _restart(execution, date)
        if token:
            dates[token] = date
    stepfunctions._emit_execution_status_event(execution)
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run, args=(stepfunctions._run_execution, arn), daemon=True
    ).start()
    return success({"redriveDate": date})


def _restart(execution: Json, date: str) -> None:
    count = execution.get("redriveCount", 0) + 1
    execution.update(
        status="RUNNING", stopDate=None, output=None, redriveCount=count, redriveDate=date
    )
    execution.pop("error", None)
    execution.pop("cause", None)
    stepfunctions._add_event(
        execution,
        "ExecutionRedriven",
        {"executionRedrivenEventDetails": {"redriveCount": count}},
    )


def _why_not(execution: Json) -> str | None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) or {}
    started = datetime.fromisoformat(execution["startDate"])
    reasons = {
        "Express executions cannot be redriven.": machine.get("type") == "EXPRESS",
        f"Execution is {execution['status']} and cannot be redriven.": execution["status"]
        not in _REDRIVABLE_STATUSES,
        "Execution has started more than 14 days ago.": datetime.now(UTC) - started
        > REDRIVABLE_FOR,
        "Execution redrive limit is exceeded.": execution.get("redriveCount", 0) >= MAX_REDRIVES,
        "Execution history limit is exceeded.": len(execution["events"]) >= MAX_HISTORY_EVENTS,
        "Execution failed before its first state.": "resume" not in execution,
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def redrive_fields(execution: Json) -> Json:
    """What descriptions and lists tell of redrives."""
    fields = {"redriveCount": execution.get("redriveCount", 0)}
    if "redriveDate" in execution:
        fields["redriveDate"] = execution["redriveDate"]
    return fields


def _redrive_status_fields(execution: Json) -> Json:
    reason = _why_not(execution)
    if reason:
        return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    return {"redriveStatus": "REDRIVABLE"}

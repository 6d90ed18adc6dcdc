"""Start and describe executions by AWS's rules.

AWS refuses an input of more than 262,144 bytes or that is no JSON (`InvalidExecutionInput`), and
answers a repeated StartExecution of the same name and input with the running execution
("StartExecution", Step Functions API Reference). The package takes any input and always answers
`ExecutionAlreadyExists`, so neither a lost event nor a wrong retry would show; and it makes up an
output for an execution that failed.
"""

import json

from local.embedded_aws.answers import Answer, Json, refusal, success
from local.embedded_aws.package import stepfunctions
from local.embedded_aws.patching import provide, rewrite

MAX_INPUT_BYTES = 262_144


def apply() -> None:
    provide(stepfunctions, answer_instead=_answer_instead)
    rewrite(
        stepfunctions,
        "_start_execution",
        (
            "    # Reject duplicate execution names\n",
            "    if answer := answer_instead(data, _executions.get(exec_arn)):\n"
            "        return answer\n",
        ),
    )
    rewrite(
        stepfunctions,
        "_describe_execution",
        (
            '"output": execution["output"]',
            '"output": execution["output"] if execution["status"] == "SUCCEEDED" else None',
        ),
    )


def _answer_instead(request: Json, existing: Json | None) -> Answer | None:
    """Give the answer to a request that starts nothing."""
    text = request.get("input", "{}")
    if reason := _invalid(text):
        return refusal(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{reason}'"
        )
    if existing and existing["status"] == "RUNNING" and existing["input"] == text:
        return success(
            {"executionArn": existing["executionArn"], "startDate": existing["startDate"]}
        )
    return None


def _invalid(text: str) -> str | None:
    if len(text.encode()) > MAX_INPUT_BYTES:
        return f"Input exceeds the maximum size of {MAX_INPUT_BYTES} bytes"
    try:
        json.loads(text)
    except ValueError as error:
        return str(error)
    return None

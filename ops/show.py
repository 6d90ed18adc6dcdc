"""One execution whole: the path that it took, its graph, what went in and out, and whose it is."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from billing.aws import error_code
from billing.domain.record import Value
from ops.descriptions import subject_of
from ops.entries import ledger_items
from ops.execution import Execution, find_execution
from ops.graph import Graph, graph_of
from ops.history import Event, Step, read_json, steps_of
from ops.target import Target

#: Where AWS's console is, by partition.
_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


#: How an endpoint answers that doesn't know the call.
_NOT_TOLD = {"InvalidAction", "UnknownOperationException"}


class ExecutionDetail(Value):
    """``redrive_reason`` says why it can't be redriven, where that is so.

    ``ledger`` is the event's entry as it stands, None where there is none. ``aws_console_url`` is
    None on the local stack.
    """

    execution: Execution
    steps: tuple[Step, ...]
    graph: Graph
    input: Any = None
    output: Any = None
    redrivable: bool
    redrive_reason: str | None = None
    ledger: dict[str, Any] | None = None
    aws_console_url: str | None = None


def show(target: Target, name_or_arn: str) -> ExecutionDetail:
    """Read everything that there is of an execution.

    Raises:
        NotFound: there is no such execution.
        OpsError: machines have several of that name.
    """
    execution = find_execution(target, name_or_arn)
    client = target.client("stepfunctions")
    described = client.describe_execution(executionArn=execution.arn)
    return ExecutionDetail(
        execution=execution,
        steps=steps_of(history_of(target, execution.arn)),
        graph=graph_of(_definition(target, execution.arn, described["stateMachineArn"])),
        input=read_json(described.get("input")),
        output=read_json(described.get("output")),
        redrivable=described.get("redriveStatus") == "REDRIVABLE",
        redrive_reason=described.get("redriveStatusReason"),
        ledger=_ledger_item(target, described.get("input", ""), execution.name),
        aws_console_url=None if target.local else _console_url(target.region, execution.arn),
    )


def history_of(target: Target, arn: str) -> Iterator[Event]:
    """The whole history, however many pages it has."""
    pages = target.client("stepfunctions").get_paginator("get_execution_history")
    answers = pages.paginate(
        executionArn=arn, includeExecutionData=True, PaginationConfig={"PageSize": 1000}
    )
    for answer in answers:
        yield from answer["events"]


def _definition(target: Target, arn: str, machine_arn: str) -> Mapping[str, Any]:
    """The definition that the execution runs by, or today's where no endpoint tells that."""
    client = target.client("stepfunctions")
    try:
        answer = client.describe_state_machine_for_execution(executionArn=arn)
    except ClientError as error:
        if error_code(error) not in _NOT_TOLD:
            raise
        answer = client.describe_state_machine(stateMachineArn=machine_arn)
    definition: Mapping[str, Any] = json.loads(answer["definition"])
    return definition


def _ledger_item(target: Target, input_: str, name: str) -> dict[str, Any] | None:
    key = subject_of(input_, name).key
    item = ledger_items(target, [key]).get(key) if key else None
    if item is None:
        return None
    return {k: sorted(v) if isinstance(v, set) else v for k, v in item.items()}


def _console_url(region: str, arn: str) -> str:
    console = _CONSOLES.get(arn.split(":")[1], _CONSOLES["aws"])
    return f"https://{region}.{console}/states/home?region={region}#/v2/executions/details/{arn}"

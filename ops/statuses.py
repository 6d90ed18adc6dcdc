"""How it stands with executions that the ledger or a record names."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from billing.aws import error_code
from ops.target import Target

#: Step Functions answers 15 DescribeExecution calls a second.
ASKED_AT_ONCE = 8


def status_of(target: Target, arn: str) -> str | None:
    """An execution's status; None once Step Functions has forgotten it, 90 days after its end."""
    try:
        status: str = target.client("stepfunctions").describe_execution(executionArn=arn)["status"]
    except ClientError as error:
        if error_code(error) == "ExecutionDoesNotExist":
            return None
        raise
    return status


def statuses_of(target: Target, arns: Iterable[str]) -> dict[str, str | None]:
    """The same of many, by ARN."""
    wanted = list(dict.fromkeys(arns))
    target.client("stepfunctions")  # made before several threads ask for it
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        found = pool.map(lambda arn: status_of(target, arn), wanted)
        return dict(zip(wanted, found, strict=True))

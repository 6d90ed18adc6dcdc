"""Step Functions' executions, as far as we need them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from billing.aws import error_code
from billing.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef


class Executions:
    """Answers whether the holder of a lease is still at work, and on what; starts its successor."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def is_running(self, execution: str) -> bool:
        """Whether this execution runs; one that Step Functions has forgotten does not.

        Raises:
            StoreUnavailable: Step Functions did not answer; nothing may be assumed.
        """
        try:
            return self._describe(execution)["status"] == "RUNNING"
        except self._client.exceptions.ExecutionDoesNotExist:
            return False

    def input_of(self, execution: str) -> str:
        """The JSON text that an execution was started with.

        Raises:
            StoreUnavailable: Step Functions did not answer.
        """
        return self._describe(execution)["input"]

    def start_successor(self, execution: str, name: str, input_: str) -> None:
        """Start an execution of the same machine, once: under a name that it has for ever.

        Raises:
            StoreUnavailable: Step Functions did not answer.
        """
        machine = execution.rsplit(":", 1)[0].replace(":execution:", ":stateMachine:")
        with (
            suppress(self._client.exceptions.ExecutionAlreadyExists),
            self._errors_translated(self._client.exceptions.ExecutionAlreadyExists),
        ):
            self._client.start_execution(stateMachineArn=machine, name=name, input=input_)

    def _describe(self, execution: str) -> "DescribeExecutionOutputTypeDef":
        with self._errors_translated(self._client.exceptions.ExecutionDoesNotExist):
            return self._client.describe_execution(executionArn=execution)

    @staticmethod
    @contextmanager
    def _errors_translated(expected: type[ClientError]) -> Iterator[None]:
        """Turn every error but the one that the caller has an answer to into StoreUnavailable."""
        try:
            yield
        except expected:
            raise
        except ClientError as error:
            raise StoreUnavailable(f"Step Functions: {error_code(error)}") from error
        except BotoCoreError as error:
            raise StoreUnavailable("Step Functions did not answer") from error

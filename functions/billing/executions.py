"""Step Functions' executions, as far as a lease needs them."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from billing.domain.errors import StoreUnavailable
from billing.store.dynamodb import error_code

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class Executions:
    """Answers whether the holder of a lease is still at work."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def is_running(self, execution: str) -> bool:
        """Whether this execution runs; one that Step Functions has forgotten does not.

        Raises:
            StoreUnavailable: Step Functions did not answer; nothing may be assumed.
        """
        try:
            answer = self._client.describe_execution(executionArn=execution)
        except ClientError as error:
            if error_code(error) == "ExecutionDoesNotExist":
                return False
            raise StoreUnavailable(f"Step Functions: {error_code(error)}") from error
        except BotoCoreError as error:
            raise StoreUnavailable("Step Functions did not answer") from error
        return answer["status"] == "RUNNING"

"""The deployed stack's outputs, in the terms of the stack file."""

import re
from collections.abc import Mapping

from local.stack.aws import Aws
from local.stack.errors import StackError
from local.stack.settings import STACK_NAME
from local.stack.stack_file import Tables


class Outputs:
    """What template.yaml says of the stack that it made."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def of_deployed_stack(cls, aws: Aws) -> "Outputs":
        stack = aws.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        return cls({o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])})

    def __getitem__(self, name: str) -> str:
        try:
            return self._values[name]
        except KeyError:
            raise StackError(f"template.yaml has no output {name}") from None

    @property
    def tables(self) -> Tables:
        names = Tables.model_fields
        return Tables(**{name: self[f"{name.capitalize()}TableName"] for name in names})

    @property
    def state_machines(self) -> dict[str, str]:
        return self._ending_in("StateMachineArn")

    @property
    def dead_letter_queues(self) -> dict[str, str]:
        return self._ending_in("DeadLetterQueueUrl")

    def _ending_in(self, ending: str) -> dict[str, str]:
        """The outputs of one kind, `PaymentFailureStateMachineArn` as `payment_failure`."""
        return {
            _snake_case(name.removesuffix(ending)): value
            for name, value in self._values.items()
            if name.endswith(ending)
        }


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()

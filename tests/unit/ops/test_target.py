"""Another stack, or one of another version, is said to be that: never taken for a quiet one."""

from typing import Any

import boto3
import pytest

from ops.errors import OpsError
from ops.target import Target

Json = dict[str, Any]


class FakeCloudFormation:
    """CloudFormation, with one stack."""

    def __init__(self, **outputs: str) -> None:
        self._outputs = [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]

    def describe_stacks(self, **_: Any) -> Json:
        return {"Stacks": [{"Outputs": self._outputs}]}


def target(**outputs: str) -> Target:
    made = Target(boto3.Session("test", "test", region_name="eu-central-1"), "a-stack")
    made._clients["cloudformation"] = FakeCloudFormation(**outputs)
    return made


@pytest.mark.parametrize("asked", ["outputs", "machines", "dead_letter_queues"])
def test_another_stack_is_no_stack_in_which_all_is_well(asked: str) -> None:
    with pytest.raises(OpsError, match="a-stack in eu-central-1 isn't SCAI Billing's"):
        getattr(target(WebsiteUrl="https://example.com"), asked)


@pytest.mark.parametrize(
    ("outputs", "lacks"),
    [
        ({"EventBusName": "bus"}, "UsersTableName"),
        (
            {"EventBusName": "bus"}
            | {
                f"{table}TableName": table
                for table in ("Users", "Subscriptions", "Customers", "Events")
            },
            "UsersTableKey",
        ),
    ],
    ids=["an output", "a parameter"],
)
def test_a_stack_of_another_version_is_named_with_what_it_lacks(outputs: Json, lacks: str) -> None:
    with pytest.raises(OpsError, match=f"another version, it lacks .*{lacks}.*: deploy it anew"):
        target(**outputs).ports.settings  # noqa: B018

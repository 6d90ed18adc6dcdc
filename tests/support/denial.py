"""Takes a permission away from a role of the deployed stack for a while: what needs it fails."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.deployed import Deployed


@contextmanager
def denied(deployed: Deployed, role: str, action: str) -> Iterator[None]:
    """Deny an action to the role with this logical id."""
    name, iam = role_name(deployed, role), deployed.client("iam")
    policy = f"denied-{uuid.uuid4().hex[:8]}"
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)


def role_name(deployed: Deployed, logical_id: str) -> str:
    found = deployed.client("cloudformation").describe_stack_resource(
        StackName=deployed.stack.stack_name, LogicalResourceId=logical_id
    )
    name: str = found["StackResourceDetail"]["PhysicalResourceId"]
    return name

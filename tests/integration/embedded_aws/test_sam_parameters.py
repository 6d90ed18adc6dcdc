"""The SAM transform sees the parameters' values, as on AWS."""

from collections.abc import Callable

import pytest

from tests.integration.embedded_aws.account import RUNTIME, Account, Json, unique

FUNCTION: Json = {
    "Type": "AWS::Serverless::Function",
    "Properties": {
        "Runtime": RUNTIME,
        "Handler": "index.handler",
        "InlineCode": "def handler(event, context):\n    return {}\n",
        "AutoPublishAlias": "live",
        "AutoPublishCodeSha256": {"Ref": "Revision"},
    },
}


@pytest.fixture
def version_at(account: Account) -> Callable[..., str]:
    """Deploy with a revision and give the version that the alias points to then."""
    stack = unique("stack")

    def deploy(revision: str, *, update: bool) -> str:
        deployed = account.deploy(
            {"Function": FUNCTION},
            name=stack,
            update=update,
            Transform="AWS::Serverless-2016-10-31",
            Parameters={"Revision": {"Type": "String", "Default": revision}},
        )
        alias = account.client("lambda").get_alias(FunctionName=deployed["Function"], Name="live")
        version: str = alias["FunctionVersion"]
        return version

    return deploy


def test_another_revision_publishes_another_version(
    version_at: Callable[..., str],
) -> None:
    first = version_at("1", update=False)
    changed = version_at("2", update=True)

    assert (first, changed) == ("1", "2")

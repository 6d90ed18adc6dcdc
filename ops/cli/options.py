"""The options that commands share, each said once, and the stack that a command is about."""

from typing import Annotated

import typer

from local.stack.settings import STACK_NAME
from ops.cli.misuse import Misuse
from ops.target import Target

Profile = Annotated[
    str | None,
    typer.Option(
        help="A profile of your AWS settings: the stack on AWS, not the one on this machine.",
        envvar="SCAI_OPS_PROFILE",
    ),
]
Region = Annotated[
    str | None, typer.Option(help="The stack's region, where the profile names another.")
]
StackName = Annotated[
    str, typer.Option(help="The CloudFormation stack's name.", envvar="SCAI_OPS_STACK_NAME")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def choose_target(
    context: typer.Context,
    profile: Profile = None,
    region: Region = None,
    stack_name: StackName = STACK_NAME,
) -> None:
    """See and mend SCAI Billing: the stack on this machine, or one on AWS (--profile)."""
    context.obj = (profile, region, stack_name)


def target_of(context: typer.Context) -> Target:
    """The stack that a command is about, which can be read.

    Raises:
        OpsError: it isn't there.
        BotoCoreError: AWS can't be asked: no credentials, no network.
        Misuse: it can't be told from what was given.
    """
    target = _target(*context.obj)
    target.ensure_ours()  # if it isn't, that is said once and at once
    return target


def _target(profile: str | None, region: str | None, stack_name: str) -> Target:
    if profile is not None:
        return Target.on_aws(profile, region, stack_name)
    if region is not None or stack_name != STACK_NAME:
        raise Misuse("--region and --stack-name are of a stack on AWS: give --profile too")
    return Target.on_this_machine()

"""Accept the resource types that the package refuses, without giving them any effect.

On AWS these deploy ("AWS resource and property types reference", CloudFormation User Guide); in the
package one of them fails the whole deployment, so the same template could not be used. `INERT` is
the complete list of what the local stack leaves out.
"""

from typing import Any

INERT = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "tables are on demand, functions unprovisioned",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "as above",
    "AWS::Budgets::Budget": "nothing costs anything here",
    "AWS::CloudWatch::CompositeAlarm": "alarms are not evaluated",
    "AWS::CodeDeploy::Application": "a new version takes all traffic at once",
    "AWS::CodeDeploy::DeploymentGroup": "as above",
    "AWS::Events::EventBusPolicy": "one account only",
    "AWS::Logs::QueryDefinition": "no Logs Insights",
    "AWS::StepFunctions::StateMachineAlias": "executions run the latest definition",
    "AWS::StepFunctions::StateMachineVersion": "executions run the latest definition",
}


def apply() -> None:
    # Imported now, so that INERT can be read without the package.
    from local.embedded_aws.package import provisioners  # noqa: PLC0415

    for resource_type in INERT:
        provisioners._RESOURCE_HANDLERS.setdefault(
            resource_type, {"create": _create, "update": _update, "delete": _delete}
        )


def _create(logical_id: str, _props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    arn = f"arn:aws:inert:::{stack_name}/{logical_id}"
    return arn, {"Arn": arn}


def _update(
    physical_id: str, _old: dict[str, Any], _new: dict[str, Any], _stack_name: str
) -> tuple[str, dict[str, str]]:
    return physical_id, {"Arn": physical_id}


def _delete(_physical_id: str, _props: dict[str, Any]) -> None:
    """Nothing was made."""

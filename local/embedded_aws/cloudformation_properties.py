"""Carry out the CloudFormation properties that the package drops without a word.

AWS applies TimeToLiveSpecification, PointInTimeRecoverySpecification ("AWS::DynamoDB::Table"),
ReservedConcurrentExecutions and DeadLetterConfig ("AWS::Lambda::Function", CloudFormation User
Guide). The package answers CREATE_COMPLETE and leaves them out, so a template's protection against
loss could be missing in production's settings and nobody would know from running it here.
"""

from collections.abc import Callable
from typing import Any

from local.embedded_aws.package import dynamodb, lambda_svc, provisioners
from local.embedded_aws.patching import PackageChangedError

Hook = Callable[[str, dict[str, Any]], None]


def apply() -> None:
    after_provisioning("AWS::DynamoDB::Table", _set_table_options)
    after_provisioning("AWS::Lambda::Function", _set_function_options)


def after_provisioning(resource_type: str, hook: Hook) -> None:
    """Call `hook(physical_id, properties)` whenever such a resource was created or updated."""
    handlers = provisioners._RESOURCE_HANDLERS.get(resource_type, {})
    if not {"create", "update"} <= handlers.keys():
        raise PackageChangedError(f"_RESOURCE_HANDLERS: no create and update of {resource_type}")
    create, update = handlers["create"], handlers["update"]

    def create_and_hook(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        result = create(logical_id, props, stack_name)
        hook(result[0], props)
        return result

    def update_and_hook(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, *rest: Any
    ) -> Any:
        result = update(physical_id, old, new, stack_name, *rest)
        hook(result[0], new)
        return result

    handlers.update(create=create_and_hook, update=update_and_hook)


def _set_table_options(name: str, props: dict[str, Any]) -> None:
    if ttl := props.get("TimeToLiveSpecification"):
        dynamodb._ttl_settings[name] = {
            "AttributeName": ttl["AttributeName"],
            "TimeToLiveStatus": "ENABLED" if ttl.get("Enabled") else "DISABLED",
        }
    recovery = props.get("PointInTimeRecoverySpecification") or {}
    dynamodb._pitr_settings[name] = bool(recovery.get("PointInTimeRecoveryEnabled"))


def _set_function_options(name: str, props: dict[str, Any]) -> None:
    function = lambda_svc._functions[name]
    reserved = props.get("ReservedConcurrentExecutions")
    function["concurrency"] = None if reserved is None else int(reserved)
    if dead_letter := props.get("DeadLetterConfig"):
        function["config"]["DeadLetterConfig"] = dead_letter
    else:
        function["config"].pop("DeadLetterConfig", None)

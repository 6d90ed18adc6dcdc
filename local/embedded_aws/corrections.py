"""The list of corrections, applied in order before the server starts."""

from local.embedded_aws import (
    archives,
    async_invocation,
    attribute_conditions,
    authorized_resources,
    cloudformation_properties,
    execution_lists,
    executions,
    http_api,
    inert,
    lambda_environment,
    lambda_errors,
    lambda_processes,
    latency,
    mail_permissions,
    metric_math_alarms,
    mocked_tasks,
    partner_events,
    pre_token_trigger,
    put_events,
    queue_mapping,
    redrive,
    retries,
    rule_targets,
    sam_parameters,
    service_permissions,
    shared_layers,
    stream_mapping,
)
from local.embedded_aws.patching import PackageChangedError

CORRECTIONS = (
    latency,
    mocked_tasks,
    shared_layers,
    lambda_environment,
    lambda_errors,
    lambda_processes,
    executions,
    retries,
    async_invocation,
    queue_mapping,
    rule_targets,
    stream_mapping,
    put_events,
    partner_events,
    archives,
    http_api,
    redrive,
    execution_lists,
    pre_token_trigger,
    service_permissions,
    authorized_resources,
    attribute_conditions,
    mail_permissions,
    sam_parameters,
    cloudformation_properties,
    metric_math_alarms,
    inert,
)


def apply() -> None:
    """Apply every correction.

    Raises:
        PackageChangedError: naming the function that changed, and the module to look at.
    """
    for correction in CORRECTIONS:
        try:
            correction.apply()
        except PackageChangedError as change:
            module = correction.__name__.rsplit(".", 1)[-1]
            raise PackageChangedError(
                f"ministack changed: {change}; re-check local/embedded_aws/{module}.py"
            ) from change

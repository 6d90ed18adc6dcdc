"""Hold AWS's services to the permissions that they were given, as AWS does.

EventBridge starts a state machine in the target's role, calls a function or sends to a queue (the
dead-letter queue too) only if its resource policy lets it ("Using resource-based policies for
Amazon EventBridge", User Guide); a state machine calls a function in its own role ("IAM policies
for calling Lambda", Step Functions Developer Guide). The package enforces IAM on Lambdas and users
only, so a forgotten permission would show in production first.
"""

from contextvars import ContextVar
from typing import Any

from local.embedded_aws.delivery import DeliveryError
from local.embedded_aws.package import app, iam_evaluator, lambda_svc, sqs, stepfunctions
from local.embedded_aws.patching import provide, rewrite

EVENTS = "events.amazonaws.com"

_machine_role: ContextVar[str | None] = ContextVar("machine_role", default=None)


def apply() -> None:
    provide(
        stepfunctions,
        remember_machine_role=_machine_role.set,
        require_invocation=_require_invocation,
    )
    rewrite(
        stepfunctions,
        "_run_execution",
        (
            "    all_states = definition.get(",
            '    remember_machine_role(sm["roleArn"])\n    all_states = definition.get(',
        ),
    )
    rewrite(
        stepfunctions,
        "_call_lambda",
        ("    exec_record =", "    require_invocation(func_ref, config)\n    exec_record ="),
    )


def require_target_permission(target_arn: str, role_arn: str, rule_arn: str) -> None:
    """Refuse a delivery that EventBridge may not make, to a target that exists.

    Raises:
        DeliveryError: NO_PERMISSIONS.
    """
    service = target_arn.split(":")[2]
    if not app.AUTH:
        return
    allowed = {
        "states": lambda: _role_allows(role_arn, "states:StartExecution", target_arn),
        "events": lambda: _role_allows(role_arn, "events:PutEvents", target_arn),
        "sqs": lambda: not sqs._queue_by_arn(target_arn) or may_send(target_arn, rule_arn),
        "lambda": lambda: _may_invoke(target_arn, rule_arn),
    }
    if service in allowed and not allowed[service]():
        raise DeliveryError("NO_PERMISSIONS", f"EventBridge has no permission for {target_arn}.")


def may_send(queue_arn: str, rule_arn: str) -> bool:
    """Tell whether a queue's policy lets EventBridge send for a rule."""
    allowed: bool = sqs.queue_policy_allows(queue_arn, EVENTS, rule_arn, _account_of(rule_arn))
    return allowed


def _may_invoke(function_arn: str, rule_arn: str) -> bool:
    policy = lambda_svc.function_policy_for_arn(function_arn)
    if policy is None:
        return True
    context = _context("*", "lambda:InvokeFunction", function_arn)
    context.service_context["aws:sourcearn"] = rule_arn
    context.service_context["aws:sourceaccount"] = _account_of(rule_arn)
    decision = iam_evaluator.evaluate_resource_policy(policy[0], context, service=EVENTS).decision
    return bool(decision == "Allow")


def _require_invocation(function_ref: str, config: dict[str, str]) -> None:
    role = _machine_role.get()
    arn = function_ref if function_ref.startswith("arn:") else config["FunctionArn"]
    if app.AUTH and role and not _role_allows(role, "lambda:InvokeFunction", arn):
        message = f"{role} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
        raise stepfunctions._ExecutionError("Lambda.AWSLambdaException", message)


def _role_allows(role_arn: str, action: str, resource_arn: str) -> bool:
    policies = iam_evaluator._gather_role_policies(
        role_arn.rsplit("/", 1)[-1], _account_of(resource_arn)
    )
    context = _context(role_arn, action, resource_arn)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def _context(principal_arn: str, action: str, resource_arn: str) -> Any:
    return iam_evaluator.EvalContext(
        principal_arn=principal_arn,
        principal_type="AssumedRole",
        principal_account=_account_of(resource_arn),
        action=action,
        resource_arn=resource_arn,
        region=resource_arn.split(":")[3],
    )


def _account_of(arn: str) -> str:
    return arn.split(":")[4]

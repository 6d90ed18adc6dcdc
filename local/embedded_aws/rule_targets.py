"""Deliver to a rule's targets as AWS does: retry, then the dead-letter queue, never nothing.

AWS retries a failed delivery by the target's RetryPolicy and then sends the event to its
DeadLetterConfig queue with attributes that say why; an error that a retry can't heal goes there at
once ("Retrying event delivery" and "Using dead-letter queues", EventBridge User Guide). The package
logs the failure and drops the event.
"""

import contextvars
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from local.embedded_aws.answers import Json
from local.embedded_aws.delivery import DeliveryError, Failure, deliver
from local.embedded_aws.package import eventbridge, lambda_svc, sqs, stepfunctions
from local.embedded_aws.patching import provide, replace, rewrite
from local.embedded_aws.service_permissions import may_send, require_target_permission

_log = logging.getLogger(__name__)


def apply() -> None:
    replace(eventbridge, "_dispatch_to_stepfunctions", _to_state_machine)
    replace(eventbridge, "_dispatch_to_lambda", _to_function)
    provide(eventbridge, DeliveryError=DeliveryError)
    rewrite(
        eventbridge,
        "_invoke_target",
        ('logger.error("EventBridge target dispatch error for %s: %s", arn, e)', "raise"),
    )
    rewrite(
        eventbridge,
        "_dispatch_to_sqs",
        (
            'logger.warning("EventBridge → SQS: queue %s not found", queue_name)\n        return',
            'raise DeliveryError("NO_RESOURCE", f"Queue {queue_name} does not exist.")',
        ),
    )
    rewrite(
        eventbridge,
        "_dispatch_to_event_bus",
        (
            "    if bus_name not in _event_buses:\n"
            '        logger.warning("EventBridge -> Event bus: event bus %s not found", spec)\n'
            "        return",
            "    if bus_name not in _event_buses:\n"
            '        raise DeliveryError("NO_RESOURCE", f"Event bus {bus_name} does not exist.")',
        ),
    )
    invoke = eventbridge._invoke_target

    def invoke_target(target: Json, event: Json, rule: Json, view: Any = None) -> None:
        def give_up(failure: Failure) -> None:
            payload = (view or eventbridge._pattern_event_view(event)).event_with_detail()
            _to_dead_letter_queue(target, rule, payload, failure)

        def send() -> None:
            require_target_permission(target["Arn"], target.get("RoleArn", ""), rule["Arn"])
            invoke(target, event, rule, view)

        deliver(
            send,
            target.get("RetryPolicy") or {},
            give_up=give_up,
            later=_in_background,
        )

    replace(eventbridge, "_invoke_target", invoke_target)


def _in_background(delay: float, action: Callable[[], None]) -> None:
    context = contextvars.copy_context()
    timer = threading.Timer(delay, lambda: context.run(action))
    timer.daemon = True
    timer.start()


def _to_state_machine(arn: str, payload: str) -> None:
    status, _, body = stepfunctions._start_execution({"stateMachineArn": arn, "input": payload})
    if status >= 400:
        refusal = json.loads(body)
        missing = refusal["__type"] == "StateMachineDoesNotExist"
        message = f"{refusal['__type']}: {refusal['message']}"
        raise DeliveryError("NO_RESOURCE" if missing else "INVALID_PARAMETER", message)


def _to_function(arn: str, payload: str) -> None:
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        raise DeliveryError("NO_RESOURCE", f"Function not found: {name}")
    record = function | {"config": config | {"FunctionArn": arn}}
    lambda_svc.invoke_async_with_retry(record, json.loads(payload))


def _to_dead_letter_queue(target: Json, rule: Json, event: Json, failure: Failure) -> None:
    code, message = failure.error.code, str(failure.error)
    queue = sqs._queue_by_arn((target.get("DeadLetterConfig") or {}).get("Arn", ""))
    if not queue or not may_send(queue["attributes"]["QueueArn"], rule["Arn"]):
        _log.error(
            "Event lost: rule %s, target %s, %s: %s", rule["Name"], target["Arn"], code, message
        )
        return
    attributes = {
        "RULE_ARN": rule["Arn"],
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message[:1024],
        "RETRY_ATTEMPTS": str(failure.attempts),
        "EXHAUSTED_RETRY_CONDITION": failure.exhausted,
    }
    sqs._act_send_message(
        {
            "MessageBody": json.dumps(event),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if value
            },
        },
        queue["url"],
    )

"""Invoke a Lambda asynchronously without losing the event.

AWS takes the retries and destinations from the invoked qualifier's own configuration, and goes on
trying for hours while the function is throttled, without counting that as one of its attempts
("How Lambda handles errors and retries with asynchronous invocation", Developer Guide). The package
looks at `$LATEST`'s configuration whatever alias was invoked, and counts a throttle as a failure,
so that an event would be lost in a burst.
"""

import time

from local.embedded_aws.answers import Json
from local.embedded_aws.package import lambda_svc
from local.embedded_aws.patching import provide, replace, rewrite

THROTTLED_WAIT_SECONDS = 0.1


def apply() -> None:
    provide(
        lambda_svc,
        execute_when_not_throttled=_execute_when_not_throttled,
        async_configuration=_configuration,
    )
    rewrite(
        lambda_svc,
        "invoke_async_with_retry",
        (
            '            func.get("event_invoke_config")\n'
            '            or (func.get("event_invoke_configs") or {}).get("$LATEST")\n'
            "            or {}\n",
            "            async_configuration(config)\n",
        ),
        (
            "last_result = _execute_function(func, event)",
            "last_result = execute_when_not_throttled(func, event)",
        ),
    )
    replace(lambda_svc, "_reserved_concurrency", _reserved_concurrency)


def _execute_when_not_throttled(func: Json, event: Json) -> Json:
    while True:
        result: Json = lambda_svc._execute_function(func, event)
        if not result.get("throttle"):
            return result
        time.sleep(THROTTLED_WAIT_SECONDS)


def _configuration(config: Json) -> Json:
    """Find what was set for the alias or version that was invoked."""
    function = lambda_svc._functions.get(config["FunctionName"]) or {}
    configurations: dict[str, Json] = function.get("event_invoke_configs") or {}
    _, _, qualifier = config["FunctionArn"].partition(f":function:{config['FunctionName']}")
    return configurations.get(qualifier.removeprefix(":"), {})


def _reserved_concurrency(func: Json, config: Json) -> int | None:  # noqa: ARG001  the package's
    """Give the function's limit, which all of its versions share."""
    function = lambda_svc._functions.get(config.get("FunctionName")) or {}
    reserved = function.get("concurrency")
    return None if reserved is None else int(reserved)

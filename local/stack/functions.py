"""Starts every deployed function once: one that can't be imported shows now, and none is cold."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

from local.stack.aws import Aws
from local.stack.errors import StackError

_ALIAS = "live"
#: How the platform itself reports a function that doesn't start; ours raise errors of their own.
_PLATFORM_ERRORS = ("Runtime.", "Sandbox.")


def start_functions(aws: Aws) -> int:
    """Invoke each function with an empty event, which every one of them refuses; count them.

    Raises:
        StackError: a function doesn't start.
    """
    names = [
        function["FunctionName"]
        for page in aws.functions.get_paginator("list_functions").paginate()
        for function in page["Functions"]
    ]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(lambda name: _start(aws, name), names))
    return len(names)


def _start(aws: Aws, name: str) -> None:
    answer = aws.functions.invoke(FunctionName=name, Qualifier=_ALIAS, Payload=b"{}")
    if "FunctionError" not in answer:
        return
    error = json.loads(answer["Payload"].read())
    if error.get("errorType", "").startswith(_PLATFORM_ERRORS):
        raise StackError(f"{name} does not start: {error.get('errorMessage')}")

"""List a machine's executions in AWS's order, a page at the cost of a page.

Running executions are sorted by `startDate` or `redriveDate` and all others by `stopDate`, the most
recent first, and a page has 100 where nobody asks for more ("ListExecutions", Step Functions API
Reference). The package gives 1,000, sorts a redriven execution by its start, and looks at every
execution of every machine for each page: with 20,000 of them ops would wait for seconds, and what
ops make of a full account would not show. The lists of a map run are the package's own.
"""

import threading
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from heapq import merge
from itertools import islice

from local.embedded_aws.answers import Answer, Json, refusal, success
from local.embedded_aws.package import stepfunctions
from local.embedded_aws.patching import provide, rewrite
from local.embedded_aws.redrive import redrive_fields

DEFAULT_PAGE_SIZE = 100

#: What lists are sorted by: the moment of an execution, then its ARN, so that the order is total.
Place = tuple[str, str]

#: The places of a machine's executions of one status, the oldest first, by machine and status.
_lists: defaultdict[str, defaultdict[str, list[Place]]] = defaultdict(lambda: defaultdict(list))
#: Each execution's place, and the list that it is in.
_listed: dict[str, tuple[list[Place], Place]] = {}
_lock = threading.Lock()


def apply() -> None:
    provide(stepfunctions, put_in_place=_put_in_place, list_of_machine=_list_of_machine)
    rewrite(
        stepfunctions,
        "_execution_sort_key",
        (
            'execution["stopDate"] or',
            'execution["stopDate"] or execution.get("redriveDate") or',
        ),
    )
    # The package calls it whenever an execution has another status.
    rewrite(
        stepfunctions,
        "_emit_execution_status_event",
        (
            '    if execution.get("sync"):\n',
            '    put_in_place(execution)\n    if execution.get("sync"):\n',
        ),
    )
    rewrite(
        stepfunctions,
        "_list_executions",
        (
            "    cursor = None\n",
            '    if not data.get("mapRunArn"):\n'
            "        return list_of_machine(data)\n"
            "    cursor = None\n",
        ),
    )


def _put_in_place(execution: Json) -> None:
    arn = execution["executionArn"]
    with _lock:
        if arn in _listed:
            places, place = _listed[arn]
            del places[bisect_left(places, place)]
        places = _lists[execution["stateMachineArn"]][execution["status"]]
        place = stepfunctions._execution_sort_key(execution)
        insort(places, place)
        _listed[arn] = places, place


def _list_of_machine(data: Json) -> Answer:
    token = data.get("nextToken")
    before = stepfunctions._decode_execution_token(token) if token else None
    if token and before is None:
        return refusal("InvalidToken", "Invalid Token: 'Invalid token'")
    size = int(data.get("maxResults") or DEFAULT_PAGE_SIZE)
    found = list(islice(_found(data, before), size + 1))
    body: Json = {"executions": [_item(execution) for _, execution in found[:size]]}
    if len(found) > size:
        moment, arn = found[size - 1][0]
        body["nextToken"] = stepfunctions._encode_execution_token(
            {"stopDate": moment, "executionArn": arn}
        )
    return success(body)


def _found(data: Json, before: Place | None) -> Iterator[tuple[Place, Json]]:
    """What the request wants, the most recent first, each with its place."""
    status, redriven = data.get("statusFilter"), data.get("redriveFilter")
    for place in _places(data.get("stateMachineArn", ""), status, before):
        execution = stepfunctions._executions.get(place[1])  # gone with its machine, maybe
        if (
            execution
            and status in (None, execution["status"])
            and redriven in (None, "REDRIVEN" if execution.get("redriveCount") else "NOT_REDRIVEN")
        ):
            yield place, execution


def _places(machine: str, status: str | None, before: Place | None) -> Iterator[Place]:
    with _lock:
        lists = [_lists[machine][status]] if status else _lists[machine].values()
        ends = [bisect_left(places, before) if before else None for places in lists]
        older = [places[:end] for places, end in zip(lists, ends, strict=True)]
    return merge(*map(reversed, older), reverse=True)


def _item(execution: Json) -> Json:
    names = ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate")
    return {name: execution[name] for name in names} | redrive_fields(execution)

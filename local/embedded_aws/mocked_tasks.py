"""Answer each try of a Task from the mock configuration, as AWS Step Functions Local does.

There a retried Task takes the next response ("Mock service integrations in Step Functions Local").
The package looks a response up once for each time that the state is entered, so a mocked error
would repeat for ever, and it leaves a mocked success out of the history.
"""

from typing import Any

from local.embedded_aws.answers import Json
from local.embedded_aws.package import stepfunctions
from local.embedded_aws.patching import provide, rewrite


def apply() -> None:
    provide(stepfunctions, mocked_result=_mocked_result)
    rewrite(
        stepfunctions,
        "_execute_task",
        (
            "mock = _get_mock_response(sm_name, test_case, state_name, attempt)",
            "mock = None  # each try asks for its own below",
        ),
        (
            "            if _mock_throw is not None:\n"
            "                raise _mock_throw\n"
            "\n"
            "            if is_callback:\n",
            "            _mocked, task_result = mocked_result(execution, ctx)\n"
            "            if _mocked:\n"
            "                pass\n"
            "            elif is_callback:\n",
        ),
    )


def _mocked_result(execution: Json, context: Json) -> tuple[bool, Any]:
    """Give whether this try is mocked, and its result; a mocked error is raised."""
    state = context.get("State", {}).get("Name", "")
    tries = execution.setdefault("mockAttempts", {})
    response = stepfunctions._get_mock_response(
        context.get("StateMachine", {}).get("Name", ""),
        execution.get("testCase", ""),
        state,
        tries.get(state, 0),
    )
    if response is None:
        return False, None
    tries[state] = tries.get(state, 0) + 1
    if "Throw" in response:
        raise stepfunctions._ExecutionError(
            response["Throw"]["Error"], response["Throw"].get("Cause", "")
        )
    return True, response.get("Return", {})

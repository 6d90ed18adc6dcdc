"""One execution whole."""

import json

import pytest

from ops.errors import NotFound
from ops.show import show
from ops.target import Target
from tests.support.stepfunctions import Stage


def test_an_execution_is_shown_with_its_path_its_graph_and_its_ledger_entry(stage: Stage) -> None:
    arn = stage.put("renew", "one", output='{"done": true}')
    stage.claimed(arn)
    entered = {"stateEnteredEventDetails": {"name": "Claim Event", "input": "{}"}}
    exited = {"stateExitedEventDetails": {"name": "Claim Event", "output": "{}"}}
    stage.history(arn, [("TaskStateEntered", entered), ("TaskStateExited", exited)])

    detail = show(stage.target, "one")

    assert detail.execution.arn == arn
    assert [(step.state, step.status) for step in detail.steps] == [("Claim Event", "succeeded")]
    assert [node.id for node in detail.graph.nodes if node.start] == ["Claim Event"]
    assert detail.input["event"]["id"] == "evt_one"
    assert detail.output == {"done": True}
    assert detail.ledger is not None
    assert detail.ledger["executions"] == ["one"]
    assert json.loads(detail.model_dump_json())["ledger"]["lease_execution"] == arn


def test_one_that_no_ledger_entry_knows_has_none(stage: Stage) -> None:
    stage.put("renew", "one")

    assert show(stage.target, "one").ledger is None


def test_one_that_can_be_redriven_is_said_to_be(stage: Stage) -> None:
    arn = stage.failed("renew", "one")
    assert show(stage.target, arn).redrivable

    stage.stepfunctions.held[arn].update(
        redriveStatus="NOT_REDRIVABLE", redriveStatusReason="it is past 14 days"
    )

    detail = show(stage.target, arn)
    assert (detail.redrivable, detail.redrive_reason) == (False, "it is past 14 days")


def test_awss_console_is_linked_on_aws_and_not_on_the_local_stack(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = stage.put("renew", "one")
    assert show(stage.target, arn).aws_console_url == (
        "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1"
        f"#/v2/executions/details/{arn}"
    )

    monkeypatch.setattr(Target, "local", True)

    assert show(stage.target, arn).aws_console_url is None


def test_one_that_there_is_not_is_not_shown(stage: Stage) -> None:
    with pytest.raises(NotFound):
        show(stage.target, "nobody")

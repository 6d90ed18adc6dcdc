"""The console's API: a face of ``ops`` that changes things where it may, and never silently."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from local.stack.outputs import Outputs
from ops import retrying
from ops.journal import entries
from ops.retried import Retried
from tests.support.aws import add_user
from tests.support.builders import NOW
from tests.support.stepfunctions import Stage
from tests.unit.ops.console.conftest import Browser, lines
from tools.console_openapi import DOCUMENT, document

WRITES: dict[str, dict[str, Any]] = {
    "/api/retries": {"arn": "arn:of:one"},
    "/api/retries/all": {},
    "/api/dead-letters/redrive": {"queue": "events", "ids": []},
    "/api/dead-letters/drop": {"queue": "events", "ids": []},
    "/api/replays": {"query": {"ids": ["evt_1"]}},
    "/api/archive-replays": {"bus": "billing", "since": 1, "until": 2},
    "/api/reconciliations": {},
}


def test_the_committed_document_is_that_of_the_routes() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run make console"


def test_it_says_which_stack_it_is_about_and_that_a_local_one_may_be_changed(
    browser: Browser,
) -> None:
    session = browser.get("/api/session").json()

    assert session["stack_name"] == "scai-billing"
    assert session["operator"] == "operator"
    assert session["leave"] == {"allowed": True, "why_not": None}
    assert "payment_failure" in session["machines"]


def test_executions_are_listed_by_filter_and_page(browser: Browser, stage: Stage) -> None:
    for number in range(3):
        stage.put("renew", f"one-{number}", at=number)
    stage.failed("cancel", "two")

    first = browser.get("/api/executions?machine=renew&limit=2").json()
    rest = browser.get(f"/api/executions?machine=renew&limit=2&cursor={first['cursor']}").json()

    assert [each["name"] for each in first["items"]] == ["one-2", "one-1"]
    assert [each["name"] for each in rest["items"]] == ["one-0"]
    assert browser.get("/api/executions?open=true").json()["items"][0]["name"] == "two"


def test_an_execution_comes_with_its_graph(browser: Browser, stage: Stage) -> None:
    arn = stage.put("renew", "one")

    detail = browser.get(f"/api/executions/{arn}").json()

    assert detail["execution"]["name"] == "one"
    assert {"Claim Event", "Record Payment"} <= {node["id"] for node in detail["graph"]["nodes"]}


def test_an_execution_is_found_by_its_name(browser: Browser, stage: Stage) -> None:
    arn = stage.put("renew", "one")

    assert browser.get("/api/search?text=one").json() == {"execution_arn": arn, "user_id": None}


def test_what_is_nobodys_is_not_found_and_the_answer_says_what_was_looked_for(
    browser: Browser,
) -> None:
    answer = browser.get("/api/search?text=evt_nobodys")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert "evt_nobodys" in answer.json()["message"]


def test_all_failures_of_one_cause_are_retried_and_told_one_by_one(
    browser: Browser, stage: Stage
) -> None:
    for name in ("one", "two"):
        stage.failed("renew", name, error="UserNotFound")
    stage.failed("renew", "other", error="StripeNotFound")
    causes = browser.get("/api/causes").json()
    (cause,) = [each["id"] for each in causes if each["error"] == "UserNotFound"]

    answer = browser.post("/api/retries/all", {"cause_id": cause, "reason": "the user is there"})

    assert [each["how"] for each in lines(answer)] == ["redriven", "redriven"]
    assert [each["error"] for each in browser.get("/api/causes").json()] == ["StripeNotFound"]


def test_a_change_is_in_the_log_with_its_reason(browser: Browser, stage: Stage) -> None:
    arn = stage.failed("renew", "one")

    browser.post("/api/retries", {"arn": arn, "reason": "  the role is mended "})

    (entry,) = browser.get("/api/audit").json()
    assert (entry["action"], entry["subject"], entry["operator"]) == ("retry", arn, "operator")
    assert (entry["reason"], entry["result"]) == ("the role is mended", "redriven")


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("reason", [None, "", "   ", "x" * 501])
def test_nothing_is_changed_without_a_reason(
    browser: Browser, path: str, reason: str | None
) -> None:
    answer = browser.post(path, WRITES[path] | ({} if reason is None else {"reason": reason}))

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert answer.json()["message"].startswith("reason: ")


@pytest.mark.parametrize("path", WRITES)
def test_on_aws_nothing_is_changed_unless_its_operator_has_said_so(
    on_aws: Browser, stage: Stage, path: str
) -> None:
    answer = on_aws.post(path, WRITES[path] | {"reason": "a test"})

    assert answer.status_code == 403
    assert "--allow-writes" in answer.json()["message"]
    assert entries(stage.target, NOW - 60, 10) == []
    assert not on_aws.get("/api/session").json()["leave"]["allowed"]


def test_on_aws_an_operator_may_allow_it(stage: Stage, built: Path) -> None:
    browser = Browser(stage.target, built, allow_writes=True)

    answer = browser.post("/api/retries", {"arn": stage.failed("renew", "one"), "reason": "why"})

    assert answer.json()["how"] == "redriven"


def test_what_is_done_ends_as_soon_as_nobody_listens_any_more(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def without_end(*_: object) -> Iterator[Retried]:
        try:
            for number in count():
                yield Retried(arn=str(number), how="redriven")
        finally:
            ended.append("given back")

    monkeypatch.setattr(retrying, "retry_all", without_end)

    told = browser.leave_after(2, "/api/retries/all", {"reason": "a test"})

    assert [each["arn"] for each in told[:2]] == ["0", "1"]
    assert ended == ["given back"]


def test_a_user_may_have_an_id_of_any_form(browser: Browser) -> None:
    add_user("google/1 é")

    assert browser.get("/api/people/google%2F1%20%C3%A9").json()["person"]["registered"]
    story = browser.get("/api/people/google%2F1%20%C3%A9/timeline")
    assert story.json() == {"chapters": [], "cursor": None}


def test_what_ends_a_long_change_before_its_time_is_told_last(
    browser: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_asked: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://states.example")

    monkeypatch.setattr(stage.stepfunctions, "list_executions", unreachable)

    (told,) = lines(browser.post("/api/retries/all", {"reason": "a test"}))

    assert told["code"] == "aws_not_reached"
    assert told["what_to_do"]


def test_a_stack_of_another_version_is_named_as_such(
    browser: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(vars(stage.target), "machines", raising=False)
    monkeypatch.setattr(Outputs, "state_machines", property(lambda each: each["RenewArn"]))

    answer = browser.get("/api/executions")

    assert answer.status_code == 409
    assert answer.json()["code"] == "of_another_version"
    assert "RenewArn" in answer.json()["message"]


def test_a_stack_that_does_not_answer_is_named_as_such(
    browser: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_asked: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://states.example")

    monkeypatch.setattr(stage.stepfunctions, "list_executions", unreachable)

    answer = browser.get("/api/executions")

    assert answer.status_code == 503
    assert answer.json()["code"] == "aws_not_reached"


def test_an_error_of_our_own_has_the_same_shape_and_tells_no_secret(
    browser: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_asked: object) -> None:
        raise RuntimeError("sk_live_secret")

    monkeypatch.setattr(stage.stepfunctions, "list_executions", broken)

    answer = browser.get("/api/executions")

    assert answer.status_code == 500
    assert answer.json().keys() == {"code", "message", "what_to_do"}
    assert "sk_live_secret" not in answer.text


@pytest.mark.parametrize("path", ["/api/nothing", "/api/executions/a/b"])
def test_a_route_that_there_is_none_of_answers_json(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 404
    assert answer.json()["code"] == "no_route"


@pytest.mark.parametrize("path", ["/", "/executions/arn:aws:states", "/customers/user_1"])
def test_every_address_of_the_page_is_the_page(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 200
    assert "<title>Console</title>" in answer.text


def test_the_pages_files_are_served_and_nothing_else_of_the_disk(browser: Browser) -> None:
    assert browser.get("/assets/page.js").text == "start()"
    assert browser.get("/assets/none.js").status_code == 404
    assert "STYLE_NONCE" not in browser.get("/assets/..%2findex.html").text


def test_a_page_that_is_not_built_says_how_to_build_it(stage: Stage, tmp_path: Path) -> None:
    answer = Browser(stage.target, tmp_path / "nowhere").get("/")

    assert answer.status_code == 503
    assert "make console" in answer.text

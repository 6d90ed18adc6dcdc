"""Replays by the console: looked at first, and a window of an archive followed to its end."""

from pathlib import Path

import boto3
import pytest

from ops.console.routes import replays
from ops.journal import entries
from tests.support.api import EnginePorts
from tests.support.aws import FakePorts
from tests.support.operators import target_on
from tests.support.reconcile import Account
from tests.support.stepfunctions import Stage
from tests.unit.ops.console.conftest import Browser

DAY = 86_400


@pytest.fixture
def account(stage: Stage) -> Account:
    """A Stripe account of which the stack is."""
    stage.ports = EnginePorts()
    stage.target = stage.new_target()
    return Account(stage.ports)


@pytest.fixture
def of_account(account: Account, stage: Stage, built: Path) -> Browser:
    return Browser(stage.target, built, allow_writes=True)


@pytest.fixture
def browser(ports: FakePorts, built: Path) -> Browser:
    """The console of a stack whose own bus has an archive, and the partner's hasn't."""
    events = boto3.client("events")
    arn = events.create_event_bus(Name="scai-billing")["EventBusArn"]
    events.create_archive(ArchiveName="archive", EventSourceArn=arn, RetentionDays=30)
    target = target_on(ports, BillingArchiveName="archive")
    return Browser(target, built, allow_writes=True)


def ids_of(account: Account) -> str:
    """Events that Stripe has, as an address names them."""
    account.known("user_1")
    events = account.ports.engine.world.store.newest_first("event")
    return "&".join(f"ids={event['id']}" for event in list(events)[:3])


def test_what_a_replay_would_do_is_said_and_nothing_is_put(
    of_account: Browser, account: Account, stage: Stage
) -> None:
    plan = of_account.get(f"/api/replays?{ids_of(account)}&ids=evt_none").json()

    assert plan["complete"]
    assert len(plan["events"]) == 4
    assert (plan["events"][-1]["standing"], plan["events"][-1]["put"]) == ("unknown", False)
    assert entries(stage.target, 0, 10) == []


def test_a_plan_of_very_many_says_that_it_is_not_all(
    of_account: Browser, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "MOST_LOOKED_AT", 2)

    plan = of_account.get(f"/api/replays?{ids_of(account)}").json()

    assert len(plan["events"]) == 2
    assert not plan["complete"]


def test_a_time_that_stripe_keeps_nothing_of_is_refused(of_account: Browser) -> None:
    answer = of_account.get("/api/replays?since=1&until=2")

    assert answer.status_code == 409
    assert "30 days" in answer.json()["message"]


def test_the_archives_that_there_are_are_listed(browser: Browser) -> None:
    (archive,) = browser.get("/api/archives").json()

    assert (archive["bus"], archive["name"], archive["days"]) == ("billing", "archive", 30)


def test_a_window_of_an_archive_is_replayed_and_logged(browser: Browser, ports: FakePorts) -> None:
    asked = {"bus": "billing", "since": ports.now() - DAY, "until": 4_000_000_000}

    started = browser.post("/api/archive-replays", asked | {"reason": "lost"}).json()
    now = browser.get(f"/api/archive-replays/{started['name']}").json()

    assert now["name"] == started["name"]
    assert now["ended"] == (now["state"] == "COMPLETED")
    (entry,) = entries(target_on(ports), 0, 10)
    assert (entry.action, entry.subject, entry.reason) == ("replay", "archive archive", "lost")


def test_a_bus_without_an_archive_is_not_found(browser: Browser, ports: FakePorts) -> None:
    asked = {"bus": "partner", "since": ports.now() - DAY, "until": ports.now()}

    answer = browser.post("/api/archive-replays", asked | {"reason": "lost"})

    assert answer.status_code == 404

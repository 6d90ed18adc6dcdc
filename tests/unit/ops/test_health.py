"""Health says what is wrong, how bad it is and what to do; what may be on its way is not wrong."""

import json
from datetime import timedelta
from threading import Event
from typing import Any

import boto3
import pytest

from billing.contracts.reconcile import Cursor, Run
from billing.mailer import Delivery
from billing.store.runs import RunEntry
from ops.health import Check, Health, health, span
from ops.target import Target
from tests.support.api import EnginePorts, Trouble
from tests.support.operators import with_queues
from tests.support.reconcile import Account
from tests.support.stepfunctions import START, Stage
from tests.support.story import Story
from tests.support.stripe import event_json, subscription_json

DAY = 86_400


class Watched:
    """A stack on which all is well until a test breaks it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.ports = EnginePorts()
        stage.ports = self.ports
        self.account = Account(self.ports)
        arns = {
            f"{name.title().replace('_', '')}StateMachineArn": arn
            for name, arn in stage.target.machines.items()
        }
        self.target: Target = with_queues(self.ports, **arns)
        self.target._clients["stepfunctions"] = stage.stepfunctions
        self.parameters = {
            "StripeEventSource": "aws.partner/stripe.com/ed_1",
            "NoEventHours": "24",
            "ReconcileState": "ENABLED",
            "ReconcileOverdueHours": "26",
        }
        vars(self.target)["parameters"] = self.parameters
        self.compared(self.ports.now() - 600)
        self.arrived("one", self.ports.now() - 60)

    def compared(self, at: int, **fields: Any) -> None:
        """Have everything been compared with Stripe."""
        run = Run(
            outcome="done",
            id="run-1",
            scope="all",
            started_at=at,
            since=0,
            cursor=Cursor(phase="debts"),
        )
        before = self.ports.runs.find(run.key)
        told = {"covered_until": at, "completed_at": at + 5, **fields}
        revision = before.revision if before else 0
        assert self.ports.runs.save(RunEntry(run=run, revision=revision, **told))

    def arrived(self, name: str, at: int, lag: int = 1, source: str = "scai.stripe") -> None:
        """Have an event of ``at`` reach its machine after so many seconds."""
        event = event_json(
            "customer.subscription.updated", subscription_json(), id=f"evt_{name}", created=at
        )
        seconds = at + lag - START.timestamp()
        self.stage.put(
            "upgrade",
            name,
            input_=json.dumps({"event": event, "source": source}),
            startDate=START + timedelta(seconds=seconds),
        )

    def look(self) -> Health:
        return health(self.target)

    def check(self, name: str) -> Check:
        return next(check for check in self.look().checks if check.name == name)


@pytest.fixture
def watched(stage: Stage) -> Watched:
    return Watched(stage)


def test_where_all_is_well_it_says_so(watched: Watched) -> None:
    found = watched.look()
    assert found.healthy
    assert {check.name: check.says for check in found.checks if check.verdict != "ok"} == {}
    assert all(check.do is None for check in found.checks)


def test_each_door_says_when_it_was_used_and_how_long_events_took(watched: Watched) -> None:
    now = watched.ports.now()
    for number, lag in enumerate((400, 500, 9_000)):
        partner = "aws.partner/stripe.com/ed_1"
        watched.arrived(f"slow{number}", now - 10_000 - number, lag, partner)

    found = watched.look()

    relay, partner_door = found.doors
    assert (relay.name, relay.last_event_id, relay.age_seconds) == ("relay", "evt_one", 59)
    assert (partner_door.lag_seconds, partner_door.age_seconds) == (500, 1_002)
    assert watched.check("door partner").verdict == "warn"
    assert found.healthy


def test_without_a_partner_source_there_is_one_door(watched: Watched) -> None:
    watched.parameters["StripeEventSource"] = ""
    assert [door.name for door in watched.look().doors] == ["relay"]


def test_a_day_without_events_is_suspicious(watched: Watched) -> None:
    watched.compared(watched.ports.now() + DAY)
    watched.ports.clock.advance(2 * DAY)
    assert watched.check("events").verdict == "warn"

    watched.parameters["NoEventHours"] = "72"
    assert watched.check("events").verdict == "ok"


def test_where_no_events_are_expected_none_are_missed(stage: Stage) -> None:
    watched = Watched(stage)
    watched.stage.stepfunctions.held.clear()
    assert watched.check("events").verdict == "warn"
    watched.parameters["NoEventHours"] = "0"
    assert watched.check("events").verdict == "ok"


def test_what_stripe_told_and_never_came_is_bad_once_it_had_its_time(watched: Watched) -> None:
    watched.account.subscribe(watched.account.customer("user_1"))
    assert watched.check("stripe").verdict == "ok"

    watched.ports.clock.advance(300)
    lost = watched.check("stripe")
    assert (lost.verdict, lost.do) == ("bad", "scai-ops replay --since 1h")
    assert not watched.look().healthy

    watched.account.took_every_event()
    assert watched.check("stripe").verdict == "ok"


def test_a_silent_stripe_is_bad_and_the_rest_is_looked_at_all_the_same(watched: Watched) -> None:
    watched.ports.wire.troubles.append(Trouble("GET", "/v1/events", None, times=9))
    found = watched.look()
    assert next(check for check in found.checks if check.name == "stripe").verdict == "bad"
    assert any(check.name == "alarms" for check in found.checks)


@pytest.mark.parametrize("queue", ["events", "facts", "failures", "mails"])
def test_a_dead_letter_is_bad(watched: Watched, queue: str) -> None:
    sqs: Any = boto3.client("sqs")
    sqs.send_message(QueueUrl=watched.target.dead_letter_queues[queue], MessageBody="{}")
    check = watched.check(f"dead letters: {queue}")
    assert (check.verdict, check.do) == ("bad", f"scai-ops dlq list --queue {queue}")


def test_a_failed_event_is_bad(watched: Watched) -> None:
    story = Story(watched.ports)
    story.claim("evt_1")
    story.fail("evt_1")
    check = watched.check("failures")
    assert (check.verdict, check.says[:15]) == ("bad", "1 events failed")


def test_a_fact_that_stays_off_the_bus_is_bad(watched: Watched) -> None:
    Story(watched.ports).event("evt_1", "PaymentSucceeded")
    assert watched.check("facts").verdict == "ok"
    watched.ports.clock.advance(300)
    assert watched.check("facts").verdict == "bad"


def test_mails_that_failed_or_may_have_left_are_worth_a_look(watched: Watched) -> None:
    story = Story(watched.ports)
    story.mail("PaymentRecovered", "evt_1", delivery=Delivery(outcome="refused"))
    story.mail("PaymentRecovered", "evt_2", delivery=None)
    watched.ports.clock.advance(300)
    assert watched.check("mails").verdict == "warn"
    assert watched.check("mails on their way").verdict == "warn"
    assert watched.look().healthy

    watched.ports.clock.advance(8 * DAY)
    assert watched.check("mails").verdict == watched.check("mails on their way").verdict == "ok"


def test_a_night_without_a_run_is_bad(watched: Watched) -> None:
    watched.ports.clock.advance(DAY)
    assert watched.check("reconciliation").verdict == "ok"
    watched.ports.clock.advance(4 * 3600)
    check = watched.check("reconciliation")
    assert (check.verdict, check.do) == ("bad", "scai-ops reconcile --all")


def test_a_run_is_missed_by_the_stacks_own_schedule(watched: Watched) -> None:
    watched.ports.clock.advance(3 * DAY)
    assert watched.check("reconciliation").verdict == "bad"
    watched.parameters["ReconcileOverdueHours"] = "168"
    assert watched.check("reconciliation").verdict == "ok"
    watched.ports.clock.advance(30 * DAY)
    watched.parameters["ReconcileState"] = "DISABLED"
    assert watched.check("reconciliation").verdict == "ok"


def test_a_run_that_broke_off_is_bad(watched: Watched) -> None:
    watched.compared(watched.ports.now(), completed_at=None, lease_execution="arn:of:a:gone:one")
    assert "broke off" in watched.check("reconciliation").says


def test_a_new_stack_was_never_compared(stage: Stage) -> None:
    watched = Watched(stage)
    watched.ports.dynamodb.delete_item(
        TableName=watched.ports.settings.events_table, Key={"event_id": {"S": "reconcile:all"}}
    )
    assert watched.check("reconciliation").verdict == "warn"


def test_drift_that_was_left_is_bad(watched: Watched) -> None:
    watched.compared(watched.ports.now(), attention="drift")
    assert (watched.check("drift").verdict, watched.check("drift").do) == ("bad", "scai-ops drift")


def test_an_alarm_of_this_stack_is_bad_and_no_other_ones(watched: Watched) -> None:
    cloudwatch: Any = boto3.client("cloudwatch")
    for name, stack in (
        ("scai-billing-api-slow", "scai-billing"),
        ("scai-billing-staging-api-slow", "scai-billing-staging"),
        ("another-product", "another-product"),
    ):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmDescription="It is slow. docs/runbook.md#api-slow",
            AlarmActions=[f"arn:aws:sns:us-east-1:123456789012:{stack}-alarms"],
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")

    (alarm,) = (check for check in watched.look().checks if check.name.startswith("alarm"))

    assert (alarm.name, alarm.verdict) == ("alarm scai-billing-api-slow", "bad")
    assert (alarm.says, alarm.do) == ("It is slow.", "see docs/runbook.md#api-slow")


def test_what_cant_be_looked_at_is_bad_and_the_rest_is_looked_at_all_the_same(
    watched: Watched,
) -> None:
    vars(watched.target)["dead_letter_queues"] = {"mails": "https://sqs.test/1/gone"}

    found = {check.name: check for check in watched.look().checks}

    assert found["dead letters"].verdict == "bad"
    assert found["dead letters"].says.startswith("can't be looked at: ")
    assert {"failures", "reconciliation", "alarms"} <= found.keys()


def test_no_look_waits_for_another(watched: Watched) -> None:
    asked = {name: Event() for name in ("sqs.GetQueueAttributes", "cloudwatch.DescribeAlarms")}
    beside = []

    def meet(model: Any, **_: Any) -> None:
        own = f"{model.service_model.service_name}.{model.name}"
        asked[own].set()
        beside.append(all(other.wait(30) for other in asked.values()))

    for name in asked:
        client = watched.target.client(name.partition(".")[0])
        client.meta.events.register(f"before-call.{name}", meet)

    assert watched.look().healthy
    assert beside
    assert all(beside)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (DAY * 2, "2 d")],
)
def test_spans_are_written_in_their_largest_unit(seconds: int, text: str) -> None:
    assert span(seconds) == text

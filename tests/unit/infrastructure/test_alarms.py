"""Whatever can go wrong has an alarm that reaches somebody, says what it is, and doesn't flap."""

import json
import re
from typing import Any

import pytest

from billing.metrics import NAMESPACE, Metric
from tests.support.definitions import machine_names, pascal
from tests.support.runbook import sections
from tests.support.template import Template

#: Everything that is optional, switched on.
TEMPLATE = Template(
    {
        "AlarmEmail": "ops@example.test",
        "MailFrom": "billing@example.test",
        "StripeEventSource": "aws.partner/stripe.com/ed_1",
    }
)
LEAST = Template({"NoEventHours": "0", "ReconcileState": "DISABLED"})
#: Whatever must happen may take its time.
PATIENT = Template(
    {
        "MailFrom": "billing@example.test",
        "NoEventHours": TEMPLATE.greatest("NoEventHours"),
        "ReconcileOverdueHours": TEMPLATE.greatest("ReconcileOverdueHours"),
    }
)
ALARMS = TEMPLATE.of_type("AWS::CloudWatch::Alarm")
each_alarm = pytest.mark.parametrize("alarm", ALARMS)

#: What an alarm on one metric says, and one on an expression may not.
OF_ONE_METRIC = {"Namespace", "MetricName", "Period"}
STATISTIC = {"Statistic", "ExtendedStatistic"}
#: So much longer than ours may another stack's name be: the longest machine's has 80 characters.
LONGER_STACK_NAME = 80

#: Expressions over all of an alarm's metrics.
OF_ALL = {"SUM(METRICS())", "SUM(FILL(METRICS(), 0))"}

Watched = tuple[str, str, dict[str, str]]


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics that an alarm watches, by itself or in an expression."""
    if "Metrics" not in alarm:
        return [alarm]
    return [m["MetricStat"]["Metric"] for m in alarm["Metrics"] if "MetricStat" in m]


def watched(template: Template = TEMPLATE) -> list[Watched]:
    """Every metric that some alarm watches: its namespace, name and dimensions."""
    return [
        (
            metric["Namespace"],
            metric["MetricName"],
            {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])},
        )
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        for metric in metrics_of(alarm)
    ]


def dashboard(template: Template = TEMPLATE) -> list[dict[str, Any]]:
    body = template.of_type("AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"]
    widgets: list[dict[str, Any]] = json.loads(body)["widgets"]
    return widgets


def drawn(template: Template = TEMPLATE) -> list[list[str]]:
    """Every metric on the dashboard, its shorthands written out, options left out."""
    found = []
    for widget in dashboard(template):
        before: list[str] = []
        for metric in widget["properties"].get("metrics", []):
            names = [name for name in metric if isinstance(name, str)]
            if names[0] == "...":
                names = before[: len(before) - len(names) + 1] + names[1:]
            before = [before[at] if name == "." else name for at, name in enumerate(names)]
            found.append(before)
    return found


@pytest.mark.parametrize("machine", machine_names())
def test_every_machine_has_an_alarm_of_whatever_way_its_executions_fail(machine: str) -> None:
    of_it = {name for _, name, dims in watched() if dims.get("StateMachineArn") == arn(machine)}

    assert of_it == {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"}
    assert f"{pascal(machine)}FailedAlarm" in ALARMS


def arn(machine: str) -> str:
    return f"scai-billing-{machine}"


@pytest.mark.parametrize("template", [TEMPLATE, LEAST])
def test_every_dead_letter_queue_has_an_alarm_of_its_first_message(template: Template) -> None:
    queues = {name for name in template.of_type("AWS::SQS::Queue") if "DeadLetter" in name}
    watched_queues = {
        dims["QueueName"]
        for _, name, dims in watched(template)
        if name == "ApproximateNumberOfMessagesVisible"
    }

    assert watched_queues == {f"{queue}.QueueName" for queue in queues}


@pytest.mark.parametrize("template", [TEMPLATE, LEAST])
def test_every_rule_has_an_alarm_of_events_that_even_its_dead_letter_queue_did_not_get(
    template: Template,
) -> None:
    """AWS names a custom bus's rule by bus and name, the default bus's by its name alone."""
    rules = [
        {"RuleName": rule["Name"]}
        | ({"EventBusName": rule["EventBusName"]} if "EventBusName" in rule else {})
        for rule in template.of_type("AWS::Events::Rule").values()
    ]
    lost = [dims for _, name, dims in watched(template) if name == "InvocationsFailedToBeSentToDlq"]

    assert sorted(sorted(d.items()) for d in lost) == sorted(sorted(d.items()) for d in rules)


@pytest.mark.parametrize("table", TEMPLATE.of_type("AWS::DynamoDB::Table"))
def test_every_table_has_an_alarm_of_throttled_reads_and_writes(table: str) -> None:
    table_name = TEMPLATE.of_type("AWS::DynamoDB::Table")[table]["TableName"]
    of_it = {name for _, name, dims in watched() if dims.get("TableName") == table_name}

    assert of_it == {"ReadThrottleEvents", "WriteThrottleEvents"}


@each_alarm
def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_is_over(alarm: str) -> None:
    assert ALARMS[alarm]["AlarmActions"] == ALARMS[alarm]["OKActions"] == ["AlarmTopic"]


@each_alarm
def test_every_alarm_is_called_by_what_is_wrong_and_says_where_to_read_on(alarm: str) -> None:
    properties = ALARMS[alarm]
    text, _, anchor = properties["AlarmDescription"].rpartition(" docs/runbook.md#")

    assert properties["AlarmName"].startswith("scai-billing-")
    assert text.endswith(".")
    assert anchor in sections()


def test_every_section_of_the_runbook_but_the_first_is_some_alarms() -> None:
    anchors = {a["AlarmDescription"].rpartition("#")[2] for a in ALARMS.values()}

    assert sections()[0] == "Who may do what"
    assert set(sections()[1:]) == anchors


@pytest.mark.parametrize("template", [TEMPLATE, PATIENT])
@each_alarm
def test_every_alarm_fits_what_cloudwatch_takes(alarm: str, template: Template) -> None:
    """PutMetricAlarm and MetricDataQuery, CloudWatch API Reference."""
    properties = template.of_type("AWS::CloudWatch::Alarm")[alarm]
    queries = properties.get("Metrics", [])
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    (period,) = {int(stat["Period"]) for stat in stats} or {int(properties["Period"])}
    periods = int(properties["EvaluationPeriods"])

    assert period % 60 == 0
    assert period * periods <= (7 * 86_400 if period >= 3600 else 86_400)
    assert 1 <= properties.get("DatapointsToAlarm", 1) <= periods
    assert len(properties["AlarmName"]) + LONGER_STACK_NAME <= 255
    assert len(properties["AlarmDescription"]) <= 1024
    assert len(stats) <= 10
    assert [query.get("ReturnData", True) for query in queries].count(True) == bool(stats)
    ids = [query["Id"] for query in queries]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]{0,254}", id_) for id_ in ids)
    assert all(len(query.get("Expression", "")) <= 2048 for query in queries)
    assert OF_ONE_METRIC & properties.keys() == (set() if stats else OF_ONE_METRIC)
    assert len(STATISTIC & properties.keys()) == (0 if stats else 1)


def test_what_dynamodb_does_not_tell_counts_as_nothing() -> None:
    """By PutMetricAlarm, TreatMissingData doesn't: such an alarm would never be over."""
    on_dynamodb = [
        alarm
        for alarm in ALARMS.values()
        if any(metric["Namespace"] == "AWS/DynamoDB" for metric in metrics_of(alarm))
    ]

    assert on_dynamodb
    for alarm in on_dynamodb:
        (filled,) = [query["Expression"] for query in alarm["Metrics"] if "Expression" in query]
        assert filled == "SUM(FILL(METRICS(), 0))"
        # With data that come late, the newest would always be the filling.
        assert alarm["DatapointsToAlarm"] < alarm["EvaluationPeriods"]


@each_alarm
def test_missing_data_means_what_it_does_for_the_metric(alarm: str) -> None:
    """Nothing is told where nothing goes wrong; only what must happen is missed."""
    must_happen = {"NoEventsAlarm", "ReconcileOverdueAlarm"}
    as_last_told = {"DriftFoundAlarm", "DriftNotHealedAlarm"}
    treated = ALARMS[alarm]["TreatMissingData"]

    if alarm in must_happen:
        assert (treated, ALARMS[alarm]["ComparisonOperator"]) == ("breaching", "LessThanThreshold")
    else:
        assert treated == ("ignore" if alarm in as_last_told else "notBreaching")
        assert ALARMS[alarm]["ComparisonOperator"] == "GreaterThanThreshold"


def test_a_failure_is_told_at_once_and_over_only_after_a_quiet_hour() -> None:
    for machine in machine_names():
        alarm = ALARMS[f"{pascal(machine)}FailedAlarm"]
        (period,) = {m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m}
        assert (period, alarm["DatapointsToAlarm"]) == (300, 1)
        assert period * alarm["EvaluationPeriods"] == 3600


def test_a_few_made_up_signatures_are_no_alarm_but_a_wrong_secret_is() -> None:
    (part,) = [m for m in ALARMS["SignaturesRefusedAlarm"]["Metrics"] if "Expression" in m]

    assert part["Expression"] == "IF(refused >= 5, refused / SUM([refused, captured]), 0)"
    assert ALARMS["SignaturesRefusedAlarm"]["Threshold"] == 0.5


@pytest.mark.parametrize(
    ("committed", "published", "breaching"),
    [(10, 0, True), (10, 2, True), (10, 10, False), (9_000, 8_990, False), (1, 9, False)],
)
def test_facts_that_are_on_their_way_when_an_hour_ends_are_not_missed(
    committed: int, published: int, breaching: bool
) -> None:
    alarm = ALARMS["FactsNotPublishedAlarm"]
    (waiting,) = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
    # The template's own expression is Python's too.
    value = eval(waiting, {"SUM": sum, "committed": committed, "published": published})

    assert (value > alarm["Threshold"]) is breaching


def test_expressions_name_the_metrics_beside_them_and_no_others() -> None:
    for alarm in ALARMS.values():
        ids = {m["Id"] for m in alarm.get("Metrics", []) if "MetricStat" in m}
        for expression in (m["Expression"] for m in alarm.get("Metrics", []) if "Expression" in m):
            named = set(re.findall(r"[a-z_]+", expression))
            assert named == ids or expression in OF_ALL


def test_our_own_metrics_are_those_that_the_code_tells_and_only_of_this_stack() -> None:
    ours = [(name, dims) for namespace, name, dims in watched() if namespace == NAMESPACE]
    ours += [(m[1], dict(zip(m[2::2], m[3::2], strict=True))) for m in drawn() if m[0] == NAMESPACE]

    assert {name for name, _ in ours} == set(Metric)
    assert all(dims == {"service": "scai-billing"} for _, dims in ours)
    assert TEMPLATE.environment()["POWERTOOLS_SERVICE_NAME"] == "scai-billing"
    assert {ns for ns, _, _ in watched()} | {m[0] for m in drawn()} == {
        NAMESPACE,
        "AWS/ApiGateway",
        "AWS/DynamoDB",
        "AWS/Events",
        "AWS/Lambda",
        "AWS/SQS",
        "AWS/States",
    }


def test_lambda_lets_metrics_through_whatever_the_level_of_logs() -> None:
    """They are lines of the log without a level, which count as INFO."""
    assert "ApplicationLogLevel" not in TEMPLATE.function_defaults["LoggingConfig"]
    assert TEMPLATE.function_defaults["LoggingConfig"]["LogGroup"] == "FunctionLogs"


@pytest.mark.parametrize("template", [TEMPLATE, LEAST])
def test_the_dashboard_refers_to_what_there_is_on_one_screen(template: Template) -> None:
    (alarms,) = [w for w in dashboard(template) if w["type"] == "alarm"]
    shown = {name.removesuffix(".Arn") for name in alarms["properties"]["alarms"]}
    names = {r.get("Properties", {}).get("Name", i) for i, r in template.resources.items()}

    assert shown == set(template.of_type("AWS::CloudWatch::Alarm"))
    for metric in drawn(template):
        for value in metric[3::2]:
            assert value == "scai-billing" or value.removesuffix(".QueueName") in names, metric
    assert max(w["x"] + w["width"] for w in dashboard(template)) <= 24
    assert max(w["y"] + w["height"] for w in dashboard(template)) <= 16


def test_the_dashboard_shows_every_machine_and_every_dead_letter_queue() -> None:
    shown = {value for metric in drawn() for value in metric[3::2]}

    assert {arn(machine) for machine in machine_names()} <= shown
    queues = [name for name in TEMPLATE.of_type("AWS::SQS::Queue") if "DeadLetter" in name]
    assert {f"{queue}.QueueName" for queue in queues} <= shown


def test_cloudwatch_of_this_account_alone_may_publish_and_use_the_topics_key() -> None:
    """With AWS's own key for SNS, CloudWatch's messages would be lost without a word."""
    policy = TEMPLATE.of_type("AWS::SNS::TopicPolicy")["AlarmTopicPolicy"]["PolicyDocument"]
    key = TEMPLATE.of_type("AWS::KMS::Key")["AlarmKey"]["KeyPolicy"]
    own_account = {"StringEquals": {"aws:SourceAccount": "123456789012"}}

    (publishing,) = policy["Statement"]
    _, using = key["Statement"]
    for statement, action in (
        (publishing, "sns:Publish"),
        (using, ["kms:Decrypt", "kms:GenerateDataKey*"]),
    ):
        assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert (statement["Action"], statement["Condition"]) == (action, own_account)
    assert TEMPLATE.of_type("AWS::SNS::Topic")["AlarmTopic"]["KmsMasterKeyId"] == "AlarmKey"


def test_who_is_mailed_is_a_parameter_and_nobody_is_by_default() -> None:
    (subscription,) = TEMPLATE.of_type("AWS::SNS::Subscription").values()

    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.test")
    assert not LEAST.of_type("AWS::SNS::Subscription")


def test_what_is_switched_off_is_not_missed() -> None:
    off = set(ALARMS) - set(LEAST.of_type("AWS::CloudWatch::Alarm"))

    assert {"NoEventsAlarm", "ReconcileOverdueAlarm", "MailsWaitingAlarm"} <= off


@pytest.mark.parametrize("role", ["StartMachinesRole", "ForwardPartnerEventsRole"])
def test_eventbridge_takes_a_role_for_this_account_alone(role: str) -> None:
    (statement,) = TEMPLATE.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_every_log_group_that_is_written_to_is_one_of_ours() -> None:
    """One that AWS makes by itself is kept for ever."""
    groups = set(TEMPLATE.of_type("AWS::Logs::LogGroup"))
    (api,) = TEMPLATE.of_type("AWS::Serverless::HttpApi").values()
    used = {api["AccessLogSettings"]["DestinationArn"]}
    for machine in TEMPLATE.of_type("AWS::Serverless::StateMachine").values():
        (destination,) = machine["Logging"]["Destinations"]
        used.add(destination["CloudWatchLogsLogGroup"]["LogGroupArn"])

    assert {arn.removesuffix(".Arn") for arn in used} | {"FunctionLogs"} == groups

"""Operators may do what ops and the runbook do, and nothing else."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from billing.store.ledger import Failure, Ledger
from local.embedded_aws.attribute_conditions import condition_keys
from ops.denials import WRITES
from tests.support.definitions import machine_names
from tests.support.runbook import commands
from tests.support.template import Template

TEMPLATE = Template(
    {"MailFrom": "billing@example.test", "StripeEventSource": "aws.partner/stripe.com/ed_1"}
)
LEAST = Template()
POLICIES = ("OperatorReadPolicy", "OperatorWritePolicy")

#: What AWS knows a resource for, of each action; cfn-lint has its Service Authorization Reference.
AUTHORIZATION = json.loads(
    files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text(encoding="utf-8")
)
#: CloudWatch's metrics are none of its resources; data sets are, of which GetMetricData reads too.
WITHOUT_RESOURCE = {"cloudwatch:GetMetricData"}

#: AWS's limit on a managed policy, white space left out; what a resource's own ARN is longer than
#: the name that stands for it here; and how much longer a stack's name may be than ours.
LARGEST_POLICY = 6_144
ARN = len("arn:aws:states:ap-southeast-2:123456789012:stateMachine:")
LONGER_NAME = 20

#: What the runbook does with AWS's own command; scai-ops does the rest.
BY_HAND = {"lambda:UpdateEventSourceMapping", "secretsmanager:PutSecretValue"}
#: The service by which others give them what they may.
ADMINISTRATORS = {"iam"}
#: Actions that aren't called as their operation is, and services as their prefix.
OPERATIONS = {"lambda:InvokeFunction": "Invoke"}
PREFIXES = {"sesv2": "ses"}

Json = dict[str, Any]


def statements(policy: str, template: Template = TEMPLATE) -> list[Json]:
    found: list[Json] = template.of_type("AWS::IAM::ManagedPolicy")[policy]["PolicyDocument"][
        "Statement"
    ]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(policy: str, template: Template = TEMPLATE) -> Iterator[tuple[str, str]]:
    """Each action with each resource that a policy allows it on."""
    for statement in statements(policy, template):
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield action, resource


def actions(policy: str) -> set[str]:
    return {action for action, _ in allowed(policy)}


@pytest.mark.parametrize("policy", POLICIES)
def test_everything_is_allowed_on_named_resources_wherever_aws_knows_any(policy: str) -> None:
    for action, resource in allowed(policy):
        service, name = action.split(":")
        known = AUTHORIZATION[service]["Actions"][name.lower()]
        if resource == "*":
            assert not known or action in WITHOUT_RESOURCE, action
        else:
            assert known, f"AWS knows no resource for {action}: it must be allowed on all"
        assert "*" not in action


def test_who_may_only_look_can_change_nothing_of_awss() -> None:
    changing = {
        "Create", "Put", "Update", "Delete", "Start", "Stop", "Redrive", "Send", "Invoke", "Cancel",
    }  # fmt: skip
    looking = {action.split(":")[1] for action in actions("OperatorReadPolicy")}

    assert not [name for name in looking if name.startswith(tuple(changing))]
    assert not actions("OperatorReadPolicy") & actions("OperatorWritePolicy")


def test_who_gives_somebody_a_look_is_told_that_stripes_secret_goes_with_it() -> None:
    policy = TEMPLATE.of_type("AWS::IAM::ManagedPolicy")["OperatorReadPolicy"]

    assert "secretsmanager:GetSecretValue" in actions("OperatorReadPolicy")
    assert "Stripe's key and signing secrets" in policy["Description"]


def test_what_is_refused_names_the_policy_that_allows_it() -> None:
    of_ops = actions("OperatorWritePolicy") - BY_HAND

    assert {OPERATIONS.get(action, action.split(":")[1]) for action in of_ops} == WRITES


@pytest.mark.parametrize(
    "words",
    [words for words in commands("aws") if words[0] not in ADMINISTRATORS],
    ids=lambda words: " ".join(words[:2]),
)
def test_operators_may_do_what_the_runbook_does_with_aws_own_command(words: list[str]) -> None:
    model = botocore.session.get_session().get_service_model(words[0])
    (name,) = [n for n in model.operation_names if xform_name(n, "-") == words[1]]

    action = f"{PREFIXES.get(words[0], words[0])}:{name}"

    assert action in actions("OperatorReadPolicy") | BY_HAND
    assert action in actions("OperatorReadPolicy") | actions("OperatorWritePolicy")


def test_every_machine_and_no_other_stacks_is_looked_at_and_mended() -> None:
    machines = {f"scai-billing-{machine}" for machine in machine_names()}

    for policy, of_machines, of_executions in (
        ("OperatorReadPolicy", "states:ListExecutions", "states:GetExecutionHistory"),
        ("OperatorWritePolicy", "states:StartExecution", "states:RedriveExecution"),
    ):
        on = list(allowed(policy))
        assert {resource for action, resource in on if action == of_machines} == machines
        assert {r.split(":")[-2] for action, r in on if action == of_executions} == machines


@pytest.mark.parametrize("template", [TEMPLATE, LEAST])
def test_every_dead_letter_is_looked_at_and_can_leave_its_queue(template: Template) -> None:
    queues = {f"{n}.Arn" for n in template.of_type("AWS::SQS::Queue") if "DeadLetter" in n}

    for policy, action in (
        ("OperatorReadPolicy", "sqs:ReceiveMessage"),
        ("OperatorWritePolicy", "sqs:DeleteMessage"),
    ):
        assert {r for a, r in allowed(policy, template) if a == action} == queues


def test_of_the_ledger_only_the_operators_log_takes_new_entries() -> None:
    (putting,) = [s for s in statements("OperatorWritePolicy") if s["Action"] == "dynamodb:PutItem"]

    assert putting["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ops:*"]}}
    written = {r for a, r in allowed("OperatorWritePolicy") if a.startswith("dynamodb:")}
    assert written == {"scai_billing_events.Arn"}


def test_of_the_ledgers_entries_only_what_ops_note_is_changed() -> None:
    of_the_log, of_the_others = [
        s["Condition"]
        for s in statements("OperatorWritePolicy")
        if s["Action"] == "dynamodb:UpdateItem"
    ]

    assert of_the_log["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": ["ops:*"]}
    assert attributes(of_the_log) == {"event_id", "result"}
    assert of_the_others["ForAllValues:StringNotLike"] == {"dynamodb:LeadingKeys": ["ops:*"]}
    assert attributes(of_the_others) == updated_by_ops()


def attributes(condition: Json) -> set[str]:
    return set(condition["ForAllValues:StringEquals"]["dynamodb:Attributes"])


class Asked:
    """Takes DynamoDB's updates, and keeps which attributes they name."""

    def __init__(self) -> None:
        self.attributes: set[str] = set()

    def update_item(self, **request: Any) -> None:
        keys = condition_keys("dynamodb:UpdateItem", json.dumps(request).encode())
        self.attributes.update(keys["dynamodb:Attributes"])


def updated_by_ops() -> set[str]:
    """What the ledger names in the updates that ops make of it."""
    failure = Failure(execution="e", status="FAILED", error="E", cause="", redrive_count=0, at=1)
    asked: Any = Asked()
    ledger = Ledger(asked, "scai_billing_events", ttl_days=1)
    ledger.mark_published("key", 1)
    ledger.mark_failed("evt_1", failure)
    ledger.settle("evt_1", 1)
    return set(asked.attributes)


def test_the_publishers_mapping_can_be_made_to_call_no_other_function() -> None:
    (changing,) = [
        s
        for s in statements("OperatorWritePolicy")
        if s["Action"] == "lambda:UpdateEventSourceMapping"
    ]

    publisher = "HandlersPublishFactsFunction.Arn"
    assert changing["Condition"] == {
        "ArnLike": {"lambda:FunctionArn": [publisher, f"{publisher}:*"]}
    }


def test_of_a_user_no_more_is_read_than_the_functions_read() -> None:
    reading = [s for s in statements("OperatorReadPolicy") if "users_scai" in str(s["Resource"])]

    assert [s["Action"] for s in reading] == ["dynamodb:Query", "dynamodb:GetItem"]
    for statement in reading:
        assert "dynamodb:Attributes" in statement["Condition"]["ForAllValues:StringEquals"]
    assert reading[0] in TEMPLATE.statements("StepsResolveUserFunction")
    assert reading[1] in TEMPLATE.statements("HandlersAddTokenClaimsFunction")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_is_not_longer_than_aws_takes(policy: str) -> None:
    text = json.dumps(statements(policy), separators=(",", ":"))
    resources = [r for s in statements(policy) for r in listed(s["Resource"]) if r != "*"]
    named = [resource for resource in resources if not resource.startswith("arn:")]

    assert len(text) + ARN * len(named) + LONGER_NAME * len(resources) <= LARGEST_POLICY


def test_their_arns_are_told_to_whoever_attaches_them() -> None:
    outputs = TEMPLATE.outputs

    assert [outputs[f"{policy}Arn"] for policy in POLICIES] == list(POLICIES)

"""The nightly comparison: when it runs, what it starts with, and what it may do."""

from billing.contracts.reconcile import ReconcileInput
from billing.reconciling import phases
from reconcile import compare_page
from tests.support.definitions import tasks_of
from tests.support.reconcile import tries_of_a_page
from tests.support.template import Template

TEMPLATE = Template()
RULE = TEMPLATE.of_type("AWS::Events::Rule")["ReconcileRule"]


def test_everything_is_compared_every_night_by_default() -> None:
    (target,) = RULE["Targets"]

    assert (RULE["ScheduleExpression"], RULE["State"]) == ("cron(30 3 * * ? *)", "ENABLED")
    assert target["Arn"] == "scai-billing-reconcile"
    assert ReconcileInput.model_validate_json(target["Input"]) == ReconcileInput(scope="all")


def test_the_schedule_can_be_another_and_switched_off() -> None:
    chosen = {"ReconcileSchedule": "rate(6 hours)", "ReconcileState": "DISABLED"}
    rule = Template(chosen).of_type("AWS::Events::Rule")["ReconcileRule"]

    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(6 hours)", "DISABLED")


def test_it_may_start_its_own_machine_and_no_other() -> None:
    function = TEMPLATE.resources["ReconcileStartSuccessorFunction"]["Properties"]
    ((statement,),) = (policy["Statement"] for policy in function["Policies"])

    assert statement["Action"] == "states:StartExecution"
    assert statement["Resource"].split(":stateMachine:")[1] == "scai-billing-reconcile"


def test_an_executions_history_has_room_for_all_its_pages_and_tries() -> None:
    """Even if Stripe is down before each page for as long as is waited for it."""
    retries = max(retry["MaxAttempts"] for retry in tasks_of("reconcile")["Compare Page"]["Retry"])

    assert phases.PAGES_PER_EXECUTION * (7 + 3 * retries) < 25_000


def test_a_page_is_tried_again_after_patience_with_one_customer_has_ended() -> None:
    """And once more, should Stripe or DynamoDB just then fail everybody for a moment."""
    assert tries_of_a_page() > compare_page.PATIENCE + 1


def test_the_index_that_is_walked_has_what_is_compared() -> None:
    table = TEMPLATE.of_type("AWS::DynamoDB::Table")["SubscriptionsTable"]
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}

    assert indexes["CreatedIndex"]["Projection"] == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["subscription_id"],
    }

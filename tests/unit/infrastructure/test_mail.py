"""Mails to customers: off by default, and then from one address alone."""

from typing import Any

from billing.notifications import LONGEST_NEWS, MAILED
from tests.support.template import ROOT, Template

FROM = "billing@example.test"
MAILER = "HandlersSendMailFunction"
ON = Template({"MailFrom": FROM})
OFF = Template()
QUEUE = ON.of_type("AWS::SQS::Queue")["MailsQueue"]
(POLICY,) = ON.of_type("AWS::Serverless::Function")[MAILER]["Policies"]
STATEMENTS: list[dict[str, Any]] = POLICY["Statement"]


def statement(action: str | list[str]) -> dict[str, Any]:
    """The one statement of the mailer's that allows exactly this."""
    (found,) = [s for s in STATEMENTS if s["Action"] == action]
    return found


def test_nothing_of_it_is_there_until_somebody_says_who_sends() -> None:
    assert not [name for name in OFF.resources if "Mail" in name]


def test_the_rule_hands_on_the_facts_that_may_call_for_a_mail_and_no_others() -> None:
    pattern = ON.of_type("AWS::Events::Rule")["MailFactsRule"]["EventPattern"]

    assert pattern["source"] == ["scai.billing"]
    assert sorted(pattern["detail-type"]) == sorted(MAILED)


def test_the_rule_and_nobody_else_may_send_to_the_queue() -> None:
    policy = ON.of_type("AWS::SQS::QueuePolicy")["MailsQueuePolicy"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    (target,) = ON.of_type("AWS::Events::Rule")["MailFactsRule"]["Targets"]

    assert policy["Queues"] == ["MailsQueue"]
    assert target["Arn"] == statement["Resource"] == "MailsQueue.Arn"
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": "scai-billing-mail-facts.Arn"}}


def test_the_function_takes_from_the_queue_no_faster_than_ses_usually_sends() -> None:
    mapping = ON.of_type("AWS::Lambda::EventSourceMapping")["MailsMapping"]

    assert (mapping["EventSourceArn"], mapping["FunctionName"]) == (
        "MailsQueue.Arn",
        f"{MAILER}.Alias",
    )
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_no_message_is_handed_out_again_while_its_batch_may_still_run() -> None:
    """AWS's advice: "Using Lambda with Amazon SQS", Lambda Developer Guide."""
    timeout = ON.of_type("AWS::Serverless::Function")[MAILER]["Timeout"]

    assert QUEUE["VisibilityTimeout"] >= 6 * timeout


def test_a_mail_that_ses_defers_comes_back_as_long_as_it_is_news_and_is_never_lost() -> None:
    redrive = QUEUE["RedrivePolicy"]
    tried_for = redrive["maxReceiveCount"] * QUEUE["VisibilityTimeout"]
    kept = ON.of_type("AWS::SQS::Queue")["MailsDeadLetterQueue"]["MessageRetentionPeriod"]

    assert redrive["maxReceiveCount"] <= 1000
    assert tried_for >= LONGEST_NEWS
    assert LONGEST_NEWS < QUEUE["MessageRetentionPeriod"] < kept
    assert redrive["deadLetterTargetArn"] == "MailsDeadLetterQueue.Arn"
    assert QUEUE["SqsManagedSseEnabled"] is True


def test_it_may_send_as_the_one_address_only() -> None:
    assert statement("ses:SendEmail")["Condition"] == {"StringEquals": {"ses:FromAddress": FROM}}


def test_it_may_write_no_entry_of_the_ledger_but_mails() -> None:
    writing = [s for s in STATEMENTS if s["Resource"] == "scai_billing_events.Arn"]

    assert writing == [statement("dynamodb:PutItem")]
    assert writing[0]["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["mail:*"]}
    }


def test_it_may_take_from_its_own_queue_and_set_aside_in_its_own_dead_letter_queue() -> None:
    taking = statement(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])

    assert taking["Resource"] == "MailsQueue.Arn"
    assert statement("sqs:SendMessage")["Resource"] == "MailsDeadLetterQueue.Arn"
    assert "Events" not in ON.of_type("AWS::Serverless::Function")[MAILER]


def test_every_language_that_is_offered_has_its_file_and_no_other_has() -> None:
    files = (ROOT / "functions" / "billing" / "mail_templates").glob("*.toml")

    assert sorted(path.stem for path in files) == ON.allowed_values("MailLanguage")

"""Mails to customers: off by default, and then from one address alone."""

from billing.notifications import MAILED
from tests.support.template import ROOT, Template

FROM = "billing@example.test"
MAILER = "HandlersSendMailFunction"
ON = Template({"MailFrom": FROM})
OFF = Template()


def test_nothing_of_it_is_there_until_somebody_says_who_sends() -> None:
    assert not [name for name in OFF.resources if "Mail" in name]


def test_the_rule_hands_on_the_facts_that_may_call_for_a_mail_and_no_others() -> None:
    pattern = ON.of_type("AWS::Events::Rule")["MailFactsRule"]["EventPattern"]

    assert pattern["source"] == ["scai.billing"]
    assert sorted(pattern["detail-type"]) == sorted(MAILED)


def test_the_rule_may_call_the_function() -> None:
    permission = ON.resources["MailFactsPermission"]["Properties"]
    (target,) = ON.of_type("AWS::Events::Rule")["MailFactsRule"]["Targets"]

    assert target["Arn"] == permission["FunctionName"] == f"{MAILER}.Alias"
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == "scai-billing-mail-facts.Arn"


def test_a_fact_whose_mail_cannot_be_sent_is_kept() -> None:
    invocation = ON.of_type("AWS::Serverless::Function")[MAILER]["EventInvokeConfig"]

    assert invocation["MaximumRetryAttempts"] == 2
    assert invocation["DestinationConfig"]["OnFailure"] == {
        "Type": "SQS",
        "Destination": "MailsDeadLetterQueue.Arn",
    }


def test_it_may_send_as_the_one_address_only() -> None:
    (policy,) = ON.of_type("AWS::Serverless::Function")[MAILER]["Policies"]
    (sending,) = [s for s in policy["Statement"] if s["Action"] == "ses:SendEmail"]

    assert sending["Condition"] == {"StringEquals": {"ses:FromAddress": FROM}}


def test_every_language_that_is_offered_has_its_file_and_no_other_has() -> None:
    files = (ROOT / "functions" / "billing" / "mail_templates").glob("*.toml")

    assert sorted(path.stem for path in files) == ON.allowed_values("MailLanguage")

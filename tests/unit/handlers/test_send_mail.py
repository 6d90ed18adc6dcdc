"""Customers get each mail at most once, and the ledger knows what became of it."""

import json
import time
from functools import cached_property
from typing import Any

import boto3
import pytest

from billing.contracts.facts import FactEvent
from billing.domain.errors import MailDeferred, StoreUnavailable
from billing.domain.record import Record
from billing.mailer import Delivery, Mailer
from billing.notifications import LONGEST_NEWS
from billing.observability import logger
from billing.store.dynamodb import client
from billing.store.mails import Claim, MailLog
from billing.wording import Text
from handlers.send_mail import MailPorts, handler, send_mail, send_mails
from tests.support.aws import FakePorts, a_lambda_context, add_user, ledger_item
from tests.support.builders import NOW, a_record, a_subscription, an_invoice
from tests.support.facts import a_fact
from tests.support.template import Template

TEMPLATE = Template({"MailFrom": "billing@example.test", "ProductName": "Acme"})
WELCOME = a_fact("SubscriptionActivated", after=a_subscription())
KEY = f"mail:{WELCOME.id}"
SENT = Delivery(outcome="sent", message_id="message-1")


class FakeMailer(Mailer):
    """A mailer that keeps what it sends, and answers as it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Text]] = []
        self.answers: list[Delivery] = []

    def send(self, to: str, text: Text) -> Delivery:
        answer = self.answers.pop(0) if self.answers else SENT
        if answer.outcome in ("sent", "unknown"):
            self.sent.append((to, text))
        return answer


class FakeMailPorts(FakePorts, MailPorts):
    """A mail's ports, with a mailer of the test's."""

    @cached_property
    def mailer(self) -> FakeMailer:
        return FakeMailer()


@pytest.fixture
def ports(aws: None, monkeypatch: pytest.MonkeyPatch) -> FakeMailPorts:
    for name, value in TEMPLATE.environment("HandlersSendMailFunction").items():
        monkeypatch.setenv(name, value)
    queue = boto3.client("sqs").create_queue(QueueName="MailsDeadLetterQueue")
    monkeypatch.setenv("MAILS_DEAD_LETTER_QUEUE", queue["QueueUrl"])
    return FakeMailPorts()


@pytest.fixture(autouse=True)
def ada(aws: None) -> None:
    add_user("user_1", firstName="Ada")


def delivered(fact: FactEvent = WELCOME, **changed: Any) -> dict[str, Any]:
    """A fact as EventBridge delivers it."""
    return {
        "source": "scai.billing",
        "detail-type": fact.type,
        "detail": fact.model_dump(mode="json") | changed,
    }


def queued(*events: dict[str, Any]) -> dict[str, Any]:
    """A batch of the queue, whose messages are called by their places in it."""
    bodies = enumerate(json.dumps(event) for event in events)
    return {"Records": [{"messageId": str(place), "body": body} for place, body in bodies]}


def handed_back(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def dead_letters(ports: FakeMailPorts) -> list[dict[str, Any]]:
    queue = ports.settings.dead_letter_queue
    answer = boto3.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def store(ports: FakeMailPorts, record: Record) -> None:
    stored = ports.records.load(record.user_id).version
    assert ports.records.save(record.model_copy(update={"version": stored + 1}), stored)


def recorded(ports: FakeMailPorts, **invoice: Any) -> None:
    """Record the invoice that the facts about an attempt are about."""
    store(ports, a_record(invoices={"in_1": an_invoice(**invoice)}))


def test_a_mail_is_in_the_users_name_to_their_address(ports: FakeMailPorts) -> None:
    assert send_mail(WELCOME, ports) == SENT

    ((to, text),) = ports.mailer.sent
    assert to == "user_1@example.test"
    assert text.subject == "Welcome to Acme"
    assert text.body.startswith("Hello Ada,\n")
    assert "https://app.example.com/billing" in text.body


def test_a_mail_that_was_sent_is_on_the_users_timeline(ports: FakeMailPorts) -> None:
    send_mail(WELCOME, ports)

    item = ledger_item(KEY)
    assert (item["kind"], item["type"], item["cause"]) == ("mail", "welcome", WELCOME.id)
    assert (item["user_id"], item["received_at"]) == ("user_1", NOW)
    assert (item["outcome"], item["message_id"]) == ("sent", "message-1")
    assert item["expires_at"] > NOW
    assert "attention" not in item


def test_the_ledger_keeps_no_address_and_no_text(ports: FakeMailPorts) -> None:
    send_mail(WELCOME, ports)

    assert "example.test" not in str(ledger_item(KEY))
    assert "Ada" not in str(ledger_item(KEY))


def test_a_fact_told_twice_is_mailed_once(ports: FakeMailPorts) -> None:
    send_mail(WELCOME, ports)

    assert send_mail(WELCOME, ports) is None
    assert len(ports.mailer.sent) == 1


def test_a_mail_is_claimed_before_it_is_sent(ports: FakeMailPorts) -> None:
    class Crash(Exception):
        pass

    class CrashingMailer(FakeMailer):
        def send(self, to: str, text: Text) -> Delivery:
            raise Crash

    ports.mailer = CrashingMailer()
    with pytest.raises(Crash):
        send_mail(WELCOME, ports)
    ports.mailer = FakeMailer()

    assert send_mail(WELCOME, ports) is None
    assert ports.mailer.sent == []
    assert ledger_item(KEY)["attention"] == "mail_unsent"


def test_a_mail_that_was_sent_but_could_not_be_noted_is_not_sent_again(
    ports: FakeMailPorts,
) -> None:
    class ForgetfulLog(MailLog):
        def note(self, claim: Claim, delivery: Delivery, now: int) -> None:
            raise StoreUnavailable("DynamoDB did not answer")

    ports.mails = ForgetfulLog(client(), ports.settings.events_table, 400)
    for _ in range(2):
        try:
            send_mail(WELCOME, ports)
        except StoreUnavailable:
            continue

    assert len(ports.mailer.sent) == 1


def test_a_refused_mail_is_listed_with_its_reason_and_not_tried_again(
    ports: FakeMailPorts,
) -> None:
    ports.mailer.answers = [Delivery(outcome="refused", error="MessageRejected")]

    send_mail(WELCOME, ports)

    item = ledger_item(KEY)
    assert (item["outcome"], item["error"]) == ("refused", "MessageRejected")
    assert item["attention"] == "mail_failed"
    assert send_mail(WELCOME, ports) is None


def test_a_mail_that_may_have_left_is_listed_and_not_tried_again(ports: FakeMailPorts) -> None:
    ports.mailer.answers = [Delivery(outcome="unknown", error="ReadTimeoutError")]

    send_mail(WELCOME, ports)

    assert (ledger_item(KEY)["outcome"], ledger_item(KEY)["attention"]) == (
        "unknown",
        "mail_failed",
    )
    assert send_mail(WELCOME, ports) is None
    assert len(ports.mailer.sent) == 1


def test_a_deferred_mail_is_listed_and_sent_once_ses_takes_it(ports: FakeMailPorts) -> None:
    ports.mailer.answers = [Delivery(outcome="deferred", error="TooManyRequestsException")]

    with pytest.raises(MailDeferred):
        send_mail(WELCOME, ports)

    assert ledger_item(KEY)["attention"] == "mail_failed"
    assert send_mail(WELCOME, ports) == SENT
    assert len(ports.mailer.sent) == 1
    assert not {"attention", "error"} & set(ledger_item(KEY))


def test_a_claim_whose_answer_was_lost_is_still_ones_own(ports: FakeMailPorts) -> None:
    """The SDK asks DynamoDB again, which holds the first request's item by then."""
    mine = Claim(
        topic=WELCOME.id,
        fact_id=WELCOME.id,
        mail="welcome",
        user_id="u",
        customer_id=None,
        holder="1",
        at=NOW,
    )

    assert ports.mails.claim(mine)
    assert ports.mails.claim(mine)
    assert not ports.mails.claim(mine.model_copy(update={"holder": "2"}))


@pytest.mark.parametrize(
    "email", ["ada", "a@b.test, all@b.test", "a@b.test\r\nBcc: all@b.test", "A <a@b.test>"]
)
def test_who_has_no_address_gets_no_mail(ports: FakeMailPorts, email: str) -> None:
    add_user("user_2", email=email)
    fact = a_fact("SubscriptionActivated", "user_2:1", user_id="user_2", after=a_subscription())

    send_mail(fact, ports)

    assert ports.mailer.sent == []
    assert ledger_item(f"mail:{fact.id}")["outcome"] == "no_address"


def test_a_user_who_is_gone_gets_no_mail_and_nobody_is_bothered(ports: FakeMailPorts) -> None:
    fact = a_fact("SubscriptionActivated", "nobody:1", user_id="nobody", after=a_subscription())

    send_mail(fact, ports)

    assert ports.mailer.sent == []
    assert ledger_item(f"mail:{fact.id}")["outcome"] == "no_address"
    assert "attention" not in ledger_item(f"mail:{fact.id}")


def test_a_replayed_fact_leaves_no_trace(ports: FakeMailPorts) -> None:
    ports.clock.advance(LONGEST_NEWS + 1)

    assert send_mail(WELCOME, ports) is None
    assert ports.mailer.sent == []
    assert ledger_item(KEY) == {}


def test_a_mail_speaks_the_language_of_the_setting(
    ports: FakeMailPorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_LANGUAGE", "de")

    send_mail(WELCOME, ports)

    ((_, text),) = ports.mailer.sent
    assert text.subject == "Willkommen bei Acme"


@pytest.mark.usefixtures("ports")
def test_the_lambda_itself_sends() -> None:
    boto3.client("sesv2").create_email_identity(EmailIdentity="billing@example.test")
    now = int(time.time())
    subscription = a_subscription(subscription_created=now)
    fact = a_fact("SubscriptionActivated", occurred_at=now, after=subscription)

    answer = handler(queued(delivered(fact)), a_lambda_context())

    assert handed_back(answer) == []
    assert ledger_item(KEY)["outcome"] == "sent"


def test_a_fact_that_asks_nothing_leaves_the_queue(ports: FakeMailPorts) -> None:
    paid = an_invoice(status="paid", amount_paid=2900)
    quiet = delivered(a_fact("PaymentSucceeded", "in_1", after=paid))

    answer = send_mails(queued(quiet, {"detail-type": "Unheard", "detail": {}}), ports)

    assert handed_back(answer) == []
    assert ledger_item("mail:PaymentSucceeded:in_1") == {}


def test_only_the_mails_that_ses_deferred_come_back(ports: FakeMailPorts) -> None:
    facts = [a_fact("SubscriptionActivated", f"u:{n}", after=a_subscription()) for n in range(3)]
    deferred = Delivery(outcome="deferred", error="TooManyRequestsException")
    ports.mailer.answers = [SENT, deferred, SENT]

    answer = send_mails(queued(*[delivered(fact) for fact in facts]), ports)

    assert handed_back(answer) == ["1"]
    assert len(ports.mailer.sent) == 2
    assert handed_back(send_mails(queued(*[delivered(fact) for fact in facts]), ports)) == []
    assert len(ports.mailer.sent) == 3


@pytest.mark.parametrize("outcome", ["refused", "unknown"])
def test_a_mail_that_may_not_be_sent_again_leaves_the_queue(
    ports: FakeMailPorts, outcome: Any
) -> None:
    ports.mailer.answers = [Delivery(outcome=outcome, error="Error")]

    assert handed_back(send_mails(queued(delivered()), ports)) == []


def test_a_mail_that_cannot_be_claimed_comes_back_and_holds_up_no_other(
    ports: FakeMailPorts,
) -> None:
    class FailingLog(MailLog):
        def claim(self, claim: Claim) -> bool:
            if claim.topic == WELCOME.id:
                raise StoreUnavailable("DynamoDB did not answer")
            return super().claim(claim)

    ports.mails = FailingLog(client(), ports.settings.events_table, 400)
    other = a_fact("SubscriptionActivated", "u:2", after=a_subscription())

    answer = send_mails(queued(delivered(), delivered(other)), ports)

    assert handed_back(answer) == ["0"]
    assert len(ports.mailer.sent) == 1


def test_a_fact_that_breaks_its_contract_is_set_aside_at_once(ports: FakeMailPorts) -> None:
    broken = delivered(after=None)

    answer = send_mails(queued(broken, delivered()), ports)

    assert handed_back(answer) == []
    assert dead_letters(ports) == [broken]
    assert len(ports.mailer.sent) == 1


def test_a_fact_that_cannot_be_set_aside_comes_back(ports: FakeMailPorts) -> None:
    boto3.client("sqs").delete_queue(QueueUrl=ports.settings.dead_letter_queue)

    assert handed_back(send_mails(queued(delivered(after=None)), ports)) == ["0"]


def test_a_burst_that_ses_throttles_is_sent_whole_and_each_mail_once(ports: FakeMailPorts) -> None:
    """As long as a mail is news the queue brings it back."""
    facts = [a_fact("SubscriptionActivated", f"u:{n}", after=a_subscription()) for n in range(30)]
    waiting = [delivered(fact) for fact in facts]
    deferred = Delivery(outcome="deferred", error="TooManyRequestsException")

    rounds = 0
    while waiting:
        ports.mailer.answers = [SENT] * 7 + [deferred] * len(waiting)
        answer = send_mails(queued(*waiting), ports)
        waiting = [waiting[int(place)] for place in handed_back(answer)]
        ports.clock.advance(360)
        rounds += 1

    assert rounds == 5
    assert len(ports.mailer.sent) == 30
    assert {ledger_item(f"mail:{fact.id}")["outcome"] for fact in facts} == {"sent"}


def test_a_mail_that_was_deferred_until_it_was_no_news_leaves_the_queue_and_stays_listed(
    ports: FakeMailPorts,
) -> None:
    ports.mailer.answers = [Delivery(outcome="deferred", error="TooManyRequestsException")]
    send_mails(queued(delivered()), ports)
    ports.clock.advance(LONGEST_NEWS + 1)

    assert handed_back(send_mails(queued(delivered()), ports)) == []
    assert ports.mailer.sent == []
    assert ledger_item(KEY)["attention"] == "mail_failed"


TO_CONFIRM = {"attempts": 1, "failed_attempts": 1, "action_required_attempt": 1}


def attempt(type_: str, **after: Any) -> FactEvent:
    """A fact about the first attempt at an invoice, as it was when it was told."""
    return a_fact(type_, "in_1:1", before=an_invoice(), after=an_invoice(attempts=1, **after))


@pytest.mark.parametrize("failure_first", [True, False])
def test_an_attempt_to_confirm_is_one_mail_in_either_order(
    ports: FakeMailPorts, *, failure_first: bool
) -> None:
    failed = attempt("PaymentFailed", failed_attempts=1)
    to_confirm = attempt("PaymentActionRequired", failed_attempts=1, action_required_attempt=1)
    facts = [failed, to_confirm] if failure_first else [to_confirm, failed]
    recorded(ports, **TO_CONFIRM)

    send_mails(queued(*[delivered(fact) for fact in facts]), ports)

    ((_, text),) = ports.mailer.sent
    assert text.subject == "Please confirm your payment for Acme"


def test_who_was_told_that_an_attempt_failed_is_not_written_to_about_it_again(
    ports: FakeMailPorts,
) -> None:
    """The other event came late: there is one mail about an attempt, whoever is first."""
    recorded(ports, attempts=1, failed_attempts=1)
    send_mail(attempt("PaymentFailed", failed_attempts=1), ports)
    recorded(ports, **TO_CONFIRM)

    to_confirm = attempt("PaymentActionRequired", failed_attempts=1, action_required_attempt=1)

    assert send_mail(to_confirm, ports) is None
    assert len(ports.mailer.sent) == 1
    assert ledger_item("mail:PaymentAttempt:in_1:1")["type"] == "payment_failed"


def test_a_failure_that_was_deferred_makes_way_for_the_request_to_confirm(
    ports: FakeMailPorts,
) -> None:
    failed = attempt("PaymentFailed", failed_attempts=1)
    recorded(ports, attempts=1, failed_attempts=1)
    ports.mailer.answers = [Delivery(outcome="deferred", error="TooManyRequestsException")]
    send_mails(queued(delivered(failed)), ports)
    recorded(ports, **TO_CONFIRM)

    to_confirm = attempt("PaymentActionRequired", failed_attempts=1, action_required_attempt=1)
    send_mails(queued(delivered(to_confirm), delivered(failed)), ports)

    ((_, text),) = ports.mailer.sent
    assert text.subject == "Please confirm your payment for Acme"


def test_a_log_line_names_nobody_of_the_message_before(ports: FakeMailPorts) -> None:
    send_mails(queued(delivered(), {"detail-type": "Unheard", "detail": {}}), ports)

    assert not {"user_id", "customer_id", "event_id"} & set(logger.get_current_keys())

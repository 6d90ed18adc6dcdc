"""Customers get each mail at most once, and the ledger knows what became of it."""

import time
from functools import cached_property
from typing import Any

import boto3
import pytest

from billing.contracts.facts import FactEvent
from billing.domain.errors import ContractViolation, MailDeferred, StoreUnavailable
from billing.mailer import Delivery, Mailer
from billing.notifications import LONGEST_NEWS
from billing.store.dynamodb import client
from billing.store.mails import Claim, MailLog
from billing.wording import Text
from handlers.send_mail import MailPorts, handler, send_mail
from tests.support.aws import FakePorts, a_lambda_context, add_user, ledger_item
from tests.support.builders import NOW, a_subscription, an_invoice
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
    return FakeMailPorts()


@pytest.fixture(autouse=True)
def ada(aws: None) -> None:
    add_user("user_1", firstName="Ada")


def delivered(fact: FactEvent = WELCOME) -> dict[str, Any]:
    """A fact as EventBridge delivers it."""
    return {
        "source": "scai.billing",
        "detail-type": fact.type,
        "detail": fact.model_dump(mode="json"),
    }


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
        fact_id=WELCOME.id, mail="welcome", user_id="u", customer_id=None, holder="1", at=NOW
    )

    assert ports.mails.claim(mine)
    assert ports.mails.claim(mine)
    assert not ports.mails.claim(mine.model_copy(update={"holder": "2"}))


@pytest.mark.parametrize(
    "email", ["ada", "a@b.test, all@b.test", "a@b.test\r\nBcc: all@b.test", "A <a@b.test>"]
)
def test_who_has_no_address_gets_no_mail_and_is_listed(ports: FakeMailPorts, email: str) -> None:
    add_user("user_2", email=email)
    fact = a_fact("SubscriptionActivated", "user_2:1", user_id="user_2", after=a_subscription())

    send_mail(fact, ports)

    assert ports.mailer.sent == []
    item = ledger_item(f"mail:{fact.id}")
    assert (item["outcome"], item["error"]) == ("refused", "NoAddress")


def test_a_user_who_is_gone_gets_no_mail_and_is_listed(ports: FakeMailPorts) -> None:
    fact = a_fact("SubscriptionActivated", "nobody:1", user_id="nobody", after=a_subscription())

    send_mail(fact, ports)

    assert ports.mailer.sent == []
    assert ledger_item(f"mail:{fact.id}")["attention"] == "mail_failed"


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

    handler(delivered(fact), a_lambda_context())

    assert ledger_item(KEY)["outcome"] == "sent"


def test_the_lambda_itself_sends_nothing_of_a_fact_that_asks_nothing(ports: FakeMailPorts) -> None:
    paid = an_invoice(status="paid", amount_paid=2900)
    handler(delivered(a_fact("PaymentSucceeded", "in_1", after=paid)), a_lambda_context())
    handler({"detail-type": "Unheard", "detail": {}}, a_lambda_context())

    assert ledger_item("mail:PaymentSucceeded:in_1") == {}


def test_a_fact_that_breaks_its_contract_is_kept_for_somebody_to_look_at(
    ports: FakeMailPorts,
) -> None:
    broken = delivered()
    broken["detail"]["after"] = None

    with pytest.raises(ContractViolation, match="after"):
        handler(broken, a_lambda_context())

"""Send Mail, on the queue of facts: tells a customer what asks something of them, by mail.

Guards that a customer gets each mail at most once, and one mail about one thing: it is claimed in
the ledger before it is sent, and whoever comes later, or doesn't know whether it left, sends
nothing. What SES surely did not take is handed back to the queue. A mail that fails changes nothing
else: no lifecycle waits for it.
"""

import json
import re
import uuid
from functools import cached_property
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from billing.config import MailSettings, load
from billing.contracts.facts import FactEvent, fact_event
from billing.contracts.stripe_events import explain
from billing.dead_letters import DeadLetters
from billing.domain.errors import ContractViolation, MailDeferred
from billing.mailer import Delivery, Mailer
from billing.metrics import Metric, measure
from billing.notifications import MAILED, Notification, notification_of, topic_of
from billing.observability import log_context, logger, observed
from billing.runtime import Ports
from billing.store.mails import Claim, MailLog
from billing.store.users import User
from billing.wording import Wording

#: One address and nothing that a header could be made of. SES judges the rest.
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
NO_ADDRESS = Delivery(outcome="no_address")

Batch = dict[str, Any]


class MailPorts(Ports):
    """What a mail needs besides."""

    @cached_property
    def settings(self) -> MailSettings:
        return load(MailSettings)

    @cached_property
    def mailer(self) -> Mailer:
        return Mailer(self.settings.mail_from, self.settings.product_name)

    @cached_property
    def mails(self) -> MailLog:
        return MailLog(self.dynamodb, self.settings.events_table, self.settings.ledger_ttl_days)

    @cached_property
    def wording(self) -> Wording:
        settings = self.settings
        return Wording(settings.mail_language, settings.product_name, settings.billing_page_url)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return DeadLetters(self.settings.dead_letter_queue)


def send_mails(batch: Batch, ports: MailPorts) -> Batch:
    """Send what a batch of the queue calls for; answer with the messages that must come back."""
    again = [message for message in batch["Records"] if not _is_done(message, ports)]
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in again]}


def send_mail(fact: FactEvent, ports: MailPorts) -> Delivery | None:
    """Send the mail that a fact calls for; None where it calls for none, or was claimed before.

    Raises:
        MailDeferred: SES takes no mail right now; the fact must be delivered again.
        StoreUnavailable: DynamoDB did not answer.
    """
    log_context(event_id=fact.cause, user_id=fact.user_id, customer_id=fact.customer_id)
    notification = notification_of(fact, ports.records.load(fact.user_id), ports.now())
    if notification is None:
        logger.info("no mail", fact=fact.id)
        return None
    user = ports.users.find(fact.user_id)
    text = ports.wording.text_of(notification, user.first_name if user else None)
    claim = _claim(fact, notification, ports.now())
    if not ports.mails.claim(claim):
        logger.info("mail claimed before", fact=fact.id)
        return None
    address = _address_of(user)
    delivery = ports.mailer.send(address, text) if address else NO_ADDRESS
    _measure(delivery)
    ports.mails.note(claim, delivery, ports.now())
    logger.info("mail noted", fact=fact.id, mail=notification.mail, delivery=delivery.model_dump())
    if delivery.outcome == "deferred":
        raise MailDeferred(f"SES deferred {fact.id}: {delivery.error}")
    return delivery


def _is_done(message: dict[str, Any], ports: MailPorts) -> bool:
    """Whether a message may leave the queue. What fails with one is no matter of the others."""
    logger.remove_keys(["event_id", "user_id", "customer_id"])  # the last message's
    try:
        _handle(message["body"], ports)
    except Exception:
        logger.exception("mail not sent", message_id=message["messageId"])
        return False
    return True


def _handle(body: str, ports: MailPorts) -> None:
    """Handle an event of our bus. One that breaks its contract would come back for days."""
    try:
        fact = _fact_in(json.loads(body))
    except ContractViolation:
        logger.exception("no fact that we know")
        ports.dead_letters.put(body)
        return
    if fact is not None:
        send_mail(fact, ports)


def _fact_in(event: dict[str, Any]) -> FactEvent | None:
    """Read the fact; None where its type mails nothing."""
    if event["detail-type"] not in MAILED:
        logger.info("no mail", type=event["detail-type"])
        return None
    try:
        return fact_event.validate_python(event["detail"])
    except ValidationError as error:
        raise ContractViolation(explain(error)) from None


def _measure(delivery: Delivery) -> None:
    if delivery.outcome == "sent":
        measure(Metric.MAIL_SENT)
    elif delivery.outcome in ("refused", "unknown"):
        measure(Metric.MAIL_FAILED)


def _claim(fact: FactEvent, notification: Notification, now: int) -> Claim:
    return Claim(
        topic=topic_of(fact),
        fact_id=fact.id,
        mail=notification.mail,
        user_id=fact.user_id,
        customer_id=fact.customer_id,
        holder=str(uuid.uuid4()),
        at=now,
    )


def _address_of(user: User | None) -> str | None:
    email = user.email if user else None
    return email if email and _ADDRESS.fullmatch(email) else None


_ports = MailPorts()


@observed
def handler(event: Batch, _context: LambdaContext) -> Batch:
    """Lambda's entry point."""
    return send_mails(event, _ports)

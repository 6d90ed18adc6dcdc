"""Send Mail, on facts of our bus: tells a customer what asks something of them, by mail.

Guards that a customer gets each mail at most once: it is claimed in the ledger before it is sent,
and whoever comes later, or doesn't know whether it left, sends nothing. A mail that fails changes
nothing else: no lifecycle waits for it.
"""

import re
import uuid
from functools import cached_property
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from billing.config import MailSettings, load
from billing.contracts.facts import FactEvent, fact_event
from billing.contracts.stripe_events import explain
from billing.domain.errors import ContractViolation, MailDeferred
from billing.mailer import Delivery, Mailer
from billing.notifications import MAILED, Notification, notification_of
from billing.observability import log_context, logger
from billing.runtime import Ports
from billing.store.dynamodb import client
from billing.store.mails import Claim, MailLog
from billing.store.users import User
from billing.wording import Wording

#: One address and nothing that a header could be made of. SES judges the rest.
_ADDRESS = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+")
NO_ADDRESS = Delivery(outcome="refused", error="NoAddress")


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
        return MailLog(client(), self.settings.events_table, self.settings.ledger_ttl_days)

    @cached_property
    def wording(self) -> Wording:
        settings = self.settings
        return Wording(settings.mail_language, settings.product_name, settings.billing_page_url)


def send_mail(fact: FactEvent, ports: MailPorts) -> Delivery | None:
    """Send the mail that a fact calls for; None where it calls for none, or was claimed before.

    Raises:
        MailDeferred: SES takes no mail right now; the fact must be delivered again.
        StoreUnavailable: DynamoDB did not answer.
    """
    log_context(event_id=fact.cause, user_id=fact.user_id, customer_id=fact.customer_id)
    notification = notification_of(fact, ports.now())
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
    ports.mails.note(claim, delivery, ports.now())
    logger.info("mail noted", fact=fact.id, mail=notification.mail, delivery=delivery.model_dump())
    if delivery.outcome == "deferred":
        raise MailDeferred(f"SES deferred {fact.id}: {delivery.error}")
    return delivery


def _claim(fact: FactEvent, notification: Notification, now: int) -> Claim:
    return Claim(
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


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Lambda's entry point. A fact of a type that mails nothing is passed over."""
    if event["detail-type"] not in MAILED:
        logger.info("no mail", type=event["detail-type"])
        return
    try:
        fact = fact_event.validate_python(event["detail"])
    except ValidationError as error:
        raise ContractViolation(explain(error)) from None
    send_mail(fact, _ports)

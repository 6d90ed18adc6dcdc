"""A user's history in the ledger, written as the steps, the mailer and reconciliation write it."""

from collections.abc import Sequence
from typing import Any

from billing.contracts.stripe_events import StripeEvent
from billing.domain.facts import Fact
from billing.mailer import Delivery
from billing.store.commit import Committer
from billing.store.ledger import Entry, Failure
from billing.store.mails import Claim, MailLog
from tests.support.aws import FakePorts
from tests.support.builders import an_invoice
from tests.support.stripe import event_json

STATES = "arn:aws:states:us-east-1:123456789012"
MACHINES = {
    f"{name}StateMachineArn": f"{STATES}:stateMachine:scai-billing-{name.lower()}"
    for name in ("Renew", "Upgrade", "Reconcile")
}
SENT = Delivery(outcome="sent", message_id="message_1")


def execution_arn(name: str, machine: str = "renew") -> str:
    return f"{STATES}:execution:scai-billing-{machine}:{name}"


class Story:
    """What happens to one user; ``at`` is in seconds from now on."""

    def __init__(
        self, ports: FakePorts, user_id: str = "user_1", customer_id: str = "cus_1"
    ) -> None:
        self.ports = ports
        self.user_id = user_id
        self.customer_id = customer_id
        self.began = ports.now()
        self._committer = Committer(ports.dynamodb, ports.records, ports.ledger)

    def claim(self, event_id: str, at: int = 0, type_: str = "invoice.paid") -> str:
        """Have an execution claim an event; give its ARN."""
        payload = {"object": "invoice", "id": "in_1", "customer": self.customer_id}
        event = StripeEvent.model_validate(event_json(type_, payload, id=event_id))
        execution = execution_arn(f"of-{event_id}")
        assert self.ports.ledger.open(event, "scai.stripe", execution, self.began + at) is None
        return execution

    def event(
        self, event_id: str, *facts: str, at: int = 0, done_after: int = 0, **ending: Any
    ) -> None:
        """Have an event come, and its machine apply it with these facts, by their types."""
        execution = self.claim(event_id, at)
        told = [self.fact(type_, event_id, at + done_after) for type_ in facts]
        entry = Entry(
            event_id=event_id,
            execution=execution,
            user_id=self.user_id,
            outcome="applied",
            facts=tuple(fact.key for fact in told),
            at=self.began + at + done_after,
            **ending,
        )
        self._commit(entry, told)

    def look(self, cause: str, *facts: str, at: int = 0) -> None:
        """Have us look at Stripe ourselves, which leads to these facts."""
        self._commit(None, [self.fact(type_, cause, at) for type_ in facts])

    def fact(self, type_: str, cause: str, at: int) -> Fact:
        invoice = an_invoice(invoice_id=f"in_{cause}", status="paid", amount_paid=2900)
        return Fact(
            key=f"{type_}:in_{cause}",
            type=type_,
            user_id=self.user_id,
            customer_id=self.customer_id,
            version=1,
            cause=cause,
            occurred_at=self.began + at,
            before=None,
            after=invoice.model_dump(exclude_none=True),
        )

    def publish(self, type_: str, cause: str) -> None:
        self.ports.ledger.mark_published(f"{type_}:in_{cause}", self.ports.now())

    def mail(self, type_: str, cause: str, at: int = 0, delivery: Delivery | None = SENT) -> None:
        """Have the mail about a fact be claimed, and sent unless there is no delivery."""
        claim = Claim(
            topic=f"{type_}:in_{cause}",
            fact_id=f"{type_}:in_{cause}",
            mail="recovered",
            user_id=self.user_id,
            customer_id=self.customer_id,
            holder="holder",
            at=self.began + at,
        )
        settings = self.ports.settings
        mails = MailLog(self.ports.dynamodb, settings.events_table, settings.ledger_ttl_days)
        assert mails.claim(claim)
        if delivery is not None:
            mails.note(claim, delivery, claim.at)

    def fail(self, event_id: str, at: int = 0) -> None:
        """Have the execution that holds an event fail."""
        failure = Failure(
            execution=execution_arn(f"of-{event_id}"),
            status="FAILED",
            error="ContractViolation",
            cause="<b>nobody</b> can read it",
            redrive_count=0,
            at=(self.began + at) * 1000,
            user_id=self.user_id,
        )
        assert self.ports.ledger.mark_failed(event_id, failure)

    def _commit(self, entry: Entry | None, facts: Sequence[Fact]) -> None:
        before = self.ports.records.load(self.user_id)
        after = before.model_copy(
            update={"version": before.version + 1, "customer_id": self.customer_id}
        )
        if entry is not None:
            entry = entry.model_copy(update={"version": after.version})
        self._committer.commit(after, before.version, entry, facts)

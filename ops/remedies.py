"""What helps a dead letter: bringing it again to what missed it.

Guards that each remedy may be applied any number of times: events, mails and facts are known by
their ids, executions by their names.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from pydantic import ValidationError
from pydantic_core import to_json

from billing.bus import MOST_ENTRIES
from billing.contracts.reconcile import ReconcileInput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import BusUnavailable
from billing.domain.facts import Fact
from billing.front_door import enveloped
from billing.outbox import publish
from ops.dead_letters import DeadLetter, Json, Remedy, document
from ops.errors import OpsError
from ops.standings import is_done
from ops.target import Target
from ops.unpublished import unpublished_facts

#: What each remedy does, in the words that operators see before they choose it.
REMEDIES: dict[Remedy, str] = {
    "put_on_bus": "put the event on the bus again",
    "start_reconcile": "start the nightly comparison that could not be started",
    "note_failure": "note in the ledger that the execution failed",
    "publish_facts": "publish the facts that the ledger lists as unpublished",
    "queue_mail": "give the fact to the mailer again",
    "none": "nothing is known to help: look at it, then drop it",
}
_NO_MAILER = "no mails are sent here: deploy with a sender (MailFrom), or drop the message"


def intentions(target: Target, letters: Sequence[DeadLetter]) -> dict[str, str]:
    """What redriving would do with each message, by its id."""
    brought = {x.event_id for x in letters if x.remedy == "put_on_bus" and x.event_id}
    entries = target.ports.ledger.standing_of(brought)
    done = {event_id for event_id, entry in entries.items() if is_done(entry)}

    def intention(letter: DeadLetter) -> str:
        if letter.remedy == "put_on_bus" and letter.event_id in done:
            return "nothing: its event is done, it would only leave the queue"
        if letter.remedy == "queue_mail" and not _sends_mails(target):
            return _NO_MAILER
        return REMEDIES[letter.remedy]

    return {letter.id: intention(letter) for letter in letters}


def _sends_mails(target: Target) -> bool:
    """Whether a mailer is deployed; its queue of dead letters comes and goes with it."""
    return "mails" in target.dead_letter_queues


class Remedies:
    """What helps each kind of message; each may be applied any number of times."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._published: set[str] = set()
        self._by_name: dict[Remedy, Callable[[DeadLetter], str]] = {
            "put_on_bus": self._put_on_bus,
            "start_reconcile": self._start_reconcile,
            "note_failure": self._note_failure,
            "publish_facts": self._publish_facts,
            "queue_mail": self._queue_mail,
            "none": self._give_up,
        }

    def apply(self, letter: DeadLetter) -> str:
        """Do it, and say what was done.

        Raises:
            OpsError: it can't be done.
            BillingError: what it needs failed, or did not answer.
        """
        return self._by_name[letter.remedy](letter)

    def _put_on_bus(self, letter: DeadLetter) -> str:
        ports = self._target.ports
        event = self._event_of(letter)
        if is_done(ports.ledger.standing_of([event["id"]]).get(event["id"])):
            return "its event has come another way since"
        ports.bus.put(enveloped(to_json(event), event))
        return "put on the bus again"

    def _event_of(self, letter: DeadLetter) -> Json:
        """The event as it came; where the message doesn't hold it whole, as Stripe has it."""
        detail: Json = document(letter.body).get("detail", {})
        try:
            StripeEvent.model_validate(detail)
        except ValidationError:
            assert letter.event_id is not None, "or there would be no such remedy"
            fetched: Json = self._target.ports.stripe.event(letter.event_id)
            return fetched
        return detail

    def _start_reconcile(self, letter: DeadLetter) -> str:
        states = self._target.client("stepfunctions")
        name = f"redriven-{letter.id}"
        wish = ReconcileInput(scope="all").model_dump_json(exclude_none=True)
        try:
            states.start_execution(
                stateMachineArn=self._target.machines["reconcile"], name=name, input=wish
            )
        except states.exceptions.ExecutionAlreadyExists:
            return f"started before: {name}"
        return f"started {name}"

    def _note_failure(self, letter: DeadLetter) -> str:
        event = document(letter.body)
        answer = self._target.client("lambda").invoke(
            FunctionName=self._target.outputs["RecordFailureFunctionArn"],
            Payload=to_json(event.get("requestPayload", event)),
        )
        if "FunctionError" in answer:
            said = json.loads(answer["Payload"].read())
            raise OpsError(f"the function failed again: {said.get('errorMessage', said)}")
        return "noted in the ledger"

    def _publish_facts(self, letter: DeadLetter) -> str:
        """Publish what was committed before the stream gave up. The index may lag behind us."""
        before = int(letter.sent_at.timestamp())
        facts = {
            fact.key: fact
            for fact in unpublished_facts(self._target, before)
            if fact.key not in self._published
        }
        refused: set[str] = set()
        for batch in _batches(facts):
            refused |= publish(batch, self._target.ports)
        self._published |= facts.keys() - refused
        if refused:
            raise BusUnavailable(f"EventBridge refused {len(refused)} of {len(facts)} facts")
        return f"published {len(facts)} facts" if facts else "all facts are published by now"

    def _queue_mail(self, letter: DeadLetter) -> str:
        if not _sends_mails(self._target):
            raise OpsError(_NO_MAILER)
        self._target.client("sqs").send_message(
            QueueUrl=self._target.outputs["MailsQueueUrl"], MessageBody=letter.body
        )
        return "given to the mailer again"

    def _give_up(self, _letter: DeadLetter) -> str:
        raise OpsError("nothing is known to help with it: scai-ops dlq show, then dlq drop")


def _batches(facts: dict[str, Fact]) -> Iterator[dict[str, Fact]]:
    waiting = iter(facts.items())
    while batch := dict(islice(waiting, MOST_ENTRIES)):
        yield batch

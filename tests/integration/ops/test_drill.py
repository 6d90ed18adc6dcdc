"""A night of ops, as it may come: what fails is found, understood and mended, by the command alone.

Some two hundred events, of which sixty fail with two causes and five start nothing. One cause is
mended at its root and all its failures retried in one command, by an operator who is cut off and
begins again; the dead letters are redriven; the rest is replayed once its cause is gone.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.customer import Customer
from tests.support.denial import denied
from tests.support.deployed import Deployed, Facts, Json
from tests.support.scai_ops import ScaiOps
from tests.support.waiting import eventually

#: Customers whose payment can't be recorded: one event of each fails.
UNRECORDED = 30
#: Customers whose user isn't there yet: two events of each fail.
STRANGERS = 15
#: Customers of whom an event starts nothing.
UNHEARD = 5


class Stranger(Customer):
    """A customer whose user the SaaS is yet to make, though the subscription names it."""

    def _user(self) -> str:
        return f"user-{uuid.uuid4().hex[:12]}"

    def subscribe(self, plan: str = "standard_monthly", **fields: Any) -> Json:
        return super().subscribe(plan, metadata={"user_id": self.user_id}, **fields)

    def arrive(self) -> None:
        self.deployed.add_user(_id=self.user_id, email=f"{self.user_id}@example.test")


class Night:
    """Everybody who is about tonight, and what the operator sees of it."""

    def __init__(self, deployed: Deployed, facts: Facts, scai_ops: ScaiOps) -> None:
        self.deployed = deployed
        self.scai_ops = scai_ops
        eventually(self.at_rest, "the end of what other tests left")
        # Other tests' failures are older, even by the whole seconds that the command reads.
        begins = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        self.since = ("--since", begins.isoformat())
        self.unheard = [Customer(deployed, facts) for _ in range(UNHEARD)]
        for customer in self.unheard:
            customer.subscribe()
        self.unheard[0].settled()
        self.unrecorded = [Customer(deployed, facts) for _ in range(UNRECORDED)]
        self.strangers = [Stranger(deployed, facts) for _ in range(STRANGERS)]

    @property
    def everybody(self) -> list[Customer]:
        return [*self.unrecorded, *self.strangers, *self.unheard]

    def at_rest(self) -> bool:
        """Whether nothing runs but what waits for a payment."""
        running = self.scai_ops.json("executions", "--status", "RUNNING", "--limit", "1000")
        return all(each["machine"] == "payment_failure" for each in running)

    def causes(self) -> dict[str, Json]:
        """What has failed and is owed, by error."""
        found = self.scai_ops.json("causes", *self.since)
        causes: dict[str, Json] = {cause["error"]: cause for cause in found}
        assert len(causes) == len(found)
        return causes

    def failures(self) -> int:
        return sum(cause["count"] for cause in self.causes().values())

    def dead_letters(self) -> list[str]:
        """Those of tonight: what other tests have left may come meanwhile."""
        (look,) = self.scai_ops.json("dlq", "list", "--queue", "events")
        unheard = {customer.id for customer in self.unheard}
        return [letter["id"] for letter in look["letters"] if letter["customer_id"] in unheard]


def because(reason: str) -> tuple[str, ...]:
    return ("--yes", "--reason", reason)


def test_a_night_of_ops_ends_with_nothing_owed_and_nothing_doubled(
    deployed: Deployed, facts: Facts, scai_ops: ScaiOps
) -> None:
    with deployed.only_door("partner"):  # so many at once the relay leaves to Stripe's retries
        play_the_night(Night(deployed, facts, scai_ops))


def play_the_night(night: Night) -> None:
    deployed, scai_ops = night.deployed, night.scai_ops
    with denied(deployed, "RenewRecordPaymentFunctionRole", "dynamodb:UpdateItem"):
        for customer in [*night.unrecorded, *night.strangers]:
            customer.subscribe()
        eventually(lambda: night.failures() == 60, "sixty failures", timeout=600)
        unrecorded, strangers = night.causes()["ClientError"], night.causes()["UserNotFound"]
        assert unrecorded["count"] == UNRECORDED
        assert unrecorded["state"] == "Record Payment"
        assert "AccessDenied" in unrecorded["message"]
        assert strangers["count"] == 2 * STRANGERS
        assert strangers["machines"] == ["renew", "subscribe"]
    with denied(deployed, "StartMachinesRole", "states:StartExecution"):
        for customer in night.unheard:
            customer.change(cancel_at_period_end=True)
        lost = eventually(lambda: all_five(night), "five dead letters")

    # One cause is mended by now: all that failed with it in one command, even if it is cut off.
    command = ("retry-failed", "--cause", unrecorded["id"], *because("the role may write again"))
    cut_off(night, command)
    scai_ops.json(*command)
    eventually(lambda: set(night.causes()) == {"UserNotFound"}, "the end of one cause")

    redriven = scai_ops.json("dlq", "redrive", *lost, *because("the bus may start machines again"))
    assert night.dead_letters() == []

    for stranger in night.strangers:
        assert isinstance(stranger, Stranger)
        stranger.arrive()
    replayed = scai_ops.json("replay", *night.since, *because("the users have arrived"))
    assert sum(each["put"] for each in replayed) >= 2 * STRANGERS

    # What is retried is no failure while it runs, and what comes from a dead letter never was one.
    for letter in redriven:
        deployed.ended({"id": letter["event_id"]})
    eventually(night.at_rest, "the end of what runs", timeout=600)
    eventually(lambda: not night.causes(), "the end of all failures", timeout=600)
    for customer in night.everybody:
        customer.hold_to_stripe()
        customer.told_once()
    it_is_told(night)


def all_five(night: Night) -> list[str] | None:
    letters = night.dead_letters()
    return letters if len(letters) == UNHEARD else None


def cut_off(night: Night, command: tuple[str, ...]) -> None:
    """Begin a command, and kill it as soon as it has changed something."""
    with night.scai_ops.started(*command) as process:
        eventually(lambda: night.scai_ops.json("audit", *night.since), "the first change")
        process.kill()


def it_is_told(night: Night) -> None:
    """The timeline of who was struck says who mended what, why, and what came of it."""
    (customer, *_) = night.unrecorded
    chapters = night.scai_ops.json("timeline", customer.user_id)["chapters"]
    mended = next(c for c in chapters if c["kind"] == "operator")
    assert mended["operator"]["reason"] == "the role may write again"
    paid = next(c for c in chapters if c["event"] and c["event"]["type"] == "invoice.paid")
    assert paid["outcome"] == "applied"
    assert paid["execution"]["arn"] == mended["operator"]["subject"]
    told = {fact["type"] for chapter in chapters for fact in chapter["facts"]}
    assert {"SubscriptionActivated", "PaymentSucceeded", "AccessChanged"} <= told

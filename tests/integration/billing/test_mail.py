"""Mails as deployed: from a Stripe event to the customer's inbox, by rule and queue, once."""

import json
import time

from local.embedded_aws.process import ACCOUNT_ID
from tests.support.builders import a_subscription, an_invoice
from tests.support.deployed import Deployed, Json
from tests.support.facts import a_fact
from tests.support.waiting import eventually


def inbox(deployed: Deployed, user: str) -> list[Json]:
    """The mails that the embedded SES has sent to a user, oldest first."""
    sent = deployed.http.get(deployed.stack.mails_url).json()["messages"].get(ACCOUNT_ID, [])
    return [mail for mail in sent if mail["To"] == [f"{user}@example.test"]]


def noted(deployed: Deployed, topic: str, outcome: str) -> Json:
    """Wait until the ledger says what came of the mail about a topic."""

    def probe() -> Json | None:
        entry = deployed.entry(f"mail:{topic}")
        return entry if entry.get("outcome") == outcome else None

    return eventually(probe, f"the mail about {topic}")


def fact(user: str, version: int, at: float) -> Json:
    """A scheduled cancellation of a user's subscription."""
    set_to_end = a_subscription(cancel_at=int(at) + 86_400)
    told = a_fact(
        "CancellationScheduled",
        f"{user}:{version}",
        user_id=user,
        occurred_at=int(at),
        before=a_subscription(),
        after=set_to_end,
    )
    return told.model_dump(mode="json")


def attempt(type_: str, user: str, at: float) -> Json:
    """A fact about the first attempt at an invoice that the customer must confirm."""
    after = an_invoice(invoice_id=f"in_{user}", failed_attempts=1, action_required_attempt=1)
    told = a_fact(
        type_, f"in_{user}:1", user_id=user, occurred_at=int(at), before=an_invoice(), after=after
    )
    return told.model_dump(mode="json")


def tell(deployed: Deployed, *facts: Json) -> None:
    """Put facts on the stack's bus, as the outbox does."""
    entries = [
        {
            "EventBusName": deployed.stack.event_bus,
            "Source": "scai.billing",
            "DetailType": told["type"],
            "Detail": json.dumps(told),
        }
        for told in facts
    ]
    answer = deployed.client("events").put_events(Entries=entries)
    assert answer["FailedEntryCount"] == 0, answer


def test_a_new_subscriber_is_welcomed_once(deployed: Deployed) -> None:
    user = deployed.add_user()
    customer, subscription = deployed.subscribed_customer()
    event = deployed.session_event(customer, subscription, user)

    deployed.deliver(event)

    entry = noted(deployed, f"SubscriptionActivated:{user}:1", "sent")
    (mail,) = inbox(deployed, user)
    assert mail["Source"] == "SCAI <billing@example.test>"
    assert mail["Subject"] == "Welcome to SCAI"
    assert mail["BodyText"].startswith("Hello,\n")
    assert entry["message_id"] == mail["MessageId"]
    assert (entry["user_id"], entry["kind"], entry["type"]) == (user, "mail", "welcome")
    assert "attention" not in entry


def test_the_timeline_of_a_user_has_the_mail_beside_its_fact(deployed: Deployed) -> None:
    user = deployed.add_user()
    customer, subscription = deployed.subscribed_customer()
    deployed.deliver(deployed.session_event(customer, subscription, user))
    noted(deployed, f"SubscriptionActivated:{user}:1", "sent")

    timeline = deployed.dynamodb.query(
        TableName=deployed.stack.tables.events,
        IndexName="TimelineIndex",
        KeyConditionExpression="user_id = :user",
        ExpressionAttributeValues={":user": {"S": user}},
    )

    assert {item["kind"]["S"] for item in timeline["Items"]} == {"event", "fact", "mail"}


def test_a_fact_told_five_times_is_mailed_once_and_one_of_long_ago_never(
    deployed: Deployed,
) -> None:
    user = deployed.add_user()
    now = time.time()
    of_old = fact(user, version=1, at=now - 4 * 86_400)
    told, next_one = fact(user, version=2, at=now), fact(user, version=3, at=now)

    tell(deployed, of_old, *[told] * 5)
    noted(deployed, told["id"], "sent")
    tell(deployed, next_one)
    noted(deployed, next_one["id"], "sent")

    assert len(inbox(deployed, user)) == 2
    assert deployed.entry(f"mail:{of_old['id']}") == {}


def test_an_attempt_that_the_customer_must_confirm_is_one_mail(deployed: Deployed) -> None:
    user = deployed.add_user()
    now = time.time()
    kinds = ("PaymentFailed", "PaymentActionRequired")

    tell(deployed, *[attempt(kind, user, at=now) for kind in kinds])

    entry = noted(deployed, f"PaymentAttempt:in_{user}:1", "sent")
    assert entry["type"] == "action_required"
    assert [mail["Subject"] for mail in inbox(deployed, user)] == [
        "Please confirm your payment for SCAI"
    ]


def test_nobody_is_bothered_about_who_is_not_there_to_write_to(deployed: Deployed) -> None:
    gone = fact("user-who-is-gone", version=1, at=time.time())

    tell(deployed, gone)

    assert "attention" not in noted(deployed, gone["id"], "no_address")


def test_a_fact_that_breaks_its_contract_ends_in_the_mailers_dead_letter_queue(
    deployed: Deployed,
) -> None:
    broken = fact("user-of-a-broken-fact", version=1, at=time.time()) | {"after": None}

    tell(deployed, broken)

    def arrived() -> bool:
        letters = deployed.dead_letters("mails")
        return any(letter["detail"] == broken for letter in letters)

    eventually(arrived, "the dead letter")

"""The deployed local stack as the integration tests use it: Stripe's side, AWS's side, the API."""

import hashlib
import hmac
import json
import math
import re
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property, partial
from typing import Any, Literal

import boto3
import httpx
import stripe
from boto3.dynamodb.types import TypeDeserializer
from botocore.config import Config

from local.stack.stack_file import StackFile
from tests.support.routing import enveloped, rules_for
from tests.support.waiting import eventually

Json = dict[str, Any]
Door = Literal["relay", "partner"]
LONGER_THAN_ANYBODY_WAITS = 60
MORE_OFTEN_THAN_ANYBODY_ASKS = 20
#: What a function logs in our format names it; what the runtime logs of it doesn't.
_OTHER_FUNCTION = re.compile(r'"function_name":"(?![\w-]+-ApiFunction-)')
_LOGGED_AT = re.compile(r'"timestamp":"([^"]+)"')


def signature(body: str, secret: str, at: int | None = None) -> str:
    """Sign as Stripe does ("Verify webhook signatures manually")."""
    timestamp = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"


class Facts:
    """What our bus carried as domain events since the listener was set up."""

    def __init__(self, receive: Callable[[], list[Json]]) -> None:
        self._receive = receive
        self._seen: list[Json] = []

    def of(self, user_id: str) -> list[Json]:
        self._seen += self._receive()
        return [fact for fact in self._seen if fact["detail"]["user_id"] == user_id]

    def types_of(self, user_id: str) -> list[str]:
        return sorted(fact["detail-type"] for fact in self.of(user_id))


def _logged_at(line: str) -> float:
    """When a line says that it was logged (UTC seconds); what says nothing is taken for new."""
    said = _LOGGED_AT.search(line)
    return datetime.fromisoformat(said[1]).timestamp() if said else math.inf


class PatientClient(httpx.Client):
    """Asks until Lambda has room: it refuses to run more functions at once than it may."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        send = super().send

        def answered() -> httpx.Response | None:
            answer = send(request, **options)
            return None if _tells_of_no_room(answer) else answer

        return eventually(answered, "an answer")


def _tells_of_no_room(answer: httpx.Response) -> bool:
    """Whether API Gateway has refused, and not our own code, whose words are others."""
    return answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and answer.json() == {
        "message": "Service Unavailable"
    }


class Deployed:
    """One running stack."""

    def __init__(self, stack: StackFile) -> None:
        self.stack = stack
        self.stripe = stripe.StripeClient(
            stack.stripe_secret_key,
            base_addresses={"api": stack.stripe_api_base},
            max_network_retries=2,
        )
        self.http = PatientClient(timeout=60)

    def close(self) -> None:
        self.http.close()

    def client(self, service: str) -> Any:
        session: Any = boto3.Session("test", "test", region_name=self.stack.aws_region)
        return session.client(
            service,
            endpoint_url=self.stack.aws_endpoint,
            config=Config(retries={"total_max_attempts": 1}),
        )

    @cached_property
    def dynamodb(self) -> Any:
        return self.client("dynamodb")

    @cached_property
    def stepfunctions(self) -> Any:
        return self.client("stepfunctions")

    @cached_property
    def sqs(self) -> Any:
        return self.client("sqs")

    # -- People and Stripe's objects ------------------------------------------------------------

    def add_user(self, customer_id: str | None = None, **attributes: str) -> str:
        """Add a user without a subscription or a token, whose customer the SaaS may know."""
        user_id = f"user-{uuid.uuid4().hex[:12]}"
        known = {"stripe_customer_id": customer_id} if customer_id else {}
        user = {"email": f"{user_id}@example.test", "_id": user_id} | known | attributes
        self.dynamodb.put_item(
            TableName=self.stack.tables.users,
            Item={name: {"S": value} for name, value in user.items()},
        )
        return user_id

    def ask(self, method: str, path: str, **params: Any) -> Json:
        """Ask Stripe's API, as its dashboard would."""
        answer: Any = self.stripe.raw_request(method, path, **params)
        asked: Json = json.loads(answer.body)
        return asked

    def control(self, method: str, path: str, body: Json | None = None) -> Json:
        """Tell the simulator what befalls cards, deliveries and requests."""
        answer = self.http.request(method, f"{self.stack.stripe_api_base}/_sim{path}", json=body)
        answer.raise_for_status()
        said: Json = answer.json() if answer.content else {}
        return said

    def subscribed_customer(self, **customer: Any) -> tuple[str, str]:
        """Make a customer with an active subscription at Stripe; give both ids.

        No door hears of it: what Stripe tells would race with the event that the test sends.
        """
        with self.network({"drop": True}):
            made = self.ask("post", "/v1/customers", **customer)
            attach = "/v1/payment_methods/pm_card_visa/attach"
            method = self.ask("post", attach, customer=made["id"])
            subscription = self.ask(
                "post",
                "/v1/subscriptions",
                customer=made["id"],
                items=[{"price": self.stack.prices["standard_monthly"]}],
                default_payment_method=method["id"],
            )
        assert subscription["status"] == "active"
        return made["id"], subscription["id"]

    def event(self, type_: str, stripe_object: Json, **fields: Any) -> Json:
        """Make an event of our own about an object."""
        return {
            "id": f"evt_{uuid.uuid4().hex}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "type": type_,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "data": {"object": stripe_object},
            **fields,
        }

    def subscription_event(self, subscription_id: str, user_id: str | None, **fields: Any) -> Json:
        """``customer.subscription.created`` of a real subscription, naming this user."""
        found = self.stripe.v1.subscriptions.retrieve(subscription_id).to_dict()
        named = {"user_id": user_id} if user_id else {}
        text = json.dumps(found | {"metadata": named}, default=str)
        return self.event("customer.subscription.created", json.loads(text), **fields)

    def session_event(
        self, customer_id: str, subscription_id: str, user_id: str, **fields: Any
    ) -> Json:
        """``checkout.session.completed`` of a checkout that made this subscription."""
        session = {
            "id": f"cs_test_{uuid.uuid4().hex}",
            "object": "checkout.session",
            "mode": "subscription",
            "status": "complete",
            "payment_status": "paid",
            "customer": customer_id,
            "subscription": subscription_id,
            "client_reference_id": user_id,
            "metadata": {},
        }
        return self.event("checkout.session.completed", session, **fields)

    # -- The doors --------------------------------------------------------------------------------

    def post_webhook(self, event: Json, **headers: str) -> httpx.Response:
        body = json.dumps(event)
        signed = {"Stripe-Signature": signature(body, self.stack.webhook_secret)}
        return self.http.post(self.stack.webhook_url, content=body, headers=signed | headers)

    def deliver(self, event: Json) -> None:
        """Have an event taken by the relay."""
        answer = self.post_webhook(event)
        assert answer.status_code == 200, answer.text

    def put_partner(self, event: Json) -> None:
        answer = self.client("events").put_partner_events(
            Entries=[
                {
                    "Source": self.stack.partner_event_source,
                    "DetailType": event["type"],
                    "Detail": json.dumps(event),
                }
            ]
        )
        assert answer["FailedEntryCount"] == 0, answer

    @contextmanager
    def only_door(self, door: Door) -> Iterator[None]:
        """Let Stripe's own events in by one door alone; it sends them to the relay otherwise."""
        if door == "relay":
            yield
            return
        (relay,) = self.control("GET", "/destinations")["data"]
        partner = self.control(
            "POST",
            "/destinations",
            {
                "type": "eventbridge",
                "endpoint_url": self.stack.aws_endpoint,
                "source": self.stack.partner_event_source,
                "region": self.stack.aws_region,
                "enabled_events": relay["enabled_events"],
            },
        )
        try:
            with self.network({"destination": relay["id"], "drop": True}):
                yield
        finally:
            self.control("DELETE", f"/destinations/{partner['id']}")

    @contextmanager
    def network(self, *rules: Json) -> Iterator[None]:
        """Let the network do this to Stripe's deliveries, beside what it does already."""
        before = self.control("GET", "/chaos")["rules"]
        self.control("PUT", "/chaos", {"rules": [*rules, *before]})
        try:
            yield
        finally:
            self.control("PUT", "/chaos", {"rules": before})

    @contextmanager
    def unanswered(self, path: str) -> Iterator[Callable[[], bool]]:
        """Let Stripe be silent to who asks for what is at a path (``*`` for anything).

        Gives whether somebody has asked. Whoever tries again is left without an answer too.
        """
        silence = {
            "kind": "delay",
            "method": "GET",
            "path": path,
            "seconds": LONGER_THAN_ANYBODY_WAITS,
            "times": MORE_OFTEN_THAN_ANYBODY_ASKS,
        }
        unused = self.control("POST", "/faults", silence)
        try:
            yield lambda: unused not in self.control("GET", "/faults")["data"]
        finally:
            self.control("DELETE", "/faults")

    def release(self) -> None:
        """Let in all that the network holds."""
        self.control("POST", "/deliveries/release", {})

    def release_first(self, type_: str) -> str:
        """Let in the first event of a type that the network holds; give its id."""
        held = self.control("GET", f"/deliveries?state=held&type={type_}")["data"]
        first = min(held, key=lambda delivery: delivery["id"])
        self.control("POST", "/deliveries/release", {"ids": [first["id"]]})
        event_id: str = first["event"]
        return event_id

    # -- What came of it ---------------------------------------------------------------------------

    def entry(self, event_id: str) -> Json:
        return self._item(self.stack.tables.events, {"event_id": {"S": event_id}})

    def record(self, user_id: str) -> Json:
        return self._item(self.stack.tables.subscriptions, {"_id": {"S": user_id}})

    def user(self, user_id: str) -> Json:
        return self._item(self.stack.tables.users, {"email": {"S": f"{user_id}@example.test"}})

    def ended(self, event: Json, outcome: str = "applied", deliveries: int = 1) -> Json:
        """Wait until the ledger says that the event ended so, after so many deliveries at least.

        EventBridge and the relay may each deliver an event more than once.
        """

        def probe() -> Json | None:
            entry = self.entry(event["id"])
            done = entry.get("outcome") == outcome and entry.get("deliveries", 0) >= deliveries
            return entry if done else None

        try:
            return eventually(probe)
        except AssertionError:
            raise AssertionError(
                f"{event['id']} did not end {outcome}: {self.entry(event['id'])}"
            ) from None

    def newest_event(self) -> str | None:
        """The last event that Stripe has told; what comes later is ``events_since``."""
        newest = self.ask("get", "/v1/events", limit=1)["data"]
        return newest[0]["id"] if newest else None

    def events_since(self, event_id: str | None) -> list[Json]:
        """Stripe's events after this one that a rule wants, the newest first."""
        after = {"ending_before": event_id} if event_id else {}
        listed = self.ask("get", "/v1/events", limit=100, **after)
        assert not listed["has_more"]
        return [event for event in listed["data"] if rules_for(enveloped(event))]

    def all_ended(self, events: list[Json]) -> list[Json]:
        """Wait until each event has come, and to a good end; give their entries."""
        self.delivered(events)
        return [self._good_end(event) for event in events]

    def delivered(self, events: list[Json]) -> None:
        """Wait until nothing of these events is on its way."""
        for event in events:
            eventually(partial(self._is_delivered, event["id"]), f"the way of {event['id']}")

    def _is_delivered(self, event_id: str) -> bool:
        """Have Stripe send what Lambda had no room for: its own next try is minutes away."""
        sent = self.control("GET", f"/deliveries?event={event_id}")["data"]
        arrived = {each["destination"] for each in sent if each["state"] == "delivered"}
        pending = [each for each in sent if each["state"] == "pending"]
        missing = [each for each in pending if each["destination"] not in arrived]
        if missing and all(each["attempts"] for each in missing):
            self.control("POST", f"/deliveries/{missing[0]['id']}/resend")
        return not missing

    def _good_end(self, event: Json) -> Json:
        def ended() -> Json | None:
            entry = self.entry(event["id"])
            assert entry.get("outcome") != "failed", entry
            return entry if entry.get("outcome") else None

        return eventually(ended, f"the end of {event['type']} {event['id']}")

    def committed_facts(self, user_id: str) -> list[str]:
        """The ids of the facts that were committed with a user's record."""
        timeline = self.dynamodb.query(
            TableName=self.stack.tables.events,
            IndexName="TimelineIndex",
            KeyConditionExpression="user_id = :user",
            ExpressionAttributeValues={":user": {"S": user_id}},
        )
        return [
            item["fact"]["M"]["key"]["S"]
            for item in timeline["Items"]
            if item["kind"]["S"] == "fact"
        ]

    def ask_api(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask our API, for any user."""
        token = {"Authorization": f"Bearer {self.stack.admin_token}"}
        url = f"{self.stack.api_url}{path}"
        answer = self.http.request(method, url, json=body, headers=token)
        assert answer.status_code == 200, answer.text
        shown: Json = answer.json()
        return shown

    def api_logged_since(self, moment: float) -> list[str]:
        """What the API's function has logged since a time in UTC seconds.

        An older line may come late, and counts as new to CloudWatch: it says itself when it was.
        """
        began = int(moment * 1000)  # no line tells it more exactly
        pages = (
            self.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{self.stack.stack_name}", startTime=began)
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        return [
            line
            for line in lines
            if not _OTHER_FUNCTION.search(line) and _logged_at(line) >= began / 1000
        ]

    def pass_an_event(self) -> None:
        """Send an event through to its end: what was sent before has had its chance by then."""
        _customer, subscription = self.subscribed_customer()
        event = self.subscription_event(subscription, None)
        self.deliver(event)
        self.ended(event, "ignored")

    def ended_execution(self, machine: str, name: str) -> str:
        """Wait until an execution has ended; give its status."""
        machine_arn = self.stack.state_machines[machine]
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        return self._final_status_of(arn)

    def path_of(self, execution: str) -> list[str]:
        """The states that an execution entered, once it has ended."""
        self._final_status_of(execution)
        history = self.stepfunctions.get_execution_history(executionArn=execution, maxResults=1000)
        return [
            step["stateEnteredEventDetails"]["name"]
            for step in history["events"]
            if "stateEnteredEventDetails" in step
        ]

    def _final_status_of(self, execution: str) -> str:
        return eventually(lambda: s if (s := self.status_of(execution)) != "RUNNING" else None)

    def status_of(self, execution: str) -> str:
        status: str = self.stepfunctions.describe_execution(executionArn=execution)["status"]
        return status

    def function_of(self, machine: str, state: str) -> str:
        """The name of the function that a machine's Task runs."""
        arn = self.stack.state_machines[machine]
        described = self.stepfunctions.describe_state_machine(stateMachineArn=arn)
        task = json.loads(described["definition"])["States"][state]
        name: str = task["Resource"].split(":")[6]
        return name

    def errors_of(self, execution: str) -> list[str]:
        """What went wrong in an execution's Tasks, whether or not it was retried or redriven.

        That Lambda had no room is nothing of the execution's own.
        """
        history = self.stepfunctions.get_execution_history(executionArn=execution, maxResults=1000)
        errors = [
            step["taskFailedEventDetails"]["error"]
            for step in history["events"]
            if "taskFailedEventDetails" in step
        ]
        return [error for error in errors if error != "Lambda.TooManyRequestsException"]

    def dead_letters(self, queue: str) -> list[Json]:
        """Take what is in a dead-letter queue."""
        return self.receive(self.stack.dead_letter_queues[queue])

    def receive(self, queue_url: str) -> list[Json]:
        taken: list[Json] = []
        while True:
            answer = self.sqs.receive_message(
                QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            messages = answer.get("Messages", [])
            for message in messages:
                self.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                attributes = message.get("MessageAttributes", {})
                taken.append(
                    json.loads(message["Body"])
                    | {"attributes": {k: v["StringValue"] for k, v in attributes.items()}}
                )
            if not messages:
                return taken

    def listen_to_facts(self) -> Facts:
        """Put a queue behind a rule on our bus."""
        name = f"facts-{uuid.uuid4().hex[:8]}"
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        url = self.sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        events = self.client("events")
        events.put_rule(
            Name=name,
            EventBusName=self.stack.event_bus,
            EventPattern=json.dumps({"source": ["scai.billing"]}),
        )
        events.put_targets(
            Rule=name,
            EventBusName=self.stack.event_bus,
            Targets=[{"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}],
        )
        return Facts(lambda: self.receive(url))

    def _item(self, table: str, key: Json) -> Json:
        item = self.dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
        read = TypeDeserializer().deserialize
        return {name: read(value) for name, value in item.items()}

"""What an operator may do on AWS by the template's two policies, with IAM enforced.

``scai-ops`` runs here as it does on AWS: by a profile, with the credentials of a user of the
account's own.
"""

import asyncio
import json
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from billing.contracts.facts import told
from local.stack.settings import Settings
from ops.cli.app import COMMANDS
from ops.console.app import create_app
from ops.target import Target
from tests.support.customer import Customer
from tests.support.denial import denied
from tests.support.deployed import Deployed, Facts, Json
from tests.support.facts import facts_of
from tests.support.failures import Failed
from tests.support.scai_ops import SURE, Ended, ScaiOps
from tests.support.waiting import eventually

Names = dict[str, str]
READ, WRITE = "OperatorReadPolicyArn", "OperatorWritePolicyArn"

LOOKS = (
    "executions",
    "executions --failed",
    "executions --customer {customer}",
    "executions --user {user}",
    "show {failed}",
    "causes --since 1h",
    "timeline {user}@example.test",
    "timeline {customer}",
    "timeline {event}",
    "timeline {subscription}",
    "customer {stranger}",
    "drift",
    "dunning",
    "audit",
    "dlq list",
    "dlq show {kept}",
    "retry {failed} --dry-run",
    "retry-failed --since 1h --dry-run",
    "replay --since 1h --dry-run",
    "replay --archive --since 1h --dry-run",
    "publish-facts --dry-run",
    "reconcile --customer {customer} --dry-run",
    "dlq redrive --queue events --dry-run",
    "dlq drop --queue events --dry-run",
)
CHANGES = (
    "retry {failed}",
    "retry {stuck} --fresh",
    "retry-failed --customer {forgotten}",
    "replay {event} --all",
    "replay --archive --since {now}",
    "reconcile --customer {customer}",
    "dlq redrive {lost}",
    "dlq redrive {fact}",
    "dlq redrive {failure}",
    "dlq redrive {mail}",
    "dlq drop {rubbish}",
)
PAGES = (
    "session",
    "health",
    "causes",
    "executions/{failed}",
    "people/{user}",
    "people/{user}/timeline",
    "dead-letters",
    "drift",
    "dunning",
    "audit",
)
#: What is tried otherwise, and what asks for nothing before there is something to do.
ELSEWHERE = {"health", "console", "publish-facts"}
#: The address that a console is asked by; nobody listens there.
CONSOLE = "http://127.0.0.1:4580"


class Operator(ScaiOps):
    """``scai-ops`` of a user of the account, to whom some of the stack's policies are attached."""

    def __init__(self, deployed: Deployed, settings: Settings, home: Path, *policies: str) -> None:
        super().__init__(settings)
        self.name = f"operator-{uuid.uuid4().hex[:8]}"
        iam = deployed.client("iam")
        iam.create_user(UserName=self.name)
        for policy in policies:
            iam.attach_user_policy(UserName=self.name, PolicyArn=output(deployed, policy))
        key = iam.create_access_key(UserName=self.name)["AccessKey"]
        config, credentials = home / "config", home / "credentials"
        config.write_text(
            f"[profile here]\nregion = {deployed.stack.aws_region}\n"
            f"endpoint_url = {deployed.stack.aws_endpoint}\n"
        )
        credentials.write_text(
            f"[here]\naws_access_key_id = {key['AccessKeyId']}\n"
            f"aws_secret_access_key = {key['SecretAccessKey']}\n"
        )
        self._environment |= {
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "SCAI_OPS_PROFILE": "here",
        }

    def sees(self, page: str) -> httpx.Response:
        """What a console of the operator's own answers its page."""

        async def asked() -> httpx.Response:
            app = create_app(Target.on_aws("here", None), allow_writes=True, key=None)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=CONSOLE) as client:
                return await client.get(f"/api/{page}")

        with patch.dict(os.environ, self._environment, clear=True):
            return asyncio.run(asked())

    def log(self) -> list[Json]:
        """The operators' log."""
        entries: list[Json] = self.json("audit", "--since", "1h")
        return entries


def output(deployed: Deployed, name: str) -> str:
    described = deployed.client("cloudformation").describe_stacks(
        StackName=deployed.stack.stack_name
    )
    (value,) = [
        each["OutputValue"]
        for each in described["Stacks"][0]["Outputs"]
        if each["OutputKey"] == name
    ]
    return str(value)


@pytest.fixture(scope="module")
def anybody(
    deployed: Deployed, stack_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Operator]:
    return lambda *policies: Operator(
        deployed, stack_settings, tmp_path_factory.mktemp("operator"), *policies
    )


@pytest.fixture(scope="module")
def reader(anybody: Callable[..., Operator]) -> Operator:
    return anybody(READ)


@pytest.fixture(scope="module")
def mender(anybody: Callable[..., Operator]) -> Operator:
    return anybody(READ, WRITE)


@pytest.fixture(scope="module")
def names(deployed: Deployed, facts: Facts) -> Iterator[Names]:
    """Something of each kind that has gone wrong, and whose it is."""
    failed, stuck, forgotten = (Failed(deployed) for _ in range(3))
    with denied(deployed, "HandlersPublishFactsFunctionRole", "events:PutEvents"):
        customer = Customer(deployed, facts)
        subscription = customer.subscribe()
        eventually(lambda: deployed.committed_facts(customer.user_id), "facts")
        fact = letter(deployed, "facts", {"DDBStreamBatchInfo": {"batchSize": 1}})
    customer.entries()  # nothing of theirs is still to come while operators look
    event = deployed.event("customer.subscription.updated", customer.subscription)
    stranger = deployed.ask("post", "/v1/customers")["id"]
    deployed.add_user(stranger)
    arns = [each.has_failed() for each in (failed, stuck, forgotten)]
    for each in (failed, stuck, forgotten):
        each.mend()
    yield {
        "now": datetime.now(UTC).replace(microsecond=0).isoformat(),
        "customer": customer.id,
        "user": customer.user_id,
        "subscription": subscription["id"],
        "stranger": stranger,
        "event": deployed.events_since(customer.began_after)[0]["id"],
        "failed": arns[0],
        "stuck": arns[1],
        "forgotten": forgotten.customer_id,
        "lost": letter(
            deployed,
            "events",
            {"source": "scai.stripe", "detail-type": event["type"], "detail": event},
        ),
        "fact": fact,
        "failure": letter(deployed, "failures", {"requestPayload": status_change(arns[0])}),
        "mail": letter(deployed, "mails", fact_without_mail()),
        "rubbish": letter(deployed, "events", {}),
        "kept": letter(deployed, "facts", {}),
    }
    deployed.dead_letters("facts")


def letter(deployed: Deployed, queue: str, body: Json) -> str:
    """Put a message into a dead-letter queue; give its id."""
    sent: str = deployed.sqs.send_message(
        QueueUrl=deployed.stack.dead_letter_queues[queue], MessageBody=json.dumps(body)
    )["MessageId"]
    return sent


def fact_without_mail() -> Json:
    """A fact that the mailer takes, and nobody is written to of."""
    _, changed = facts_of("first subscription")
    return {
        "source": "scai.billing",
        "detail-type": changed.type,
        "detail": told(changed).model_dump(mode="json"),
    }


def status_change(execution: str) -> Json:
    """What Step Functions told of an execution that failed."""
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"executionArn": execution, "status": "FAILED", "stopDate": 1, "input": "{}"},
    }


def ended(operator: Operator, command: str, names: Names, *options: str) -> Ended:
    return operator.run(*command.format(**names).split(), *options)


def test_every_command_is_tried() -> None:
    tried = {command.split()[0] for command in (*LOOKS, *CHANGES)}

    assert tried | ELSEWHERE == {*dict(COMMANDS), "dlq"}


@pytest.mark.parametrize("command", LOOKS)
def test_who_may_look_sees_everything(command: str, reader: Operator, names: Names) -> None:
    looked = ended(reader, command, names)

    assert looked.returncode == 0, looked.stderr
    assert "authorized" not in looked.stdout + looked.stderr


def test_who_may_look_sees_how_all_is(reader: Operator, names: Names) -> None:
    health = ended(reader, "health", names)

    assert "can't be" not in health.stdout
    assert not health.stderr


@pytest.mark.parametrize("page", PAGES)
def test_who_may_look_sees_every_page_of_the_console(
    page: str, anybody: Callable[..., Operator], reader: Operator, names: Names
) -> None:
    address = page.format(**names)

    looked, refused = reader.sees(address), anybody().sees(address)

    assert looked.status_code == HTTPStatus.OK, looked.text
    assert "authorized" not in looked.text
    assert "OperatorReadPolicy allows it" in refused.text


@pytest.mark.parametrize("command", CHANGES)
def test_a_change_is_made_for_who_may_mend_and_for_nobody_who_may_only_look(
    command: str, reader: Operator, mender: Operator, names: Names
) -> None:
    log = reader.log()

    refused = ended(reader, command, names, *SURE)

    assert refused.returncode == 1
    said = refused.stdout + refused.stderr
    assert "is not authorized to perform: dynamodb:PutItem" in said
    assert "the stack's OperatorWritePolicy allows it" in said
    assert reader.log() == log

    made = ended(mender, command, names, *SURE)

    assert made.returncode == 0, made.stdout + made.stderr
    assert "authorized" not in made.stdout + made.stderr
    noted = reader.log()[0]
    assert noted["operator"].endswith(f":user/{mender.name}")
    assert "failed" not in noted["result"]


def test_who_has_no_policy_is_told_which_one_lets_them_look(
    anybody: Callable[..., Operator], names: Names
) -> None:
    refused = ended(anybody(), "executions", names)

    assert refused.returncode == 1
    assert "OperatorReadPolicy allows it" in refused.stderr

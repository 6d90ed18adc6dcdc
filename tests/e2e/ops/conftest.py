"""The console in a real browser, and executions to look at: what a test breaks, it mends."""

import json
import subprocess
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from local.stack.environment import isolated
from local.stack.settings import Settings
from local.stack.stack_file import StackFile
from tests.support.deployed import Deployed, Json
from tests.support.scai_ops import PROGRAM
from tests.support.waiting import eventually

#: What would change the page's title, were it ever more than text.
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


class Bought:
    """A customer of whom one event has told: one subscription, one execution."""

    def __init__(self, deployed: Deployed, **user: str) -> None:
        self.user_id = deployed.add_user(**user)
        self.email = f"{self.user_id}@example.test"
        self.customer_id, subscription_id = deployed.subscribed_customer()
        self.event = deployed.subscription_event(subscription_id, self.user_id)


@pytest.fixture(scope="module")
def bought(deployed: Deployed) -> Bought:
    """A customer whose event was applied; their name is markup."""
    customer = Bought(deployed, firstName=HOSTILE)
    deployed.deliver(customer.event)
    deployed.ended(customer.event)
    return customer


@pytest.fixture
def failed(deployed: Deployed) -> Iterator[str]:
    """The ARN of an execution that no retry mends: nobody can read its event."""
    arn: str = deployed.stepfunctions.start_execution(
        stateMachineArn=deployed.stack.state_machines["renew"],
        name=f"unreadable-{uuid.uuid4().hex[:12]}",
        input=json.dumps({"event": {"id": HOSTILE, "type": HOSTILE}}),
    )["executionArn"]
    eventually(lambda: deployed.status_of(arn) == "FAILED", "the failure")
    yield arn
    eventually(lambda: deployed.status_of(arn) == "FAILED", "the failure of what was retried")


@pytest.fixture
def dead_letter(deployed: Deployed) -> Iterator[str]:
    """A message that nobody can read, in the queue of events; give its id."""
    url = deployed.stack.dead_letter_queues["events"]
    sent: Json = deployed.sqs.send_message(QueueUrl=url, MessageBody=HOSTILE)
    letter: str = sent["MessageId"]
    yield letter
    answer = deployed.http.post(
        f"{deployed.stack.console_url}/api/dead-letters/drop",
        headers={"X-SCAI-Console": "1"},
        json={"queue": "events", "ids": [letter], "reason": "a test's own message"},
    )
    assert answer.is_success, answer.text


@pytest.fixture(scope="module")
def guarded_url(stack_settings: Settings, stack: StackFile) -> Iterator[str]:
    """The address of a console as an operator starts one, its key and all."""
    command = [str(PROGRAM), "console", "--port", "0", "--no-open"]
    environment = isolated() | stack_settings.to_environment()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as console:
        assert console.stdout is not None
        try:
            yield console.stdout.readline().split()[1]
        finally:
            console.terminate()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser says goes wrong: a broken policy, a missing file, an error."""
    found: list[str] = []
    page.on("console", lambda told: found.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def console(page: Page, stack: StackFile) -> Page:
    """The console, opened."""
    page.goto(stack.console_url)
    return page

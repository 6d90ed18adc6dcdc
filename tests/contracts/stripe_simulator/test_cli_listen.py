"""The official CLI's `stripe listen` over real HTTP: it forwards events until it ends."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from stripe import Webhook

from local.stripe_simulator.http.sender import AT_ONCE
from local.stripe_simulator.http.serving import address, listen
from tests.contracts.stripe_simulator.clients import CLI, DEADLINE, PACKAGES, Clients
from tests.contracts.stripe_simulator.server import Received, Receiver, served
from tests.support.waiting import eventually

SECRET = re.compile(r"whsec_[0-9a-f]{64}")


@dataclass
class Listening:
    """A running CLI, and what it has printed so far, on either stream."""

    process: subprocess.Popen[str]
    printed: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.printed)

    def secret(self) -> str:
        """The secret that it prints as soon as it listens."""
        found = eventually(lambda: SECRET.search(self.text), "the secret")
        return found.group()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)


@dataclass(frozen=True)
class Cli(Clients):
    @contextmanager
    def listen(self, *arguments: str) -> Iterator[Listening]:
        program = next(PACKAGES.glob(CLI))
        with subprocess.Popen(
            [program, "listen", "--skip-update", *arguments, "--api-base", self.address],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            listening = Listening(process)
            reading = threading.Thread(target=listening.read)
            reading.start()
            try:
                yield listening
            finally:
                process.terminate()
                process.wait(DEADLINE)
                reading.join()


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[Cli]:
    with served() as address:
        yield Cli(address, tmp_path)


@pytest.fixture
def http(stripe: Cli) -> Iterator[httpx.Client]:
    """A client of the same account, and of its control path."""
    headers = {"Authorization": f"Bearer {stripe.key}"}
    with httpx.Client(
        base_url=stripe.address, headers=headers, trust_env=False, timeout=DEADLINE
    ) as client:
        yield client


@pytest.fixture
def application() -> Iterator[Receiver]:
    with Receiver().running() as receiver:
        yield receiver


def make_product(http: httpx.Client) -> str:
    answer = http.post("/v1/products", data={"name": "Plus"})
    assert answer.status_code == 200
    return str(answer.json()["id"])


def deliveries(http: httpx.Client, **wanted: str) -> list[dict[str, Any]]:
    return list(http.get("/_sim/deliveries", params=wanted).json()["data"])


def settled(http: httpx.Client) -> bool:
    return bool(http.get("/_sim/deliveries/settled?timeout=50").json()["settled"])


def destinations(http: httpx.Client) -> list[dict[str, Any]]:
    return list(http.get("/_sim/destinations").json()["data"])


def event_of(received: Received, secret: str) -> Any:
    """The event that was forwarded, once its signature is found true."""
    signature = received.headers["stripe-signature"]
    return Webhook.construct_event(received.body, signature, secret)


def received(application: Receiver, count: int = 1) -> list[Received]:
    eventually(lambda: len(application.requests) >= count, "the event")
    return application.requests


def test_it_forwards_events_signed_with_the_secret_that_it_prints(
    stripe: Cli, http: httpx.Client, application: Receiver
) -> None:
    with stripe.listen("--forward-to", f"{application.url}/hook") as cli:
        secret = cli.secret()
        product = make_product(http)
        (forwarded,) = received(application)
        event = event_of(forwarded, secret)
        assert (forwarded.path, event.type) == ("/hook", "product.created")
        assert event.data.object["id"] == product
        assert settled(http)
        eventually(lambda: f"[200] POST {application.url}/hook" in cli.text)
    assert "You are using Stripe API Version [2026-10-28.endive]" in cli.text
    assert len(application.requests) == 1


def test_the_delivery_is_what_the_application_answered_and_is_not_tried_again(
    stripe: Cli, http: httpx.Client, application: Receiver
) -> None:
    application.answer = lambda _: (500, b"out of order")
    with stripe.listen("--forward-to", application.url) as cli:
        cli.secret()
        make_product(http)
        assert settled(http)
        (delivery,) = deliveries(http)
        (attempt,) = delivery["attempts"]
        assert (delivery["state"], delivery["next_attempt_at"]) == ("failed", None)
        assert (attempt["status"], attempt["response"]) == (500, "out of order")


def test_it_forwards_only_the_events_that_it_is_asked_for_and_the_others_hold_up_none(
    stripe: Cli, http: httpx.Client, application: Receiver
) -> None:
    wanted = ("--events", "customer.created")
    with stripe.listen("--forward-to", application.url, *wanted) as cli:
        cli.secret()
        for _ in range(AT_ONCE + 1):
            make_product(http)
        http.post("/v1/customers", data={"name": "Test Customer"})
        received(application)
        eventually(lambda: "<--  [200]" in cli.text)
    assert [json.loads(each.body)["type"] for each in application.requests] == ["customer.created"]
    assert "product.created" not in cli.text


@pytest.mark.parametrize("options", [(), ("--latest",)])
def test_without_forwarding_it_prints_each_event_once(
    stripe: Cli, http: httpx.Client, options: tuple[str, ...]
) -> None:
    with stripe.listen("--format", "JSON", *options) as cli:
        cli.secret()
        product = make_product(http)
        assert settled(http)
        eventually(lambda: product in cli.text, "the event")
        (delivery,) = deliveries(http)
        assert delivery["state"] == "delivered"
    assert cli.text.count('"type":"product.created"') == 1


def test_it_forwards_to_the_paths_of_the_webhook_endpoints(
    stripe: Cli, http: httpx.Client, application: Receiver
) -> None:
    endpoint = {"url": "http://127.0.0.1:9/stripe/hook", "enabled_events[]": "product.created"}
    assert http.post("/v1/webhook_endpoints", data=endpoint).status_code == 200
    with stripe.listen("--load-from-webhooks-api", "--forward-to", application.url) as cli:
        secret = cli.secret()
        product = make_product(http)
        (forwarded,) = received(application)
        assert forwarded.path == "/stripe/hook"
        assert event_of(forwarded, secret).data.object["id"] == product


def test_it_leaves_the_account_when_it_ends(
    stripe: Cli, http: httpx.Client, application: Receiver
) -> None:
    with stripe.listen("--forward-to", application.url) as cli:
        secret = cli.secret()
        (listening,) = destinations(http)
        assert (listening["type"], listening["secret"]) == ("cli", secret)
        assert listening["url"] == application.url
        assert "stripe listen" in http.get("/_sim/webhooks").text
        assert http.delete(f"/_sim/destinations/{listening['id']}").status_code == 409
    eventually(lambda: destinations(http) == [], "its leaving")
    make_product(http)
    assert deliveries(http) == []


def test_what_it_has_not_answered_when_it_ends_has_failed(stripe: Cli, http: httpx.Client) -> None:
    with (
        closing(listen("127.0.0.1", 0)) as silent,
        stripe.listen("--forward-to", address(silent)) as cli,
    ):
        cli.secret()
        make_product(http)
        eventually(lambda: "product.created" in cli.text, "the event")
        assert [each["state"] for each in deliveries(http)] == ["pending"]
        cli.process.kill()
        assert settled(http)
    (delivery,) = deliveries(http)
    assert delivery["state"] == "failed"
    assert delivery["attempts"][0]["error"] == "ConnectionError: the CLI stopped listening"


def test_chaos_holds_its_events_until_they_are_released(
    stripe: Cli, http: httpx.Client, application: Receiver
) -> None:
    with stripe.listen("--forward-to", application.url) as cli:
        cli.secret()
        http.put("/_sim/chaos", json={"rules": [{"hold": True}]})
        products = [make_product(http), make_product(http)]
        http.post("/_sim/deliveries/release", json={"order": "reversed"})
        bodies = [json.loads(each.body) for each in received(application, 2)]
        assert [each["data"]["object"]["id"] for each in bodies] == products[::-1]


def test_an_event_is_resent_to_it_alone(
    stripe: Cli, http: httpx.Client, application: Receiver
) -> None:
    with Receiver().running() as other, stripe.listen("--forward-to", application.url) as cli:
        secret = cli.secret()
        http.post("/v1/webhook_endpoints", data={"url": other.url, "enabled_events[]": "*"})
        make_product(http)
        event = event_of(received(application)[0], secret)
        received(other)
        assert stripe.cli("events", "resend", event.id).returncode == 0
        again = event_of(received(application, 2)[1], secret)
        assert (again.id, len(other.requests)) == (event.id, 1)


def test_it_goes_on_listening_after_a_reset(
    stripe: Cli, http: httpx.Client, application: Receiver
) -> None:
    with stripe.listen("--forward-to", application.url) as cli:
        secret = cli.secret()
        snapshot = http.get("/_sim/snapshot").content
        http.post("/_sim/reset")
        product = make_product(http)
        assert event_of(received(application)[0], secret).data.object["id"] == product
    eventually(lambda: destinations(http) == [], "its leaving")
    assert http.put("/_sim/snapshot", content=snapshot).status_code == 200
    assert destinations(http) == []


def test_the_secret_of_a_device_stays_the_same(stripe: Cli) -> None:
    ended = stripe.cli("listen", "--print-secret")
    printed = ended.stdout.strip()
    assert SECRET.fullmatch(printed)
    with stripe.listen() as cli:
        assert cli.secret() == printed


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("listen", "--thin-events", "*", "--skip-update"), "thin events"),
        (("logs", "tail"), "`stripe logs tail`: its page /_sim/requests shows the requests"),
    ],
)
def test_what_is_not_simulated_is_refused_in_words(
    stripe: Cli, command: tuple[str, ...], why: str
) -> None:
    ended = stripe.cli(*command)
    assert ended.returncode == 1
    assert f"The local Stripe does not simulate {why}" in ended.stdout + ended.stderr


def test_a_websocket_of_no_session_is_refused(http: httpx.Client) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "stripecli-devproxy-v1",
        "Websocket-Id": "cliws_none",
    }
    answer = http.get("/stripecli", headers=headers)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "Unknown WebSocket ID."

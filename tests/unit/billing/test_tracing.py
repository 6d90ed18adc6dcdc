"""Tracing costs nothing while it is off; a trace is found by ids, and holds no more than they."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.support.template import ROOT, Template

HANDLERS = [
    properties["Handler"].rpartition(".")[0]
    for properties in Template({"MailFrom": "billing@example.test"})
    .of_type("AWS::Serverless::Function")
    .values()
]

IMPORT_ALL = f"""
import sys
from importlib import import_module
for name in {HANDLERS!r}:
    import_module(name)
from billing.tracing import tracer
print(tracer, [name for name in sys.modules if name.startswith("aws_xray_sdk")])
"""

#: One invocation of a step that fails, as DynamoDB and Stripe do, which nobody serves. The daemon
#: is a socket here.
TRACE_ONE = """
import json, os, socket
daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
daemon.bind(("127.0.0.1", 0))
daemon.settimeout(20)
os.environ["AWS_XRAY_DAEMON_ADDRESS"] = f"127.0.0.1:{daemon.getsockname()[1]}"

import requests
from botocore.exceptions import EndpointConnectionError
from billing.contracts.steps import CheckPaymentInput
from billing.runtime import step_handler
from tests.support.aws import a_lambda_context

def step(request, ports):
    try:
        ports.dynamodb.list_tables()
    except EndpointConnectionError:
        pass
    try:
        requests.get("http://127.0.0.1:1/v1/customers?email=somebody@example.test")
    except requests.ConnectionError:
        pass
    raise ValueError("about somebody@example.test")

event = {"event_id": "evt_1", "execution": "arn:1", "user_id": "user_1", "customer_id": "cus_1"}
try:
    step_handler(CheckPaymentInput, step)(event, a_lambda_context())
except ValueError:
    pass
sent, segments = b"", []
while b'"annotations"' not in sent:
    sent = daemon.recv(65_000)
    segments.append(json.loads(sent.split(b"\\n", 1)[1]))
print(json.dumps(segments))
"""


def run(code: str, **environment: str) -> str:
    """What a fresh interpreter, as Lambda starts one, prints last."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"functions{os.pathsep}."} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()[-1]


def parts(segments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Segments with all that is in them."""
    return [found for each in segments for found in (each, *parts(each.get("subsegments", [])))]


@pytest.mark.parametrize("setting", [{}, {"TRACING": "Disabled"}])
def test_while_it_is_off_there_is_no_tracer_and_its_sdk_is_not_imported(
    setting: dict[str, str],
) -> None:
    assert run(IMPORT_ALL, **setting) == "None []"


def test_while_it_is_on_a_trace_has_the_ids_the_calls_and_the_errors_kinds_alone() -> None:
    segments = json.loads(
        run(
            TRACE_ONE,
            TRACING="Active",
            LAMBDA_TASK_ROOT="/var/task",
            _X_AMZN_TRACE_ID=f"Root=1-5759e988-{'b' * 24};Parent={'c' * 16};Sampled=1",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_DEFAULT_REGION="us-east-1",
            AWS_ENDPOINT_URL="http://127.0.0.1:1",
            AWS_MAX_ATTEMPTS="1",
        )
    )

    found = parts(segments)
    (annotated,) = [part for part in found if "execution" in part.get("annotations", {})]
    ids = {name: annotated["annotations"][name] for name in ("event_id", "user_id", "customer_id")}
    assert ids == {"event_id": "evt_1", "user_id": "user_1", "customer_id": "cus_1"}
    assert "dynamodb" in {part["name"] for part in found}
    paths = [part["http"]["request"]["url"] for part in found if part.get("namespace") == "remote"]
    assert paths == ["http://127.0.0.1:1/v1/customers"]
    assert not [part for part in found if part.get("metadata")]
    assert "ValueError" in str(annotated["cause"])
    assert "somebody" not in str(found)


def test_off_is_the_templates_default_and_on_reaches_machines_and_functions() -> None:
    off, on = Template(), Template({"Tracing": "Active"})

    for template, chosen in ((off, "Disabled"), (on, "Active")):
        assert template.function_defaults["Tracing"] == chosen
        assert template.environment()["TRACING"] == chosen
    for template, enabled in ((off, False), (on, True)):
        machines = template.of_type("AWS::Serverless::StateMachine").values()
        assert {machine["Tracing"]["Enabled"] for machine in machines} == {enabled}
        for machine in machines:
            statements = machine["Policies"][-1]["Statement"]
            actions = [action for s in statements for action in s["Action"]]
            assert ("xray:PutTraceSegments" in actions) is enabled

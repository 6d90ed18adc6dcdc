"""Requests generated from the OpenAPI document, thousands of them, at the running stack.

Guards what callers rely on: whatever is asked, the answer is one that the document tells, in the
form that it tells. What the document allows is served, what it forbids is refused. Checked by all
that schemathesis knows but one: a method that a route doesn't have is answered 404 by API Gateway.
"""

import copy
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.adapters import HTTPAdapter
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from urllib3.util import Retry

from tests.integration.api.people import Subscriber, User
from tests.integration.api.tokens import Tokens
from tests.support.api_document import Operation, operations
from tests.support.deployed import Deployed, Json

#: Generated of each kind, for each route that takes any input.
EXAMPLES = 60
CASES_IN_ALL = 2_000
CARDS_TO_DETACH = 20
LONGEST_TRIAL = 14  # the template's default

#: Lambda refuses to run more functions at once than it may; a 503 of our own would stay one.
AGAIN = Retry(
    total=9,
    backoff_factor=0.1,
    status_forcelist=[503],
    allowed_methods=None,
    raise_on_status=False,
)

AnyOperation = APIOperation[Any, Any, Any, Any]
VALID, INVALID = GenerationMode.POSITIVE, GenerationMode.NEGATIVE

#: The relay's requests are signed by Stripe: tests of its own cover it.
ROUTES = [operation for operation in operations() if operation.path != "/webhook"]


class Run:
    """Requests to one route, and what was found of them."""

    def __init__(self, token: str) -> None:
        self._session = requests.Session()
        self._session.mount("http://", HTTPAdapter(max_retries=AGAIN))
        self._headers = {"Authorization": f"Bearer {token}"}
        self.statuses: Counter[int] = Counter()
        self.faults: dict[str, str] = {}

    def judge(self, case: Case[Any]) -> None:
        """Send a request, and take down what is wrong with the answer, once for each fault."""
        _give_key(case)
        headers = self._headers_for(case)
        answer = case.call(session=self._session, headers=headers)
        self.statuses[answer.status_code] += 1
        try:
            case.validate_response(
                answer,
                headers=headers,
                transport_kwargs={"session": self._session, "headers": headers},
            )
        except FailureGroup as found:
            titles = sorted({fault.title for fault in found.exceptions})
            self.faults.setdefault(f"{answer.status_code}: {titles}", str(found))

    def _headers_for(self, case: Case[Any]) -> dict[str, str]:
        """Send the token, unless the case is about being without one or with a wrong one."""
        return {} if case.operation.schema.is_security_param_negated(case) else self._headers


def _give_key(case: Case[Any]) -> None:
    """Give a request a key of its own: with one that was used before it would be refused."""
    assert case.meta is not None
    is_about_headers = case.meta.is_negative_at(ParameterLocation.HEADER)
    if "Idempotency-Key" in case.headers and not is_about_headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


@pytest.fixture(scope="module")
def quiet(deployed: Deployed) -> Iterator[None]:
    """What Stripe would tell of all that is done here is not what this is about."""
    with deployed.network({"drop": True}):
        yield


@pytest.fixture(scope="module")
def known(deployed: Deployed, tokens: Tokens, quiet: None) -> dict[str, list[Any]]:
    """Values that are real, by the parameters of that name, at all routes or at one."""
    subscriber, newcomer = Subscriber(deployed, tokens), User(deployed, tokens)
    cards = [subscriber.add_card() for _ in range(CARDS_TO_DETACH)]
    plans = [price for plan, price in deployed.stack.prices.items() if plan != "self_hosted"]
    return {
        "userId": [subscriber.id],
        "id": [subscriber.session_id],
        "paymentMethodId": [subscriber.payment_method_id],
        "priceId": plans,
        "newPriceId": plans,
        "cursor": [subscriber.cursor],
        "quote": [None],  # one is good for a single change: it has tests of its own
        "promotionCode": [None],  # so have these
        "/create-checkout-session userId": [newcomer.id],
        "/create-one-time-payment-session priceId": [subscriber.price("self_hosted")],
        "/attach-payment-method paymentMethodId": ["pm_card_visa", "pm_card_mastercard"],
        "/detach-payment-method paymentMethodId": cards,
    }


@pytest.fixture(scope="module")
def schema(deployed: Deployed, known: dict[str, list[Any]]) -> BaseSchema:
    """The document, where what is asked for is known to be there."""
    schema = schemathesis.openapi.from_dict(_with_values(known))
    schema.config.update(base_url=deployed.stack.api_url)
    schema.config.phases.coverage.unexpected_methods = set()
    return schema


def _with_values(known: dict[str, list[Any]]) -> Json:
    document: Json = copy.deepcopy(operations()[0].document)
    for path, methods in document["paths"].items():
        for declared in methods.values():
            for parameter in declared.get("parameters", []):
                parameter["schema"] = _narrowed(path, parameter["name"], parameter["schema"], known)
    for operation in ROUTES:
        body = operation.body_schema
        if body:
            properties = {
                name: _narrowed(operation.path, name, schema, known)
                for name, schema in body["properties"].items()
            }
            declared = document["paths"][operation.path][operation.method]
            content = declared["requestBody"]["content"]["application/json"]
            content["schema"] = body | {"properties": properties}
    return document


def _narrowed(path: str, name: str, schema: Json, known: dict[str, list[Any]]) -> Json:
    if name == "trialDays":
        days = {"type": "integer", "minimum": 1, "maximum": LONGEST_TRIAL}
        return {"anyOf": [days, {"type": "null"}]}
    values = known.get(f"{path} {name}", known.get(name))
    return schema if values is None else {"enum": values}


class Runs:
    """A run at each route, once, whichever test asks for it first."""

    def __init__(self, schema: BaseSchema, token: str) -> None:
        self._schema = schema
        self._token = token
        self._done: dict[str, Run] = {}

    def of(self, route: Operation) -> Run:
        if str(route) not in self._done:
            self._done[str(route)] = self._made(route)
        return self._done[str(route)]

    def _made(self, route: Operation) -> Run:
        operation = self._schema.find_operation_by_label(str(route))
        assert operation is not None
        run = Run(self._token)
        _send_boundary_cases(self._schema, operation, run)
        _send_random_cases(operation, VALID, run)
        if route.takes_input:
            _send_random_cases(operation, INVALID, run)
        return run


@pytest.fixture(scope="module")
def runs(schema: BaseSchema, deployed: Deployed) -> Runs:
    return Runs(schema, deployed.stack.admin_token)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_answer_is_as_documented(route: Operation, runs: Runs) -> None:
    run = runs.of(route)

    assert not run.faults, "\n\n".join(run.faults.values())
    assert run.statuses[200]
    assert not route.takes_input or run.statuses.total() > 2 * EXAMPLES


def test_the_routes_are_asked_thousands_of_times(runs: Runs) -> None:
    assert sum(runs.of(route).statuses.total() for route in ROUTES) >= CASES_IN_ALL


def _send_boundary_cases(schema: BaseSchema, operation: AnyOperation, run: Run) -> None:
    for case in schema.iter_coverage_cases(
        operation,
        generation_modes=[VALID, INVALID],
        generation_config=schema.config.generation,
    ):
        run.judge(case)


def _send_random_cases(operation: AnyOperation, mode: GenerationMode, run: Run) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],  # the state has moved on: what was found can't be made smaller
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Case[Any]) -> None:
        run.judge(case)

    send()

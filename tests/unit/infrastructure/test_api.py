"""The routes that API Gateway knows are the routes that the API has, each with its guards."""

import json
from typing import Any

import pytest

from api.app import app
from tests.support.template import Template

TEMPLATE = Template()
API = TEMPLATE.of_type("AWS::Serverless::HttpApi")["Api"]
FUNCTIONS = TEMPLATE.of_type("AWS::Serverless::Function")

#: Requests a second that Stripe takes to one endpoint of a live account.
STRIPE_LIMIT = 25


def deployed(function: str) -> dict[str, dict[str, Any]]:
    """The routes that lead to a function, by route key."""
    events = FUNCTIONS[function].get("Events", {}).values()
    routes = [event["Properties"] for event in events if event["Type"] == "HttpApi"]
    return {f"{route['Method']} {route['Path']}": route for route in routes}


def served() -> set[str]:
    """The routes of the API, by route key."""
    paths = json.loads(app.get_openapi_json_schema())["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


def test_every_route_of_the_api_can_be_reached_and_no_other() -> None:
    assert set(deployed("ApiFunction")) == served()


def test_only_the_webhook_and_public_reads_need_no_token() -> None:
    routes = [route for function in FUNCTIONS for route in deployed(function).items()]
    public = {key for key, route in routes if "Auth" in route}

    assert public == {
        "POST /webhook",
        "GET /config",
        "GET /health",
        "GET /openapi.json",
        "GET /docs",
    }
    assert API["Auth"]["DefaultAuthorizer"] == "Jwt"
    assert list(API["Auth"]["Authorizers"]) == ["Jwt"]


#: They ask Stripe for nothing, or so rarely that it doesn't count.
AT_HOME = {
    "GET /access/{userId}",
    "GET /config",
    "GET /docs",
    "GET /health",
    "GET /openapi.json",
}


def test_every_route_that_asks_stripe_has_a_throttle_of_its_own() -> None:
    throttles, others = API["RouteSettings"], API["DefaultRouteSettings"]

    # API Gateway refuses settings of a route that there isn't.
    assert set(throttles) == set(deployed("ApiFunction")) - AT_HOME
    for throttle in throttles.values():
        assert 0 < throttle["ThrottlingRateLimit"] <= STRIPE_LIMIT
        assert throttle["ThrottlingBurstLimit"] < others["ThrottlingBurstLimit"]


def test_writes_to_subscriptions_and_a_comparison_fit_into_stripes_rate_limit() -> None:
    writes = (
        "update-subscription",
        "cancel-subscription",
        "reactivate-subscription",
        "update-default-payment-method",
    )
    rates = [API["RouteSettings"][f"POST /{path}"]["ThrottlingRateLimit"] for path in writes]
    environment = TEMPLATE.environment("ReconcileComparePageFunction")

    assert sum(rates) + int(environment["RECONCILE_REQUESTS_PER_SECOND"]) <= STRIPE_LIMIT


def test_a_browser_may_send_an_idempotency_key_and_read_what_it_is_told() -> None:
    cors = API["CorsConfiguration"]

    assert set(cors["AllowHeaders"]) == {"Authorization", "Content-Type", "Idempotency-Key"}
    assert set(cors["ExposeHeaders"]) == {"Retry-After", "Idempotent-Replayed"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nobody_but_the_api_touches_the_kept_answers(function: str) -> None:
    table = TEMPLATE.environment("ApiFunction")["IDEMPOTENCY_TABLE"]
    touching = [s for s in TEMPLATE.statements(function) if table in json.dumps(s["Resource"])]

    assert len(touching) == (function == "ApiFunction")

"""An HTTP API as `AWS::Serverless::HttpApi` declares it: routes, tokens, CORS."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.integration.embedded_aws.account import RUNTIME, Account, Json

ECHO = """
def handler(event, context):
    if event["rawPath"].endswith("/fail"):
        raise RuntimeError("a secret")
    return {"event": event, "version": context.function_version}
"""
AUDIENCE = "billing"
ADMIN = "scai/billing.admin"


class Issuer:
    """A token issuer with a real key, served on 127.0.0.1."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "key-1"})
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(issuer.document(self.path)).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/issuer"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self, path: str) -> Json:
        if path.endswith("openid-configuration"):
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        return {"keys": [self.key.as_dict(private=False)]}

    def token(self, **claims: Any) -> str:
        now = int(time.time())
        return jwt.encode(
            {"alg": "RS256", "kid": "key-1"},
            {
                "iss": self.url,
                "aud": AUDIENCE,
                "sub": "user_1",
                "scope": "openid",
                "iat": now - 60,
                "exp": now + 60,
                **claims,
            },
            self.key,
        )

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.close()


def event(method: str, path: str, **auth: Any) -> Json:
    properties: Json = {"ApiId": {"Ref": "Api"}, "Method": method, "Path": path}
    return {"Type": "HttpApi", "Properties": properties | ({"Auth": auth} if auth else {})}


def template(issuer: Issuer) -> Json:
    return {
        "Api": {
            "Type": "AWS::Serverless::HttpApi",
            "Properties": {
                "CorsConfiguration": {
                    "AllowOrigins": ["http://localhost:3000"],
                    "AllowMethods": ["GET", "POST"],
                    "AllowHeaders": ["authorization", "content-type"],
                    "MaxAge": 600,
                },
                "Auth": {
                    "DefaultAuthorizer": "Token",
                    "Authorizers": {
                        "Token": {
                            "IdentitySource": "$request.header.Authorization",
                            "JwtConfiguration": {"issuer": issuer.url, "audience": [AUDIENCE]},
                        }
                    },
                },
            },
        },
        "Echo": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Runtime": RUNTIME,
                "Handler": "index.handler",
                "InlineCode": ECHO,
                "AutoPublishAlias": "live",
                "Events": {
                    "Health": event("GET", "/health", Authorizer="NONE"),
                    "Webhook": event("POST", "/webhook", Authorizer="NONE"),
                    "Fail": event("GET", "/fail", Authorizer="NONE"),
                    "Subscription": event("GET", "/subscription/{userId}"),
                    "Checkout": event("POST", "/checkout"),
                    "Admin": event("GET", "/admin", AuthorizationScopes=[ADMIN]),
                },
            },
        },
    }


@dataclass
class Api:
    url: str
    http: httpx.Client

    def __call__(self, method: str, path: str, token: str = "", **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= request.pop("headers", {})
        return self.http.request(method, self.url + path, headers=headers, **request)


@pytest.fixture(scope="module")
def api(account: Account, issuer: Issuer) -> Api:
    stack = account.deploy(template(issuer), Transform="AWS::Serverless-2016-10-31")
    return Api(f"{account.endpoint}/_aws/execute-api/{stack['Api']}/$default", account.http)


def test_an_open_route_answers_without_a_token(api: Api) -> None:
    answer = api("GET", "/health", params={"a": "1"})
    assert answer.status_code == 200
    event = answer.json()["event"]
    assert (event["version"], event["rawPath"]) == ("2.0", "/health")
    assert (event["rawQueryString"], event["routeKey"]) == ("a=1", "GET /health")
    assert event["requestContext"]["http"]["path"] == "/health"
    assert "authorizer" not in event["requestContext"]
    assert answer.json()["version"] == "1"


def test_a_token_opens_a_route_and_its_claims_reach_the_lambda(api: Api, issuer: Issuer) -> None:
    token = issuer.token(scai_user_id="user_1")
    event = api("GET", "/subscription/user_1", token).json()["event"]
    assert event["pathParameters"] == {"userId": "user_1"}
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    assert (claims["scai_user_id"], claims["iss"]) == ("user_1", issuer.url)


def test_a_body_reaches_the_lambda_as_it_was_sent(api: Api) -> None:
    body = '{"id": "evt_1",  "odd": "é"}'
    headers = {"Content-Type": "application/json", "Stripe-Signature": "t=1"}
    event = api("POST", "/webhook", content=body, headers=headers).json()["event"]
    assert (event["body"], event["isBase64Encoded"]) == (body, False)
    assert event["headers"]["stripe-signature"] == "t=1"


BAD_CLAIMS: dict[str, Json] = {
    "expired": {"exp": 1},
    "without expiry": {"exp": None},
    "not yet valid": {"nbf": 9_999_999_999},
    "of another issuer": {"iss": "http://127.0.0.1:1/other"},
    "for another audience": {"aud": "other"},
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS.keys())
def test_a_token_that_does_not_fit_is_unauthorized(api: Api, issuer: Issuer, claims: Json) -> None:
    token = issuer.token(**claims)
    answer = api("GET", "/subscription/user_1", token)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_no_token_or_a_forged_one_is_unauthorized(api: Api, issuer: Issuer) -> None:
    forged = issuer.token()[:-8] + "AAAAAAAA"
    for token in ("", "nonsense", forged):
        answer = api("POST", "/checkout", token)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_a_route_with_a_scope_is_forbidden_without_it(api: Api, issuer: Issuer) -> None:
    answer = api("GET", "/admin", issuer.token())
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    assert api("GET", "/admin", issuer.token(scope=f"openid {ADMIN}")).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("DELETE", "/health")])
def test_no_route_is_not_found(api: Api, method: str, path: str) -> None:
    answer = api(method, path)
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_a_failing_lambda_tells_the_caller_nothing(api: Api) -> None:
    answer = api("GET", "/fail")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def preflight(api: Api, origin: str) -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return api("OPTIONS", "/checkout", headers=headers)


def test_a_browser_of_an_allowed_origin_may_call(api: Api) -> None:
    answer = preflight(api, "http://localhost:3000")
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert answer.headers["access-control-allow-methods"] == "GET,POST"
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert answer.headers["access-control-max-age"] == "600"
    called = api("GET", "/health", headers={"Origin": "http://localhost:3000"})
    assert called.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_a_browser_of_another_origin_may_not(api: Api) -> None:
    assert "access-control-allow-origin" not in preflight(api, "http://evil.example").headers
    called = api("GET", "/health", headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in called.headers

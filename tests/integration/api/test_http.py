"""What browsers, caches and HTTP clients see of the API, on the deployed stack."""

import httpx
import pytest

from local.stack.settings import Settings
from tests.integration.api.people import Caller, Subscriber
from tests.support.api_document import Operation, Request, operations
from tests.support.deployed import Deployed

ROUTES = [operation for operation in operations() if operation.path != "/webhook"]
READS = [operation for operation in ROUTES if operation.method == "get"]
WRITES = [operation for operation in ROUTES if operation.method == "post"]

FOREIGN_ORIGIN = "https://elsewhere.example"
FIVE_MINUTES = "public, max-age=300"
#: Of whom a page asks before anybody has signed in; what is a user's own is kept nowhere.
KEPT = {"/config": FIVE_MINUTES, "/openapi.json": FIVE_MINUTES, "/docs": FIVE_MINUTES}
LARGEST_BODY = 64 * 1024


@pytest.fixture(scope="module")
def own_origin(stack_settings: Settings) -> str:
    return stack_settings.cors_origins.split(",")[0]


def preflight(deployed: Deployed, operation: Operation, origin: str) -> httpx.Response:
    return deployed.http.options(
        f"{deployed.stack.api_url}{operation.path.replace('{', '').replace('}', '')}",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": operation.method.upper(),
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        },
    )


def listed(header: str) -> set[str]:
    return {name.strip().lower() for name in header.split(",")}


def cross_origin(answer: httpx.Response) -> set[str]:
    """What an answer allows to pages of other origins."""
    return {name for name in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize("operation", ROUTES, ids=str)
def test_a_page_of_ours_may_send_what_a_request_needs(
    operation: Operation, deployed: Deployed, own_origin: str
) -> None:
    answer = preflight(deployed, operation, own_origin)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == own_origin
    assert operation.method in listed(answer.headers["access-control-allow-methods"])
    allowed = listed(answer.headers["access-control-allow-headers"])
    assert allowed == {"authorization", "content-type", "idempotency-key"}
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("operation", ROUTES, ids=str)
def test_a_page_from_elsewhere_may_send_nothing(operation: Operation, deployed: Deployed) -> None:
    assert cross_origin(preflight(deployed, operation, FOREIGN_ORIGIN)) == set()


def test_only_a_page_of_ours_may_read_an_answer(
    deployed: Deployed, owner: Subscriber, own_origin: str
) -> None:
    request = Request("GET", f"/dashboard/{owner.id}", {}, None)

    ours = owner.send(request, Origin=own_origin)
    elsewhere = owner.send(request, Origin=FOREIGN_ORIGIN)

    assert ours.headers["access-control-allow-origin"] == own_origin
    readable = listed(ours.headers["access-control-expose-headers"])
    assert readable == {"retry-after", "idempotent-replayed"}
    assert "origin" in listed(ours.headers["vary"])
    assert cross_origin(elsewhere) == set()


@pytest.mark.parametrize("operation", READS, ids=str)
def test_a_cache_keeps_only_what_is_everybodys(operation: Operation, owner: Subscriber) -> None:
    answer = owner.send(operation.request(owner.values))

    assert answer.status_code == 200
    kept = answer.headers.get("cache-control")
    assert kept == (KEPT.get(operation.path) if operation.is_open else "no-store")


@pytest.mark.parametrize("operation", READS, ids=str)
def test_what_is_answered_is_json_or_the_page(operation: Operation, owner: Subscriber) -> None:
    answer = owner.send(operation.request(owner.values))

    content_type = answer.headers["content-type"]
    if operation.path == "/docs":
        assert content_type == "text/html; charset=utf-8"
        assert answer.text.startswith("<!doctype html>")
    else:
        assert content_type == "application/json"
        assert answer.json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/"),
        ("GET", "/dashboard"),
        ("GET", "/dashboard/a/b"),
        ("PUT", "/config"),
        ("DELETE", "/cancel-subscription"),
        ("GET", "/cancel-subscription"),
    ],
)
def test_what_is_no_route_is_not_found(admin: Caller, method: str, path: str) -> None:
    answer = admin.send(Request(method, path, {}, None))

    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize("operation", WRITES, ids=str)
def test_a_body_that_is_too_large_is_not_read(
    operation: Operation, admin: Caller, owner: Subscriber
) -> None:
    before, request = owner.state(), operation.request(owner.values)
    assert request.body is not None
    padded = request.body | {"padding": "x" * LARGEST_BODY}

    answer = admin.send(Request(request.method, request.path, {}, padded))

    assert (answer.status_code, answer.json()) == (
        413,
        {"detail": "Request body too large", "code": "request_too_large"},
    )
    assert owner.state() == before


@pytest.mark.parametrize("operation", WRITES, ids=str)
def test_what_is_not_declared_json_is_refused(
    operation: Operation, admin: Caller, owner: Subscriber
) -> None:
    before, request = owner.state(), operation.request(owner.values)

    for content_type in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        answer = admin.send(request, **{"Content-Type": content_type})
        assert answer.status_code == 422, content_type

    assert owner.state() == before

"""GET /health."""

from tests.support.api import Api


def test_health_is_ok_without_a_token_and_without_asking_anybody(api: Api) -> None:
    answer = api.get("/health", user=None)

    assert answer.status == 200
    assert answer.body["status"] == "ok"
    assert api.ports.wire.requests == []

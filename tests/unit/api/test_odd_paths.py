"""A path that can be nobody's is no route's."""

from tests.support.api import Api


def test_what_can_not_be_an_id_is_not_found(api: Api) -> None:
    answer = api.get("/dashboard/»", scope="scai/billing.admin")

    assert (answer.status, answer.body["code"]) == (404, "not_found")

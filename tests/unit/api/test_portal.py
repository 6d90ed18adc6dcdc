"""POST /create-portal-session."""

import pytest

from tests.support.api import ADMIN, Api, ApiAnswer, Request, Trouble
from tests.support.aws import add_user, user_item

SESSIONS = "/v1/billing_portal/sessions"


def open_portal(api: Api, user: str = "user_1", scope: str = "") -> ApiAnswer:
    return api.post("/create-portal-session", {"userId": user}, scope=scope)


def urls(api: Api) -> list[str]:
    found = api.ports.engine.world.store.newest_first("billing_portal.session")
    return [session["url"] for session in found]


def test_the_portal_opens_for_the_users_own_customer_and_leads_back(api: Api) -> None:
    customer = api.at_stripe("POST", "/v1/customers")
    add_user(stripe_customer_id=customer["id"])

    answer = open_portal(api)

    (session,) = api.ports.engine.world.store.newest_first("billing_portal.session")
    assert (answer.status, answer.body) == (200, {"url": session["url"]})
    assert session["customer"] == customer["id"]
    assert session["return_url"] == api.ports.settings.billing_page_url


def test_a_user_without_a_customer_gets_one(api: Api) -> None:
    add_user()

    assert open_portal(api).status == 200

    (customer,) = api.customers()
    assert user_item()["stripe_customer_id"] == customer["id"]


def test_each_visit_is_an_operation_of_its_own(api: Api) -> None:
    add_user()

    first, second = open_portal(api), open_portal(api)

    assert first.body["url"] != second.body["url"]
    keys = [request.key for request in api.ports.wire.asked("POST", SESSIONS)]
    assert len(set(keys)) == 2
    assert all(key and key.startswith("op:user_1:") for key in keys)


def test_two_clicks_at_once_open_it_once(api: Api) -> None:
    add_user()
    open_portal(api)
    before = len(urls(api))
    inner: list[str] = []

    def click_again(request: Request) -> None:
        if request.path == SESSIONS and not inner:
            inner.append("")
            inner[0] = open_portal(Api(api.ports)).body["url"]

    api.ports.wire.observers.append(click_again)
    outer = open_portal(api)

    assert inner == [outer.body["url"]]
    assert len(urls(api)) == before + 1


def test_a_lost_answer_is_given_again_while_it_is_new(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", SESSIONS, status=None, after_effect=True))
    assert open_portal(api).status == 503

    answer = open_portal(api)

    assert [answer.body["url"]] == urls(api)


def test_later_the_page_of_a_lost_answer_has_closed_and_another_opens(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", SESSIONS, status=None, after_effect=True))
    assert open_portal(api).status == 503
    api.ports.engine.advance(api.ports.now() + 600)
    api.ports.clock.advance(600)

    answer = open_portal(api)

    newest, closed = urls(api)
    assert answer.body["url"] == newest != closed


def test_the_page_of_a_customer_who_lives_by_a_slow_clock_is_new_too(api: Api) -> None:
    long_ago = api.ports.now() - 30 * 86_400
    clock = api.at_stripe("POST", "/v1/test_helpers/test_clocks", {"frozen_time": long_ago})
    customer = api.at_stripe("POST", "/v1/customers", {"test_clock": clock["id"]})
    add_user(stripe_customer_id=customer["id"])

    assert open_portal(api).status == 200


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble("POST", SESSIONS, status=429, retry_after=3),
        Trouble("POST", SESSIONS, status=500),
        Trouble("POST", SESSIONS, status=None),
        Trouble("POST", "/v1/customers", status=500),
    ],
    ids=str,
)
def test_while_stripe_is_down_the_caller_is_told_when_to_come_back(
    api: Api, trouble: Trouble
) -> None:
    add_user()
    api.ports.wire.troubles.append(trouble)

    answer = open_portal(api)

    assert answer.status == 503
    assert answer.header("Retry-After") == str(trouble.retry_after or 1)
    assert "req_secret" not in answer.text
    assert open_portal(api).status == 200


def test_an_error_that_stripe_keeps_for_a_key_doesnt_hold_the_user_up(api: Api) -> None:
    add_user()
    kept = Trouble("POST", SESSIONS, status=500, after_effect=True, saved=True)
    api.ports.wire.troubles.append(kept)

    assert open_portal(api).status == 200


def test_an_unknown_user_and_anothers_id_get_the_same_answer(api: Api) -> None:
    add_user("user_2")

    unknown, foreign = open_portal(api), open_portal(api, "user_2")
    nobody = api.post("/create-portal-session", {"userId": "user_2"}, user=None)

    assert (unknown.status, unknown.body) == (
        404,
        {"detail": "User not found", "code": "user_not_found"},
    )
    for answer in (foreign, nobody):
        assert (answer.status, answer.text) == (unknown.status, unknown.text)
    assert api.ports.wire.requests == []


def test_a_customer_that_is_anothers_opens_for_neither(api: Api) -> None:
    theirs = api.at_stripe("POST", "/v1/customers")
    add_user("user_2")
    api.ports.customers.assign(theirs["id"], "user_2")
    add_user(stripe_customer_id=theirs["id"])

    assert open_portal(api).status == 409
    assert urls(api) == []


def test_an_admin_may_open_anybodys(api: Api) -> None:
    add_user("user_2")

    assert open_portal(api, "user_2", scope=ADMIN).status == 200

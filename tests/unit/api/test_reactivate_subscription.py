"""POST /reactivate-subscription: what was to end goes on, by whichever way it was to end."""

import pytest

from tests.support.api import Api, Trouble
from tests.support.aws import add_user, facts
from tests.support.subscriber import Json, Subscriber

DAY = 86_400
DONE = {"status": "success", "message": "Your subscription goes on."}


@pytest.fixture
def user(api: Api) -> Subscriber:
    user = Subscriber(api).subscribe()
    user.wait(10 * DAY)
    return user


def shown(user: Subscriber) -> Json:
    subscription: Json = user.api.get("/dashboard/user_1").body["subscription"]
    return subscription


def of_classic_billing(user: Subscriber) -> None:
    """Make the subscription one of before flexible billing."""
    store = user.api.ports.engine.world.store
    subscription = store.get("subscription", user.subscription["id"])
    store.update(subscription, billing_mode={"flexible": None, "type": "classic"})


@pytest.mark.parametrize("billing", ["flexible", "classic"])
def test_what_was_to_end_goes_on_and_is_billed_again(user: Subscriber, billing: str) -> None:
    if billing == "classic":
        of_classic_billing(user)
    user.post("/cancel-subscription")
    assert shown(user)["cancelAtPeriodEnd"] is True

    answer = user.post("/reactivate-subscription")

    assert (answer.status, answer.body) == (200, DONE)
    assert (shown(user)["cancelAtPeriodEnd"], shown(user)["cancelAt"]) == (False, None)
    user.wait_for_renewal()
    assert user.charges() == [1_900, 1_900]


def test_an_end_that_staff_have_set_is_taken_back_too(user: Subscriber) -> None:
    user.staff_set(cancel_at=user.api.ports.now() + 100 * DAY)

    assert user.post("/reactivate-subscription").body == DONE

    assert user.subscription["cancel_at"] is None


def test_what_goes_on_already_succeeds_and_writes_nothing(user: Subscriber) -> None:
    asked = len(user.api.ports.wire.requests)

    assert user.post("/reactivate-subscription").body == DONE

    assert {r.method for r in user.api.ports.wire.requests[asked:]} == {"GET"}


def test_it_may_be_cancelled_and_taken_back_again_and_again(user: Subscriber) -> None:
    for _ in range(2):
        assert user.post("/cancel-subscription").status == 200
        assert user.subscription["cancel_at"] is not None
        assert user.post("/reactivate-subscription").status == 200
        assert user.subscription["cancel_at"] is None

    keys = [
        request.key
        for request in user.api.ports.wire.asked(
            "POST", f"/v1/subscriptions/{user.subscription['id']}"
        )
    ]
    assert len(keys) == len(set(keys)) == 4


def test_the_events_that_come_later_tell_nothing_twice(user: Subscriber) -> None:
    user.hear()
    user.post("/cancel-subscription")
    user.post("/reactivate-subscription")
    at_once = shown(user)

    user.hear()

    assert shown(user) == at_once
    types = [fact["type"] for fact in facts()]
    assert (types.count("CancellationScheduled"), types.count("CancellationUndone")) == (1, 1)


def test_an_end_that_a_schedule_was_to_make_is_taken_back(user: Subscriber) -> None:
    path = "/v1/subscription_schedules"
    made = user.api.at_stripe("POST", path, {"from_subscription": user.subscription["id"]})
    user.api.at_stripe("POST", f"{path}/{made['id']}", {"end_behavior": "cancel"})
    assert user.subscription["cancel_at"] is not None

    assert user.post("/reactivate-subscription").body == DONE

    assert (user.schedule, user.subscription["cancel_at"]) == (None, None)
    user.wait_for_renewal()
    assert user.charges() == [1_900, 1_900]


def test_a_payment_that_is_under_way_doesnt_keep_it_from_going_on(user: Subscriber) -> None:
    user.post("/cancel-subscription")
    user.pay_with("pm_usBankAccount_success")
    user.change("agency_monthly")

    assert user.post("/reactivate-subscription").body == DONE

    assert user.subscription["cancel_at"] is None
    assert user.subscription["pending_update"] is not None


def test_what_has_ended_doesnt_come_back(user: Subscriber) -> None:
    user.post("/cancel-subscription")
    user.wait_for_renewal()
    assert user.subscription["status"] == "canceled"

    answer = user.post("/reactivate-subscription")

    assert answer.status == 404
    assert "/create-checkout-session" in answer.body["detail"]
    assert shown(user) is None


def test_an_answer_that_was_lost_is_found(user: Subscriber) -> None:
    user.post("/cancel-subscription")
    path = f"/v1/subscriptions/{user.subscription['id']}"
    user.api.ports.wire.troubles.append(Trouble("POST", path, status=None, after_effect=True))
    assert user.post("/reactivate-subscription").status == 503

    assert user.post("/reactivate-subscription").body == DONE

    assert shown(user)["cancelAtPeriodEnd"] is False


def test_without_a_subscription_there_is_nothing_to_reactivate(api: Api) -> None:
    assert Subscriber(api).post("/reactivate-subscription").status == 404


def test_an_unknown_user_and_anothers_id_get_the_same_answer(user: Subscriber) -> None:
    user.post("/cancel-subscription")
    add_user("user_2")
    api = user.api

    foreign = api.post("/reactivate-subscription", {"userId": "user_1"}, "user_2")
    unknown = api.post("/reactivate-subscription", {"userId": "user_3"}, "user_3")

    assert (foreign.status, foreign.text) == (unknown.status, unknown.text)
    assert user.subscription["cancel_at"] is not None

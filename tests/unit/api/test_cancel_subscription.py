"""POST /cancel-subscription: what is paid for may be used up, and nothing more is charged."""

from typing import Any

import pytest

from tests.support.api import Api, Request, Trouble
from tests.support.aws import add_user, facts
from tests.support.subscriber import Json, Subscriber

DAY = 86_400
DONE = {"status": "success", "message": "Your subscription ends with the current period."}


@pytest.fixture
def user(api: Api) -> Subscriber:
    user = Subscriber(api).subscribe()
    user.wait(10 * DAY)
    return user


def period_end(user: Subscriber) -> int:
    end: int = user.subscription["items"]["data"][0]["current_period_end"]
    return end


def of_classic_billing(user: Subscriber) -> None:
    """Make the subscription one of before flexible billing."""
    store = user.api.ports.engine.world.store
    subscription = store.get("subscription", user.subscription["id"])
    store.update(subscription, billing_mode={"flexible": None, "type": "classic"})


def shown(user: Subscriber) -> Json:
    subscription: Json = user.api.get("/dashboard/user_1").body["subscription"]
    return subscription


def told(type_: str) -> int:
    """How many facts there are of a type."""
    return sum(fact["type"] == type_ for fact in facts())


def test_a_subscription_ends_with_the_period_that_is_paid(user: Subscriber) -> None:
    answer = user.post("/cancel-subscription")

    assert (answer.status, answer.body) == (200, DONE)
    assert shown(user)["cancelAtPeriodEnd"] is True
    access = user.api.get("/access/user_1").body
    assert access["level"] == "full"
    user.wait_for_renewal()
    assert user.subscription["status"] == "canceled"
    assert user.charges() == [1_900]


def test_with_classic_billing_it_ends_as_well(user: Subscriber) -> None:
    of_classic_billing(user)

    assert user.post("/cancel-subscription").body == DONE

    assert user.subscription["cancel_at_period_end"] is True
    assert shown(user)["cancelAtPeriodEnd"] is True


def test_what_is_to_end_already_succeeds_and_writes_nothing(user: Subscriber) -> None:
    user.post("/cancel-subscription", reason="unused")
    before, asked = user.subscription, len(user.api.ports.wire.requests)

    assert user.post("/cancel-subscription", reason="too_complex").body == DONE

    assert user.subscription == before
    assert {r.method for r in user.api.ports.wire.requests[asked:]} == {"GET"}


def test_the_events_that_come_later_tell_nothing_twice(user: Subscriber) -> None:
    user.hear()
    user.post("/cancel-subscription")
    at_once = shown(user)

    user.hear()

    assert shown(user) == at_once
    assert told("CancellationScheduled") == 1


@pytest.mark.parametrize(
    ("reason", "field"),
    [("too_expensive", "feedback"), ("We have moved to Mars.", "comment"), ("unused ", "comment")],
)
def test_the_reason_is_kept_at_stripe(user: Subscriber, reason: str, field: str) -> None:
    user.post("/cancel-subscription", reason=reason)

    assert user.subscription["cancellation_details"][field] == reason


@pytest.mark.parametrize("reason", ["", "x" * 501, 7])
def test_a_reason_that_cant_be_kept_is_refused(user: Subscriber, reason: Any) -> None:
    answer = user.post("/cancel-subscription", reason=reason)

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body", "reason"]
    assert user.subscription["cancel_at"] is None


def test_an_end_that_staff_have_set_within_the_period_stays(user: Subscriber) -> None:
    user.staff_set(cancel_at=period_end(user) - 5 * DAY)
    before = user.subscription

    assert user.post("/cancel-subscription").status == 200

    assert user.subscription == before


def test_an_end_beyond_the_period_comes_with_the_period(user: Subscriber) -> None:
    """What the customer cancels isn't billed again, whatever staff had agreed upon."""
    renewal = period_end(user)
    user.staff_set(cancel_at=renewal + 100 * DAY)

    assert user.post("/cancel-subscription").body == DONE

    assert user.subscription["cancel_at"] == renewal
    user.wait_for_renewal()
    assert user.charges() == [1_900]


def test_a_payment_that_is_under_way_doesnt_keep_anybody(user: Subscriber) -> None:
    user.pay_with("pm_usBankAccount_success")
    user.change("agency_monthly")

    assert user.post("/cancel-subscription").status == 200

    assert user.subscription["cancel_at"] == period_end(user)
    assert user.subscription["pending_update"] is not None


def test_a_planned_downgrade_is_given_up_first(api: Api) -> None:
    user = Subscriber(api).subscribe("agency_monthly")
    user.change("standard_monthly")

    assert user.post("/cancel-subscription").body == DONE

    assert user.schedule is None
    assert shown(user)["pendingChange"] is None
    user.wait_for_renewal()
    assert (user.subscription["status"], user.charges()) == ("canceled", [9_900])


def test_a_trial_that_is_cancelled_is_never_charged(api: Api) -> None:
    user = Subscriber(api).subscribe(trialDays=14)

    assert user.post("/cancel-subscription").status == 200

    user.wait_for_renewal()
    assert (user.subscription["status"], user.charges()) == ("canceled", [])


@pytest.mark.parametrize("status", ["past_due", "unpaid", "paused"])
def test_whoever_cant_pay_may_cancel(user: Subscriber, status: str) -> None:
    store = user.api.ports.engine.world.store
    store.update(store.get("subscription", user.subscription["id"]), status=status)

    assert user.post("/cancel-subscription").body == DONE

    assert user.subscription["cancel_at"] == period_end(user)


def incomplete(api: Api) -> Subscriber:
    """A user whose first payment, asked for without Checkout, is open."""
    user = Subscriber(api)
    body = {"priceId": api.price("standard_monthly"), "userId": "user_1"}
    assert api.post("/create-checkout-session", body).status == 200
    subscription = {
        "customer": user.customer_id,
        "items": {"0": {"price": api.price("standard_monthly")}},
        "payment_behavior": "default_incomplete",
    }
    api.at_stripe("POST", "/v1/subscriptions", subscription)
    user.hear()
    return user


def test_what_was_never_paid_ends_now(api: Api) -> None:
    user = incomplete(api)
    assert shown(user)["status"] == "incomplete"

    answer = user.post("/cancel-subscription")

    assert (answer.status, answer.body["message"]) == (200, "Your subscription has ended.")
    assert user.subscription["status"] == "canceled"
    assert shown(user) is None
    assert user.post("/cancel-subscription").status == 404


def test_an_end_now_whose_answer_was_lost_is_found(api: Api) -> None:
    user = incomplete(api)
    path = f"/v1/subscriptions/{user.subscription['id']}"
    api.ports.wire.troubles.append(Trouble("DELETE", path, status=None, after_effect=True))
    assert user.post("/cancel-subscription").status == 503

    assert user.post("/cancel-subscription").status == 404

    assert shown(user) is None


def test_without_a_subscription_there_is_nothing_to_cancel(api: Api) -> None:
    assert Subscriber(api).post("/cancel-subscription").status == 404


def test_what_has_ended_at_stripe_is_over_here_too(user: Subscriber) -> None:
    user.api.at_stripe("DELETE", f"/v1/subscriptions/{user.subscription['id']}")

    assert user.post("/cancel-subscription").status == 404

    assert shown(user) is None


def test_a_cancel_whose_answer_was_lost_is_found(user: Subscriber) -> None:
    path = f"/v1/subscriptions/{user.subscription['id']}"
    user.api.ports.wire.troubles.append(Trouble("POST", path, status=None, after_effect=True))
    assert user.post("/cancel-subscription").status == 503

    assert user.post("/cancel-subscription").body == DONE

    assert len(user.api.ports.wire.asked("POST", path)) == 1
    assert shown(user)["cancelAtPeriodEnd"] is True


def after_one_call(user: Subscriber, path: str) -> None:
    """Let another request run once the next one has made a call to Stripe."""
    observers = user.api.ports.wire.observers

    def run(_: Request) -> None:
        observers.clear()
        assert user.post(path).status == 200

    observers.append(run)


def test_a_reactivation_between_its_calls_isnt_lost(user: Subscriber) -> None:
    """Cancelled and taken back at once: either is the end of it, and the record says which."""
    after_one_call(user, "/reactivate-subscription")

    assert user.post("/cancel-subscription").status == 200

    assert shown(user)["cancelAtPeriodEnd"] is (user.subscription["cancel_at"] is not None)


def test_a_cancel_between_its_calls_makes_it_no_second_one(user: Subscriber) -> None:
    after_one_call(user, "/cancel-subscription")

    assert user.post("/cancel-subscription").body == DONE

    assert user.subscription["cancel_at"] == period_end(user)
    assert told("CancellationScheduled") == 1


def test_an_unknown_user_and_anothers_id_get_the_same_answer(user: Subscriber) -> None:
    add_user("user_2")
    api = user.api

    foreign = api.post("/cancel-subscription", {"userId": "user_1"}, "user_2")
    unknown = api.post("/cancel-subscription", {"userId": "user_3"}, "user_3")

    assert (foreign.status, foreign.text) == (unknown.status, unknown.text)
    assert unknown.status == 404
    assert user.subscription["cancel_at"] is None

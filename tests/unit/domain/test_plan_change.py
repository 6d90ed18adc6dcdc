"""What to write to Stripe next, by how the subscription stands and what is wanted of it."""

from typing import Any

import pytest

from billing.domain.errors import (
    PaymentOverdue,
    PaymentProcessing,
    SubscriptionEnding,
    SubscriptionNotActive,
)
from billing.domain.plan_change import (
    CancelNow,
    CreateSchedule,
    Effective,
    GiveUpPending,
    Phase,
    PhaseItem,
    Plan,
    PlanChange,
    ReleaseSchedule,
    Schedule,
    Standing,
    UpdateSchedule,
    UpdateSubscription,
    default_effective,
    next_to_cancel,
    next_to_change,
    next_to_reactivate,
    planned_change,
)
from tests.support.builders import a_subscription

SMALL, LARGE = Plan(price_id="small", quantity=1), Plan(price_id="large", quantity=1)
START, END = 1_000, 2_000


def standing(**fields: Any) -> Standing:
    """A paid subscription of the large plan, in the middle of its period."""
    own = ("collected", "pending", "bill_id", "processing", "schedule")
    parts: dict[str, Any] = {name: fields.pop(name) for name in own if name in fields}
    usual = {
        "price_id": "large",
        "current_period_start": START,
        "current_period_end": END,
        "latest_invoice_id": "in_1",
    }
    return Standing(subscription=a_subscription(**{**usual, **fields}), **parts)


def wanted(plan: Plan, effective: Effective = "now", **fields: Any) -> PlanChange:
    return PlanChange(plan=plan, effective=effective, interval="month", interval_count=1, **fields)


def a_phase(plan: Plan, start: int = START, end: int = END, **fields: Any) -> Phase:
    item = PhaseItem(price_id=plan.price_id, quantity=plan.quantity)
    return Phase(**{"start": start, "end": end, "items": (item,), **fields})


def a_schedule(*phases: Phase) -> Schedule:
    return Schedule(id="sub_sched_1", phases=phases)


PLANNED = a_schedule(a_phase(LARGE), a_phase(SMALL, END, 3_000))
RELEASE = ReleaseSchedule(schedule_id="sub_sched_1")
GIVE_UP = GiveUpPending(invoice_id="in_1")


# -- From when on ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "new", "places", "effective"),
    [
        (SMALL, LARGE, (0, 1), "now"),
        (LARGE, SMALL, (1, 0), "period_end"),
        (LARGE, LARGE, (1, 1), "now"),
        (SMALL, Plan(price_id="small", quantity=2), (0, 0), "now"),
        (Plan(price_id="small", quantity=2), SMALL, (0, 0), "period_end"),
        (Plan(price_id="small", quantity=9), LARGE, (0, 1), "now"),
        (Plan(price_id="old", quantity=1), SMALL, (None, 0), "now"),
        (Plan(price_id="old", quantity=2), Plan(price_id="old", quantity=1), (None, None),
         "period_end"),
        (Plan(price_id="small", quantity=None), SMALL, (0, 0), "now"),
    ],
)  # fmt: skip
def test_an_upgrade_holds_now_and_a_downgrade_when_the_period_ends(
    current: Plan, new: Plan, places: tuple[int | None, int | None], effective: Effective
) -> None:
    assert default_effective(current, new, places, "period_end") == effective


def test_the_policy_says_from_when_on_a_downgrade_holds() -> None:
    assert default_effective(LARGE, SMALL, (1, 0), "now") == "now"


# -- Now ------------------------------------------------------------------------------------------


def test_a_change_now_waits_for_its_payment() -> None:
    write = next_to_change(standing(price_id="small"), wanted(LARGE))

    assert isinstance(write, UpdateSubscription)
    assert write.params == {
        "items": [{"id": "si_1", "price": "large", "quantity": 1}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
    }


def test_a_quotes_date_is_what_is_prorated_by() -> None:
    write = next_to_change(standing(price_id="small"), wanted(LARGE, proration_date=1_500))

    assert isinstance(write, UpdateSubscription)
    assert write.params["proration_date"] == 1_500


def test_a_price_that_counts_nothing_is_given_no_quantity() -> None:
    metered = Plan(price_id="metered", quantity=None)

    write = next_to_change(standing(), wanted(metered))

    assert isinstance(write, UpdateSubscription)
    assert write.params["items"] == [{"id": "si_1", "price": "metered"}]


@pytest.mark.parametrize("effective", ["now", "period_end"])
def test_what_is_so_needs_no_write(effective: Effective) -> None:
    assert next_to_change(standing(), wanted(LARGE, effective)) is None


@pytest.mark.parametrize("effective", ["now", "period_end"])
def test_what_waits_is_given_up_before_anything_else(effective: Effective) -> None:
    stands = standing(pending=LARGE, bill_id="in_1", schedule=PLANNED)

    for plan in (SMALL, LARGE):
        assert next_to_change(stands, wanted(plan, effective)) == GIVE_UP
    assert next_to_cancel(stands, None) == GIVE_UP


@pytest.mark.parametrize("plan", [SMALL, LARGE])
def test_what_is_being_paid_is_neither_given_up_nor_overtaken(plan: Plan) -> None:
    stands = standing(pending=SMALL, bill_id="in_1", processing=True)

    with pytest.raises(PaymentProcessing):
        next_to_change(stands, wanted(plan))
    assert isinstance(next_to_cancel(stands, None), UpdateSubscription)


def test_a_schedule_is_released_once_a_change_now_is_made() -> None:
    stands = standing(schedule=PLANNED)

    assert isinstance(next_to_change(stands, wanted(SMALL)), UpdateSubscription)
    assert next_to_change(stands, wanted(LARGE)) == RELEASE


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_what_is_owed_comes_first(status: str) -> None:
    for plan in (SMALL, LARGE):
        with pytest.raises(PaymentOverdue):
            next_to_change(standing(status=status, pending=SMALL), wanted(plan))


@pytest.mark.parametrize("status", ["incomplete", "paused"])
def test_what_isnt_paid_for_stays_as_it_is(status: str) -> None:
    with pytest.raises(SubscriptionNotActive):
        next_to_change(standing(status=status), wanted(SMALL))


def test_what_isnt_charged_at_once_is_refused_before_anything_is_undone() -> None:
    stands = standing(collected=False, pending=SMALL, schedule=PLANNED)

    with pytest.raises(SubscriptionNotActive):
        next_to_change(stands, wanted(SMALL))


def test_in_a_trial_nothing_is_charged_anyway() -> None:
    stands = standing(collected=False, status="trialing")

    assert isinstance(next_to_change(stands, wanted(SMALL)), UpdateSubscription)


def test_for_who_is_sent_bills_a_downgrade_can_be_planned() -> None:
    stands = standing(collected=False)

    assert isinstance(next_to_change(stands, wanted(SMALL, "period_end")), CreateSchedule)


# -- When the period ends -------------------------------------------------------------------------


def test_a_plan_ahead_begins_with_a_schedule_of_how_it_is() -> None:
    write = next_to_change(standing(), wanted(SMALL, "period_end"))

    assert write == CreateSchedule(subscription_id="sub_1")


def test_then_a_phase_of_one_period_is_put_behind_the_present_one() -> None:
    stands = standing(schedule=a_schedule(a_phase(LARGE)))

    write = next_to_change(stands, wanted(SMALL, "period_end"))

    assert write == UpdateSchedule(
        schedule_id="sub_sched_1",
        params={
            "end_behavior": "release",
            "proration_behavior": "none",
            "phases": [
                {
                    "items": [{"price": "large", "quantity": 1}],
                    "start_date": START,
                    "end_date": END,
                },
                {
                    "items": [{"price": "small", "quantity": 1}],
                    "proration_behavior": "none",
                    "duration": {"interval": "month", "interval_count": 1},
                },
            ],
        },
    )


def test_what_else_the_phase_has_goes_on() -> None:
    items = (
        PhaseItem(price_id="large", quantity=1, keeps={"tax_rates": ["txr_1"]}),
        PhaseItem(price_id="extra", quantity=None, keeps={"metadata": {"for": "support"}}),
    )
    keeps = {"discounts": [{"discount": "di_1"}], "default_tax_rates": ["txr_2"]}
    phase = a_phase(LARGE, items=items, keeps=keeps, trial_end=1_500)

    write = next_to_change(standing(schedule=a_schedule(phase)), wanted(SMALL, "period_end"))

    assert isinstance(write, UpdateSchedule)
    present, following = write.params["phases"]
    assert present["trial_end"] == 1_500
    assert "trial_end" not in following
    for each, price_id in ((present, "large"), (following, "small")):
        assert each["items"] == [
            {"price": price_id, "quantity": 1, "tax_rates": ["txr_1"]},
            {"price": "extra", "metadata": {"for": "support"}},
        ]
        assert {name: each[name] for name in keeps} == keeps


def test_a_phase_that_runs_longer_ends_with_the_period() -> None:
    stands = standing(schedule=a_schedule(a_phase(LARGE, end=9_000)))

    write = next_to_change(stands, wanted(SMALL, "period_end"))

    assert isinstance(write, UpdateSchedule)
    assert write.params["phases"][0]["end_date"] == END


def test_what_is_planned_so_needs_no_write() -> None:
    assert next_to_change(standing(schedule=PLANNED), wanted(SMALL, "period_end")) is None


@pytest.mark.parametrize(
    "schedule",
    [
        a_schedule(a_phase(LARGE), a_phase(Plan(price_id="other", quantity=1), END, 3_000)),
        a_schedule(a_phase(LARGE), a_phase(Plan(price_id="small", quantity=2), END, 3_000)),
        a_schedule(a_phase(LARGE, end=9_000), a_phase(SMALL, 9_000, 9_900)),
        a_schedule(a_phase(LARGE, end=1_500), a_phase(SMALL, 1_500, 3_000)),
        a_schedule(a_phase(LARGE), a_phase(SMALL, END, 3_000, items=())),
    ],
)
def test_what_is_planned_otherwise_gives_way(schedule: Schedule) -> None:
    write = next_to_change(standing(schedule=schedule), wanted(SMALL, "period_end"))

    assert write == RELEASE


def test_whoever_stays_is_rid_of_the_plan() -> None:
    assert next_to_change(standing(schedule=PLANNED), wanted(LARGE, "period_end")) == RELEASE


@pytest.mark.parametrize("ending", [{"cancel_at": END}, {"cancel_at_period_end": True}])
def test_nothing_is_planned_for_after_the_end(ending: dict[str, Any]) -> None:
    with pytest.raises(SubscriptionEnding):
        next_to_change(standing(**ending, pending=SMALL), wanted(SMALL, "period_end"))


@pytest.mark.parametrize("ending", [{"cancel_at": END}, {"cancel_at_period_end": True}])
def test_until_the_end_a_plan_may_be_changed(ending: dict[str, Any]) -> None:
    write = next_to_change(standing(**ending), wanted(SMALL))

    assert isinstance(write, UpdateSubscription)


def test_the_next_change_of_a_schedule_is_what_is_planned() -> None:
    schedule = a_schedule(a_phase(LARGE), a_phase(LARGE, END, 3_000), a_phase(SMALL, 3_000, 4_000))

    planned = planned_change(schedule, LARGE)

    assert planned is not None
    assert (planned.price_id, planned.quantity, planned.at) == ("small", 1, 3_000)
    assert planned_change(a_schedule(a_phase(LARGE)), LARGE) is None
    assert planned_change(PLANNED, Plan(price_id="other", quantity=1)) is None


# -- Cancel and take it back ----------------------------------------------------------------------


def test_a_cancel_lets_the_period_end() -> None:
    write = next_to_cancel(standing(), None)

    assert write == UpdateSubscription(
        subscription_id="sub_1", params={"cancel_at_period_end": True}
    )


@pytest.mark.parametrize(("reason", "field"), [("unused", "feedback"), ("Unused", "comment")])
def test_a_reason_of_stripes_is_feedback_and_any_other_a_comment(reason: str, field: str) -> None:
    write = next_to_cancel(standing(), reason)

    assert isinstance(write, UpdateSubscription)
    assert write.params["cancellation_details"] == {field: reason}


@pytest.mark.parametrize(
    "ending", [{"cancel_at": END}, {"cancel_at": START}, {"cancel_at_period_end": True}]
)
def test_what_ends_with_the_period_needs_no_cancel(ending: dict[str, Any]) -> None:
    assert next_to_cancel(standing(**ending, schedule=PLANNED), "unused") is None


def test_what_would_be_billed_again_is_cancelled() -> None:
    assert isinstance(next_to_cancel(standing(cancel_at=END + 1), None), UpdateSubscription)


def test_what_was_never_paid_ends_now() -> None:
    write = next_to_cancel(standing(status="incomplete"), None)

    assert write == CancelNow(subscription_id="sub_1")


def test_a_schedule_is_released_before_a_cancel_and_before_taking_it_back() -> None:
    assert next_to_cancel(standing(schedule=PLANNED), None) == RELEASE
    assert next_to_reactivate(standing(schedule=PLANNED, cancel_at=END)) == RELEASE


@pytest.mark.parametrize(
    ("ending", "params"),
    [
        ({"cancel_at": END}, {"cancel_at": ""}),
        ({"cancel_at_period_end": True}, {"cancel_at_period_end": False}),
        ({"cancel_at_period_end": True, "cancel_at": END}, {"cancel_at_period_end": False}),
    ],
)
def test_either_way_of_ending_is_taken_back(ending: dict[str, Any], params: dict[str, Any]) -> None:
    write = next_to_reactivate(standing(**ending))

    assert write == UpdateSubscription(subscription_id="sub_1", params=params)


def test_what_goes_on_needs_no_taking_back() -> None:
    assert next_to_reactivate(standing(schedule=PLANNED)) is None

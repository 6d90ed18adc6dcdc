"""Facts follow from before and after alone."""

from billing.domain.facts import facts_between
from billing.domain.record import Record
from tests.support.builders import NOW, a_record, a_stamped_record, a_subscription


def types(before: Record, after: Record) -> list[str]:
    return [fact.type for fact in facts_between(before, after, "evt_1", NOW)]


def test_a_first_subscription_is_activated_and_opens_access() -> None:
    facts = facts_between(a_record(), a_stamped_record(1, 2), "evt_1", NOW)

    assert [fact.key for fact in facts] == [
        "SubscriptionActivated:user_1:1",
        "AccessChanged:user_1:1",
    ]
    assert {(fact.cause, fact.customer_id, fact.occurred_at) for fact in facts} == {
        ("evt_1", "cus_1", NOW)
    }
    assert facts[1].before == {"level": "none", "until": None, "reason": "no_subscription"}
    assert facts[1].after == {"level": "full", "until": None, "reason": "active"}


def test_no_change_is_no_fact() -> None:
    assert types(a_stamped_record(1, 2), a_stamped_record(5, 6)) == []


def test_a_renewal_is_no_change_of_the_subscription() -> None:
    renewed = a_stamped_record(1, 2, current_period_end=NOW + 9_999_999)

    assert types(a_stamped_record(1, 2), renewed) == []


def test_an_incomplete_subscription_activates_once_it_is_paid() -> None:
    incomplete = a_stamped_record(1, 2, status="incomplete")

    assert types(a_record(), incomplete) == []
    assert types(incomplete, a_stamped_record(1, 2)) == ["SubscriptionActivated", "AccessChanged"]


def test_an_incomplete_subscription_that_expires_tells_nothing() -> None:
    expired = a_stamped_record(1, 2, status="incomplete_expired")

    assert types(a_stamped_record(1, 2, status="incomplete"), expired) == []


def test_another_price_or_quantity_is_a_change() -> None:
    before = a_stamped_record(1, 2)

    assert types(before, a_stamped_record(1, 2, price_id="price_2")) == ["SubscriptionChanged"]
    assert types(before, a_stamped_record(1, 2, quantity=2)) == ["SubscriptionChanged"]


def test_a_cancellation_is_scheduled_by_either_of_stripes_fields() -> None:
    before = a_stamped_record(1, 2)

    for field in ({"cancel_at": NOW + 500}, {"cancel_at_period_end": True}):
        scheduled = a_stamped_record(1, 2, **field)
        assert types(before, scheduled) == ["CancellationScheduled"]
        assert types(scheduled, before) == ["CancellationUndone"]


def test_an_end_ends_access_too() -> None:
    ended = a_stamped_record(1, 2, status="canceled")

    assert types(a_stamped_record(1, 2), ended) == ["SubscriptionEnded", "AccessChanged"]


def test_a_subscription_that_takes_the_ended_ones_place_is_told_as_both() -> None:
    before = a_stamped_record(1, 2)
    after = a_stamped_record(1, 2, subscription_id="sub_2")

    assert types(before, after) == ["SubscriptionEnded", "SubscriptionActivated"]


def test_each_further_live_subscription_is_found_once() -> None:
    double = a_subscription(subscription_id="sub_2")
    found = a_stamped_record(1, 2).model_copy(update={"other_live": (double,)})

    assert types(a_stamped_record(1, 2), found) == ["DuplicateSubscriptionFound"]
    assert types(found, found) == []

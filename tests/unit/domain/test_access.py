"""The subscription's status decides what a user may use."""

import pytest

from billing.domain.access import Access, Level, access_of
from tests.support.builders import NOW, a_record, a_stamped_record


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("trialing", "full"),
        ("active", "full"),
        ("past_due", "grace"),
        ("unpaid", "restricted"),
        ("paused", "restricted"),
        ("incomplete", "none"),
        ("canceled", "none"),
        ("incomplete_expired", "none"),
    ],
)
def test_a_status_gives_its_level(status: str, level: Level) -> None:
    access = access_of(a_stamped_record(1, 2, status=status), NOW)

    assert (access.level, access.reason) == (level, status)


def test_without_a_subscription_there_is_no_access() -> None:
    assert access_of(a_record(), NOW) == Access(level="none", until=None, reason="no_subscription")


def test_a_scheduled_cancellation_ends_access_on_time_even_if_its_event_is_late() -> None:
    record = a_stamped_record(1, 2, cancel_at=NOW)

    assert access_of(record, NOW - 1) == Access(level="full", until=NOW, reason="active")
    assert access_of(record, NOW) == Access(level="none", until=None, reason="canceled")

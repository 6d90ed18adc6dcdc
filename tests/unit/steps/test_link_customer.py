"""One additive write to the users table, and our own map."""

import pytest

from billing.contracts.steps import LinkCustomerInput
from billing.domain.errors import UserConflict, UserNotFound
from steps.link_customer import link_customer
from tests.support.aws import FakePorts, add_user, user_item


def link(ports: FakePorts, user: str, customer: str, replaces: str | None = None) -> None:
    link_customer(LinkCustomerInput(user_id=user, customer_id=customer, replaces=replaces), ports)


def test_linking_adds_one_attribute_and_touches_no_other(ports: FakePorts) -> None:
    add_user("user_1", plan="legacy")
    before = user_item()

    link(ports, "user_1", "cus_1")

    assert user_item() == {**before, "stripe_customer_id": "cus_1"}
    assert ports.customers.user_of("cus_1") == "user_1"


def test_linking_twice_is_linking_once(ports: FakePorts) -> None:
    add_user("user_1")

    link(ports, "user_1", "cus_1")
    link(ports, "user_1", "cus_1")

    assert user_item()["stripe_customer_id"] == "cus_1"


def test_a_crash_between_the_writes_is_mended_by_running_again(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_1")

    link(ports, "user_1", "cus_1")

    assert ports.customers.user_of("cus_1") == "user_1"


def test_a_missing_user_is_never_made(ports: FakePorts) -> None:
    with pytest.raises(UserNotFound):
        link(ports, "user_1", "cus_1")

    assert user_item() == {}
    assert ports.customers.user_of("cus_1") is None


def test_another_customer_is_never_overwritten(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_0")

    with pytest.raises(UserConflict):
        link(ports, "user_1", "cus_1")

    assert user_item()["stripe_customer_id"] == "cus_0"
    assert ports.customers.user_of("cus_1") is None


def test_a_deleted_customer_is_replaced(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_0")

    link(ports, "user_1", "cus_1", replaces="cus_0")

    assert user_item()["stripe_customer_id"] == "cus_1"


def test_a_customer_of_another_user_stays_theirs(ports: FakePorts) -> None:
    add_user("user_1")
    ports.customers.assign("cus_1", "user_2")

    with pytest.raises(UserConflict):
        link(ports, "user_1", "cus_1")

    assert ports.customers.user_of("cus_1") == "user_2"


def test_a_customer_that_gives_way_is_retired_before_the_user_names_another(
    ports: FakePorts,
) -> None:
    add_user("user_1", stripe_customer_id="cus_0")

    link(ports, "user_1", "cus_1", replaces="cus_0")

    assert ports.customers.is_retired("cus_0")
    assert ports.customers.user_of("cus_0") == "user_1", "its late events are still this user's"
    assert not ports.customers.is_retired("cus_1")


def test_linking_again_retires_nobody(ports: FakePorts) -> None:
    add_user("user_1", stripe_customer_id="cus_1")

    link(ports, "user_1", "cus_1", replaces="cus_1")

    assert not ports.customers.is_retired("cus_1")


def test_a_deleted_customer_that_is_anothers_is_not_ours_to_retire(ports: FakePorts) -> None:
    """Two users claimed it: nothing makes that attribute unique."""
    add_user("user_1", stripe_customer_id="cus_0")
    ports.customers.assign("cus_0", "user_2")

    link(ports, "user_1", "cus_1", replaces="cus_0")

    assert user_item()["stripe_customer_id"] == "cus_1"
    assert not ports.customers.is_retired("cus_0")


def test_a_retired_customer_is_not_assigned_again(ports: FakePorts) -> None:
    """Its own linking was under way when another took its place."""
    add_user("user_1", stripe_customer_id="cus_0")
    ports.customers.retire("cus_0", "user_1")

    with pytest.raises(UserConflict):
        link(ports, "user_1", "cus_0")

    assert ports.customers.is_retired("cus_0")

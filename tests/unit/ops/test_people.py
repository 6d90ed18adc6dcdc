"""A user is found by whatever an operator has at hand, or it is said who that is not."""

import pytest

from ops.errors import NotFound, OpsError
from ops.people import find_person
from tests.support.api import EnginePorts
from tests.support.aws import add_user
from tests.support.reconcile import Account
from tests.support.stepfunctions import Stage
from tests.support.story import Story
from tests.support.stripe import event_json


@pytest.fixture
def account(stage: Stage) -> Account:
    stage.ports = EnginePorts()
    stage.target = stage.new_target()
    return Account(stage.ports)


def test_a_user_is_found_by_all_that_is_theirs(stage: Stage, account: Account) -> None:
    subscription = account.known("user_1")
    account.known("user_2")
    customer = stage.ports.records.load("user_1").customer_id
    assert customer is not None
    (invoice,) = stage.ports.records.load("user_1").invoices
    (intent, *_) = (
        made["id"]
        for made in account.ports.engine.world.store.newest_first("payment_intent")
        if made["customer"] == customer
    )
    Story(stage.ports, "user_1", customer).claim("evt_open")
    payload = {"object": "invoice", "id": "in_1", "customer": customer}
    event = event_json("invoice.paid", payload, id="evt_open")
    execution = stage.put("renew", "one", event=event)

    names = ("user_1", "user_1@example.test", "USER_1@example.test", " user_1 ", customer)
    ids = (subscription, invoice, intent, "evt_open", "one", execution)
    for text in (*names, *ids):
        person = find_person(stage.target, text)
        assert (person.user_id, person.customer_id) == ("user_1", customer), text
    assert person.registered
    assert (person.email, person.name) == ("user_1@example.test", "Test")
    assert person.stripe_url == f"https://dashboard.stripe.com/test/customers/{customer}"


def test_an_address_that_only_stripe_knows_finds_the_customers_user(
    stage: Stage, account: Account
) -> None:
    account.customer("user_1", email="billing@example.test")
    account.customer(email="billing@example.test")
    assert find_person(stage.target, "billing@example.test").user_id == "user_1"


def test_an_address_of_several_users_names_them(stage: Stage, account: Account) -> None:
    account.customer("user_1", email="both@example.test")
    account.customer("user_2", email="both@example.test")
    with pytest.raises(OpsError, match=r"several users.*user_2 \(cus_.*user_1 \(cus_"):
        find_person(stage.target, "both@example.test")


def test_a_customer_whom_only_the_users_table_knows_is_found(
    stage: Stage, account: Account
) -> None:
    customer = account.customer()
    add_user("user_1", stripe_customer_id=customer)
    assert find_person(stage.target, customer).user_id == "user_1"


def test_who_left_the_users_table_is_found_by_their_record(stage: Stage) -> None:
    Story(stage.ports).event("evt_1", "PaymentSucceeded")
    person = find_person(stage.target, "user_1")
    assert (person.registered, person.email, person.customer_id) == (False, None, "cus_1")


def test_a_customer_who_is_not_ours_may_be_linked(stage: Stage, account: Account) -> None:
    customer = account.customer()
    subscription = account.subscribe(customer)
    for text in (customer, subscription):
        with pytest.raises(NotFound, match=f"`scai-ops reconcile --customer {customer}`"):
            find_person(stage.target, text)


@pytest.mark.parametrize("text", ["user_9", "nobody@example.test", "we ird", "<b>x</b>", "a" * 200])
def test_who_is_nobody_is_said_to_be(stage: Stage, account: Account, text: str) -> None:
    with pytest.raises(NotFound, match="nobody's that we know"):
        find_person(stage.target, text)


@pytest.mark.parametrize("text", ["", "  "])
def test_nobody_named_is_nobody(stage: Stage, text: str) -> None:
    with pytest.raises(NotFound, match="nobody is named"):
        find_person(stage.target, text)


def test_an_event_that_never_came_may_be_replayed(stage: Stage) -> None:
    with pytest.raises(NotFound, match="`scai-ops replay evt_9`"):
        find_person(stage.target, "evt_9")


@pytest.mark.parametrize("text", ["sub_9", "in_9", "pi_9", "cs_9"])
def test_what_stripe_does_not_have_is_said_so(stage: Stage, account: Account, text: str) -> None:
    with pytest.raises(NotFound, match=f"Stripe has no {text}"):
        find_person(stage.target, text)

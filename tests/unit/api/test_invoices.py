"""GET /invoices/{userId}."""

from typing import Any

import pytest

from tests.support.api import ADMIN, Api, ApiAnswer, Trouble
from tests.support.aws import add_user
from tests.support.builders import a_record
from tests.support.reads import calls_of_dynamodb


@pytest.fixture
def customer_id(api: Api) -> str:
    """The customer of a user whom our record knows."""
    add_user()
    return a_customer(api, "user_1")


def a_customer(api: Api, user_id: str) -> str:
    customer_id: str = api.at_stripe("POST", "/v1/customers")["id"]
    record = a_record(version=1, user_id=user_id, customer_id=customer_id)
    assert api.ports.records.save(record, replacing=0)
    return customer_id


def bill(api: Api, customer_id: str, amount: int = 1900, *, draft: bool = False) -> str:
    item = {"customer": customer_id, "amount": amount, "currency": "usd"}
    invoice = api.at_stripe(
        "POST", "/v1/invoices", {"customer": customer_id, "auto_advance": False}
    )
    api.at_stripe("POST", "/v1/invoiceitems", {**item, "invoice": invoice["id"]})
    if not draft:
        api.at_stripe("POST", f"/v1/invoices/{invoice['id']}/finalize")
    api.ports.engine.advance(api.ports.now() + 1)
    api.ports.clock.advance(1)
    invoice_id: str = invoice["id"]
    return invoice_id


def page(
    api: Api,
    query: str = "",
    user: str = "user_1",
    as_user: str | None = "user_1",
    scope: str = "",
) -> ApiAnswer:
    return api.get(f"/invoices/{user}{query}", as_user, scope)


def ids(answer: ApiAnswer) -> list[str]:
    return [invoice["id"] for invoice in answer.body["invoices"]]


def pages(api: Api, limit: int) -> list[list[str]]:
    """Follow the cursors to the end."""
    answer = page(api, f"?limit={limit}")
    found = [ids(answer)]
    while answer.body["nextCursor"] is not None:
        answer = page(api, f"?limit={limit}&cursor={answer.body['nextCursor']}")
        assert answer.status == 200
        found.append(ids(answer))
    return found


def test_an_invoice_is_shown_in_minor_units(api: Api, customer_id: str) -> None:
    invoice_id = bill(api, customer_id, 1900)
    at_stripe = api.at_stripe("GET", f"/v1/invoices/{invoice_id}")

    answer = page(api)

    assert answer.status == 200
    (invoice,) = answer.body["invoices"]
    assert invoice.pop("date").endswith("Z")
    assert invoice == {
        "id": invoice_id,
        "number": at_stripe["number"],
        "currency": "usd",
        "total": 1900,
        "amountDue": 1900,
        "amountPaid": 0,
        "status": "open",
        "hostedInvoiceUrl": at_stripe["hosted_invoice_url"],
        "invoicePdf": at_stripe["invoice_pdf"],
    }
    assert answer.body["nextCursor"] is None


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_the_pages_together_are_all_invoices_once_the_newest_first(
    api: Api, customer_id: str, limit: int
) -> None:
    billed = [bill(api, customer_id) for _ in range(5)]

    found = pages(api, limit)

    assert [invoice for each in found for invoice in each] == billed[::-1]
    assert all(len(each) == limit for each in found[:-1])
    assert found[-1], "no page is empty"


@pytest.mark.parametrize("drafts", [{0}, {4}, {1, 2}, {0, 1, 2, 3}, {2, 3, 4}], ids=str)
@pytest.mark.parametrize("limit", [1, 2])
def test_drafts_are_left_out_and_break_no_page(
    api: Api, customer_id: str, drafts: set[int], limit: int
) -> None:
    billed = [bill(api, customer_id, draft=number in drafts) for number in range(5)]
    issued = [invoice for number, invoice in enumerate(billed) if number not in drafts]

    found = pages(api, limit)

    assert [invoice for each in found for invoice in each] == issued[::-1]
    assert all(len(each) == limit for each in found[:-1])
    assert found[-1], "no page is empty"


def test_a_page_has_two_years_of_monthly_invoices_unless_asked_otherwise(
    api: Api, customer_id: str
) -> None:
    for _ in range(25):
        bill(api, customer_id)

    answer = page(api)

    assert len(ids(answer)) == 24
    assert answer.body["nextCursor"] == ids(answer)[-1]


def test_a_page_costs_a_read_of_dynamodb_and_one_of_stripe_and_a_later_one_another(
    api: Api, customer_id: str
) -> None:
    bill(api, customer_id)
    cursor = bill(api, customer_id)

    with calls_of_dynamodb() as calls:
        page(api)
    first = [request.path for request in api.ports.wire.requests]
    page(api, f"?cursor={cursor}")

    assert calls == ["GetItem"]
    assert first == ["/v1/invoices"]
    later = [request.path for request in api.ports.wire.requests[1:]]
    assert sorted(later) == ["/v1/invoices", f"/v1/invoices/{cursor}"]


def test_a_foreign_cursor_and_an_unknown_one_get_the_same_answer(
    api: Api, customer_id: str
) -> None:
    bill(api, customer_id)
    theirs = bill(api, a_customer(api, "user_2"))

    foreign, unknown = page(api, f"?cursor={theirs}"), page(api, "?cursor=in_unknown")

    assert foreign.status == 422
    assert foreign.body["detail"][0]["loc"] == ["query", "cursor"]
    assert (unknown.status, unknown.text) == (foreign.status, foreign.text)
    assert theirs not in foreign.text


def test_a_foreign_cursor_is_refused_where_stripe_would_go_on_from_it(
    api: Api, customer_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stripe doesn't say what a cursor does that is none of the customer's."""
    mine = bill(api, customer_id)
    theirs = bill(api, a_customer(api, "user_2"))
    walk = api.ports.stripe.invoices_behind
    lenient: Any = lambda customer, _after, size: walk(customer, None, size)  # noqa: E731
    monkeypatch.setattr(api.ports.stripe, "invoices_behind", lenient)

    answer = page(api, f"?cursor={theirs}")

    assert answer.status == 422
    assert mine not in answer.text


def test_a_user_without_a_customer_has_no_cursor_either(api: Api) -> None:
    add_user()
    theirs = bill(api, a_customer(api, "user_2"))

    assert page(api, f"?cursor={theirs}").status == 422


@pytest.mark.parametrize(
    "query",
    [
        *("?limit=0", "?limit=101", "?limit=ten", "?limit="),
        *("?cursor=", "?cursor=cus_1", "?cursor=in_1/../charges", "?cursor=in_%20"),
        f"?cursor=in_{'1' * 256}",
    ],
)
def test_what_is_no_limit_or_cursor_never_reaches_stripe(
    api: Api, customer_id: str, query: str
) -> None:
    asked = len(api.ports.wire.requests)

    answer = page(api, query)

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["query", query[1:].split("=", maxsplit=1)[0]]
    assert len(api.ports.wire.requests) == asked


def test_a_user_who_never_bought_anything_has_no_invoices(api: Api) -> None:
    add_user()

    answer = page(api)

    assert (answer.status, answer.body) == (200, {"invoices": [], "nextCursor": None})
    assert api.ports.wire.requests == []


def test_a_customer_that_stripe_doesnt_know_has_none(api: Api) -> None:
    add_user()
    api.ports.records.save(a_record(version=1, customer_id="cus_elsewhere"), replacing=0)

    assert page(api).body["invoices"] == []


def test_a_customer_of_before_our_time_is_the_users_only_where_that_is_sure(api: Api) -> None:
    customer_id = api.at_stripe("POST", "/v1/customers")["id"]
    billed = bill(api, customer_id)
    add_user(stripe_customer_id=customer_id)
    assert ids(page(api)) == [billed]

    add_user("user_2", stripe_customer_id=customer_id)

    assert ids(page(api)) == []
    assert ids(page(api, user="user_2", as_user="user_2")) == []


@pytest.mark.parametrize("status", [500, 429, None])
@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/invoices/{cursor}"])
def test_while_stripe_is_down_the_caller_is_told_when_to_come_back(
    api: Api, customer_id: str, status: int | None, path: str
) -> None:
    cursor = bill(api, customer_id)
    trouble = Trouble("GET", path.format(cursor=cursor), status=status)
    api.ports.wire.troubles.append(trouble)

    answer = page(api, f"?cursor={cursor}")

    assert answer.status == 503
    assert answer.header("Retry-After") == "1"
    assert page(api, f"?cursor={cursor}").status == 200


def test_an_unknown_user_and_anothers_id_get_the_same_answer(api: Api, customer_id: str) -> None:
    bill(api, customer_id)

    unknown = page(api, user="user_2", as_user="user_2")
    foreign, nobody = page(api, as_user="user_2"), page(api, as_user=None)

    assert (unknown.status, unknown.body) == (
        404,
        {"detail": "User not found", "code": "user_not_found"},
    )
    for answer in (foreign, nobody):
        assert (answer.status, answer.text) == (unknown.status, unknown.text)


def test_an_admin_may_look_at_anybodys(api: Api, customer_id: str) -> None:
    billed = bill(api, customer_id)

    assert ids(page(api, as_user="user_2", scope=ADMIN)) == [billed]


def test_invoices_are_never_cached(api: Api, customer_id: str) -> None:
    assert page(api).header("Cache-Control") == "no-store"

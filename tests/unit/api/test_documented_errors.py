"""Every error that a route is documented to answer does come of it.

Each scenario brings a user to where the error is due, and gives what the request then names. It is
tried at each route that lists the error, so a route that lists one without cause fails here, and so
does one whose error has no scenario.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.api import Api
from tests.support.api_document import Operation, operations
from tests.support.aws import add_user
from tests.support.payer import Payer

Values = dict[str, Any]
Scenario = Callable[[Api], Values]

NOBODYS = {"paymentMethodId": "pm_nobodys", "id": "cs_test_nobodys"}

ONCE = "POST /create-one-time-payment-session"

#: The relay isn't the API's function.
ROUTES = [operation for operation in operations() if operation.path != "/webhook"]

#: What ``tools.openapi`` lists at every route that takes input: tests of its own cover it.
OF_EVERY_REQUEST = {
    "IdempotencyKeyInvalid",
    "IdempotencyKeyReused",
    "NotFoundError",
    "RequestEntityTooLargeError",
    "RequestInProgress",
    "RequestValidationError",
}


#: What a request names only where a scenario says so.
OPTIONAL = {"cursor", "effective", "promotionCode", "quote", "trialDays"}


def values(api: Api, **named: Any) -> Values:
    """What requests name unless a scenario says otherwise."""
    price = api.price("standard_monthly")
    new_price = api.price("agency_monthly")
    return {"userId": "user_1", "priceId": price, "newPriceId": new_price} | NOBODYS | named


def nobody(api: Api) -> Values:
    return values(api)


def newcomer(api: Api) -> Values:
    add_user()
    return values(api)


def naming(**named: Any) -> Scenario:
    """A subscriber who names this."""

    def scenario(api: Api) -> Values:
        Payer(api).subscribe()
        return values(api, **named)

    return scenario


def newcomer_naming(**named: Any) -> Scenario:
    return lambda api: newcomer(api) | named


def changed_by_staff(**params: Any) -> Scenario:
    """A subscriber whose subscription staff have changed."""

    def scenario(api: Api) -> Values:
        Payer(api).subscribe().staff_set(**params)
        return values(api)

    return scenario


def buying_once(scenario: Scenario) -> Scenario:
    return lambda api: scenario(api) | {"priceId": api.price("self_hosted")}


def billed_in_another_currency(api: Api) -> Values:
    customer = a_customer(api)
    api.ports.engine.world.store.update(customer, currency="eur")
    add_user(stripe_customer_id=customer["id"])
    return values(api)


def linked_with_anothers_customer(api: Api) -> Values:
    other = Payer(api, "user_2").subscribe()
    add_user(stripe_customer_id=other.customer_id)
    return values(api)


def a_customer(api: Api) -> Values:
    return api.at_stripe("POST", "/v1/customers", {"email": "user_1@example.test"})


def overdue(api: Api) -> Values:
    bad = Payer(api).subscribe().fall_behind().on_file("pm_card_riskLevelHighest")
    return values(api, paymentMethodId=bad)


def ending(api: Api) -> Values:
    payer = Payer(api).subscribe("agency_monthly")
    payer.staff_set(cancel_at_period_end=True)
    return values(api, newPriceId=api.price("standard_monthly"), effective="period_end")


def with_a_card_that_is_declined(api: Api) -> Values:
    Payer(api).subscribe().pay_with("pm_card_chargeCustomerFail")
    return values(api, paymentMethodId="pm_card_chargeDeclinedInsufficientFunds")


def with_a_debit_under_way(api: Api) -> Values:
    payer = Payer(api).subscribe()
    payer.pay_with("pm_usBankAccount_processing")
    payer.change("agency_monthly")
    return values(api, newPriceId=api.price("agency_yearly"))


def with_a_default_card(api: Api) -> Values:
    subscription = Payer(api).subscribe().subscription
    return values(api, paymentMethodId=subscription["default_payment_method"])


def with_an_old_quote(api: Api) -> Values:
    payer = Payer(api).subscribe()
    quote = payer.preview("agency_monthly").body["quote"]
    payer.wait(3_600)
    return values(api, quote=quote)


def paid_for_by_one_who_is_gone(api: Api) -> Values:
    return values(api, id=paid_session(api))


def paid_session(api: Api) -> str:
    """A checkout that was paid for by a customer of user_1, who was never added."""
    body = {
        "mode": "subscription",
        "client_reference_id": "user_1",
        "customer": a_customer(api)["id"],
        "line_items": {"0": {"price": api.price("standard_monthly"), "quantity": 1}},
        "success_url": "https://app.example.test",
    }
    session_id: str = api.at_stripe("POST", "/v1/checkout/sessions", body)["id"]
    api.pay(session_id)
    return session_id


def paid_by_another_customer(api: Api) -> Values:
    Payer(api).subscribe()
    return values(api, id=paid_session(api))


#: By the error, at all routes that list it or at one.
SCENARIOS: dict[str, Scenario] = {
    "AlreadySubscribed": naming(),
    "CheckoutSessionNotFound": newcomer,
    "CurrencyMismatch": billed_in_another_currency,
    "CursorNotFound": naming(cursor="in_nobodys"),
    "NewPriceNotOffered": naming(newPriceId="price_nobodys"),
    "PaymentDeclined": with_a_card_that_is_declined,
    "PaymentMethodInUse": with_a_default_card,
    "PaymentMethodNotFound": naming(),
    "PaymentOverdue": overdue,
    "PaymentProcessing": with_a_debit_under_way,
    "PriceNotOffered": newcomer_naming(priceId="price_nobodys"),
    "PromotionCodeNotValid": newcomer_naming(promotionCode="NONE"),
    "QuoteOutdated": with_an_old_quote,
    "QuoteRefused": naming(quote="a.quote"),
    "SubscriptionEnding": ending,
    "SubscriptionNotActive": changed_by_staff(collection_method="send_invoice", days_until_due=30),
    "SubscriptionNotFound": newcomer,
    "TrialTooLong": newcomer_naming(trialDays=365),
    "UserConflict": linked_with_anothers_customer,
    "UserNotFound": nobody,
    "GET /checkout-session/{id} UserNotFound": paid_for_by_one_who_is_gone,
    "GET /checkout-session/{id} UserConflict": paid_by_another_customer,
    f"{ONCE} CurrencyMismatch": buying_once(billed_in_another_currency),
    f"{ONCE} UserConflict": buying_once(linked_with_anothers_customer),
    "POST /update-default-payment-method PaymentDeclined": overdue,
}


def documented() -> Iterator[tuple[Operation, str]]:
    """Each route with each error that it lists, but for what any request may meet."""
    for operation in ROUTES:
        for status, content in operation.contents:
            names = content.get("examples", {}).keys() - OF_EVERY_REQUEST
            yield from ((operation, name) for name in sorted(names) if 400 <= status < 500)


@pytest.mark.parametrize(("route", "error"), list(documented()), ids=str)
def test_a_route_answers_with_each_error_that_it_lists(
    api: Api, route: Operation, error: str
) -> None:
    scenario = SCENARIOS.get(f"{route} {error}") or SCENARIOS[error]
    named = scenario(api)
    request = route.request(named, *OPTIONAL & named.keys())

    if request.method == "GET":
        answer = api.get(f"{request.path}?{urlencode(request.query)}".rstrip("?"))
    else:
        answer = api.post(request.path, request.body)

    assert (answer.status, answer.body["code"]) == told(route, error)


def told(route: Operation, error: str) -> tuple[int, str]:
    """The status and the code by which a route tells of an error."""
    (found,) = (
        (status, content["examples"][error]["value"]["code"])
        for status, content in route.contents
        if error in content.get("examples", {})
    )
    return found

"""What customers may do in the portal, and their sessions in it."""

from __future__ import annotations

from typing import Any

import pytest

from local.stripe_simulator.resources.portal import portal_sessions
from tests.unit.stripe_simulator.account import HOUR, START, Account, Json

SESSIONS = "/v1/billing_portal/sessions"
CONFIGURATIONS = "/v1/billing_portal/configurations"


def open_session(stripe: Account, **params: Any) -> Json:
    return stripe.post(SESSIONS, customer=stripe.customer()["id"], **params)


def test_a_session_without_a_configuration_uses_the_accounts_default(stripe: Account) -> None:
    first, second = open_session(stripe), open_session(stripe)
    assert first["configuration"] == second["configuration"]
    assert first["url"] == f"http://127.0.0.1:12111/p/session/{first['id']}"
    default = stripe.get(CONFIGURATIONS, is_default="true")["data"]
    assert [each["id"] for each in default] == [first["configuration"]]


def test_a_session_returns_to_where_its_configuration_says(stripe: Account) -> None:
    configuration = stripe.post(
        CONFIGURATIONS,
        features={"invoice_history": {"enabled": "true"}},
        default_return_url="https://app.example.com/account",
    )
    session = open_session(stripe, configuration=configuration["id"])
    assert session["return_url"] == "https://app.example.com/account"
    session = open_session(
        stripe, configuration=configuration["id"], return_url="https://x.example/"
    )
    assert session["return_url"] == "https://x.example/"


def test_an_inactive_configuration_opens_no_sessions(stripe: Account) -> None:
    features = {"invoice_history": {"enabled": "true"}}
    configuration = stripe.post(CONFIGURATIONS, features=features)
    stripe.post(f"{CONFIGURATIONS}/{configuration['id']}", active="false")
    customer = stripe.customer()["id"]
    error = stripe.refused(
        "POST", SESSIONS, 400, customer=customer, configuration=configuration["id"]
    )
    assert error["param"] == "configuration"


def test_a_configuration_changes_feature_by_feature(stripe: Account) -> None:
    features = {"subscription_cancel": {"enabled": "true", "mode": "immediately"}}
    configuration = stripe.post(CONFIGURATIONS, features=features)
    changed = stripe.post(
        f"{CONFIGURATIONS}/{configuration['id']}",
        features={"invoice_history": {"enabled": "true"}},
        business_profile={"headline": "Your plan"},
    )
    assert changed["features"]["subscription_cancel"]["mode"] == "immediately"
    assert changed["features"]["invoice_history"] == {"enabled": True}
    assert changed["business_profile"]["headline"] == "Your plan"
    assert stripe.event_types()[-1] == "billing_portal.configuration.updated"


def test_what_may_be_updated_must_be_said(stripe: Account) -> None:
    feature = {"enabled": "true", "default_allowed_updates": ["price"]}
    error = stripe.refused("POST", CONFIGURATIONS, 400, features={"subscription_update": feature})
    assert error["param"] == "features[subscription_update][products]"


def test_an_errand_must_be_allowed_and_about_the_customers_own(stripe: Account) -> None:
    subscription = stripe.subscribe()
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription["id"]},
    }
    session = stripe.post(SESSIONS, customer=subscription["customer"], flow_data=flow)
    assert session["flow"]["subscription_cancel"]["subscription"] == subscription["id"]
    assert session["flow"]["after_completion"]["type"] == "portal_homepage"
    other = stripe.customer()["id"]
    error = stripe.refused("POST", SESSIONS, 400, customer=other, flow_data=flow)
    assert error["code"] == "resource_missing"
    nothing = stripe.post(CONFIGURATIONS, features={"invoice_history": {"enabled": "true"}})
    stripe.refused(
        "POST",
        SESSIONS,
        400,
        customer=subscription["customer"],
        configuration=nothing["id"],
        flow_data=flow,
    )


@pytest.mark.parametrize("kind", ["customer_update", "subscription_pause"])
def test_errands_that_are_not_simulated_are_refused(stripe: Account, kind: str) -> None:
    customer = stripe.customer()["id"]
    error = stripe.refused("POST", SESSIONS, 400, customer=customer, flow_data={"type": kind})
    assert error["code"] == "not_simulated"


def test_a_session_ends_soon_without_a_visit_and_an_hour_after_the_last(stripe: Account) -> None:
    world = stripe.engine.world
    session, forgotten = open_session(stripe), open_session(stripe)
    stripe.wait(299)
    assert portal_sessions.visit(world, session)
    stripe.wait(1)
    assert not portal_sessions.visit(world, forgotten)
    stripe.wait(HOUR - 2)
    assert portal_sessions.visit(world, session)
    stripe.wait(HOUR)
    assert not portal_sessions.visit(world, session)
    assert session["created"] == START

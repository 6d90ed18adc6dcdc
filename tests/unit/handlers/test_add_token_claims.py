"""Tokens say whose they are by a verified e-mail address, and nobody's own word."""

from typing import Any

import pytest

from billing.contracts.cognito import PreTokenGeneration
from handlers.add_token_claims import add_token_claims, handler
from tests.support.aws import FakePorts, a_lambda_context, add_user, template

CLAIM = "scai_user_id"
SUPPRESSED = {"claimsToSuppress": [CLAIM]}


def sign_in(
    email: str | None = "user_1@example.test",
    verified: str | None = "true",
    groups: list[str] | None = None,
    attributes: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A V2_0 event of Cognito's."""
    known = {"sub": "5c1f", "email": email, "email_verified": verified, **(attributes or {})}
    return {
        "version": "2",
        "triggerSource": "TokenGeneration_Authentication",
        "userPoolId": "us-east-1_1",
        "userName": "5c1f",
        "request": {
            "userAttributes": {name: value for name, value in known.items() if value is not None},
            "groupConfiguration": {"groupsToOverride": groups},
            "scopes": ["aws.cognito.signin.user.admin"],
        },
        "response": {"claimsAndScopeOverrideDetails": None},
    }


def changes(ports: FakePorts, event: dict[str, Any]) -> dict[str, Any]:
    return add_token_claims(PreTokenGeneration.model_validate(event), CLAIM, ports)


def test_both_tokens_name_the_user_with_the_verified_address(ports: FakePorts) -> None:
    add_user("user_1")
    add_user("user_2")

    told = changes(ports, sign_in())

    assert told["idTokenGeneration"] == {"claimsToAddOrOverride": {CLAIM: "user_1"}}
    assert told["accessTokenGeneration"]["claimsToAddOrOverride"] == {CLAIM: "user_1"}


@pytest.mark.parametrize(
    "event",
    [
        sign_in(verified="false"),
        sign_in(verified=None),
        sign_in(email=None),
        sign_in(email=""),
        sign_in(email="stranger@example.test"),
        sign_in(email="USER_1@example.test"),
        sign_in(verified="false", attributes={CLAIM: "user_1"}),
    ],
)
def test_who_has_not_proved_to_be_a_user_gets_no_claim(
    ports: FakePorts, event: dict[str, Any]
) -> None:
    add_user("user_1")

    told = changes(ports, event)

    assert told["idTokenGeneration"] == SUPPRESSED
    assert told["accessTokenGeneration"].items() >= SUPPRESSED.items()


def test_an_attribute_of_the_claims_name_is_overridden(ports: FakePorts) -> None:
    add_user("user_1")

    told = changes(ports, sign_in(attributes={CLAIM: "user_2"}))

    assert told["accessTokenGeneration"]["claimsToAddOrOverride"] == {CLAIM: "user_1"}


def test_admins_get_the_scope_in_the_access_token(ports: FakePorts) -> None:
    told = changes(ports, sign_in(groups=["staff", "billing-admin"]))

    assert told["accessTokenGeneration"]["scopesToAdd"] == ["scai/billing.admin"]
    assert "scopesToAdd" not in told["idTokenGeneration"]


@pytest.mark.parametrize("groups", [None, [], ["billing-admins", "admin"]])
def test_nobody_else_has_the_scope(ports: FakePorts, groups: list[str] | None) -> None:
    told = changes(ports, sign_in(groups=groups))

    assert told["accessTokenGeneration"]["scopesToSuppress"] == ["scai/billing.admin"]
    assert "scopesToAdd" not in told["accessTokenGeneration"]


def test_the_lambda_answers_with_cognitos_event(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = template().environment("HandlersAddTokenClaimsFunction")
    monkeypatch.setenv("USER_ID_CLAIM", environment["USER_ID_CLAIM"])
    add_user("user_1")

    answer = handler(sign_in(), a_lambda_context())

    assert answer == sign_in() | {"response": answer["response"]}
    details = answer["response"]["claimsAndScopeOverrideDetails"]
    assert details["idTokenGeneration"] == {"claimsToAddOrOverride": {CLAIM: "user_1"}}

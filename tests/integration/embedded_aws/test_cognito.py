"""Sign-in with the pool's pre-token trigger: its claim and scope are in the access token."""

import base64
import json
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError

from tests.integration.embedded_aws.account import RUNTIME, Account, Json

TRIGGER = """
def handler(event, context):
    groups = event["request"]["groupConfiguration"]["groupsToOverride"]
    attributes = event["request"]["userAttributes"]
    if attributes["email"].startswith("broken"):
        raise RuntimeError("no")
    event["response"]["claimsAndScopeOverrideDetails"] = {"accessTokenGeneration": {
        "claimsToAddOrOverride": {"scai_user_id": "id of " + attributes["email"]},
        "scopesToAdd": ["scai/billing.admin"] if "admins" in groups else [],
    }}
    return event
"""
PASSWORD = "Correct-horse-1"


@dataclass(frozen=True)
class Pool:
    account: Account
    id: str
    client: str
    api_url: str

    def add(self, email: str, *groups: str) -> None:
        cognito = self.account.client("cognito-idp")
        who = {"UserPoolId": self.id, "Username": email}
        cognito.admin_create_user(
            **who, UserAttributes=[{"Name": "email", "Value": email}], MessageAction="SUPPRESS"
        )
        cognito.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
        for group in groups:
            cognito.admin_add_user_to_group(**who, GroupName=group)

    def sign_in(self, email: str, password: str = PASSWORD) -> str:
        result: Json = self.account.client("cognito-idp").initiate_auth(
            ClientId=self.client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )["AuthenticationResult"]
        return str(result["AccessToken"])


@pytest.fixture(scope="module")
def pool(account: Account) -> Pool:
    stack = account.deploy(
        {
            "Trigger": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Runtime": RUNTIME,
                    "Handler": "index.handler",
                    "InlineCode": TRIGGER,
                    "AutoPublishAlias": "live",
                },
            },
            "Pool": {
                "Type": "AWS::Cognito::UserPool",
                "Properties": {
                    "UsernameAttributes": ["email"],
                    "UserPoolTier": "ESSENTIALS",
                    "LambdaConfig": {
                        "PreTokenGenerationConfig": {
                            "LambdaVersion": "V2_0",
                            "LambdaArn": {"Ref": "Trigger.Alias"},
                        }
                    },
                },
            },
            "Admins": {
                "Type": "AWS::Cognito::UserPoolGroup",
                "Properties": {"UserPoolId": {"Ref": "Pool"}, "GroupName": "admins"},
            },
            "Client": {
                "Type": "AWS::Cognito::UserPoolClient",
                "Properties": {
                    "UserPoolId": {"Ref": "Pool"},
                    "ExplicitAuthFlows": [
                        "ALLOW_USER_PASSWORD_AUTH",
                        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                        "ALLOW_REFRESH_TOKEN_AUTH",
                    ],
                    "AccessTokenValidity": 5,
                    "TokenValidityUnits": {"AccessToken": "minutes"},
                },
            },
            "Api": {
                "Type": "AWS::Serverless::HttpApi",
                "Properties": {
                    "Auth": {
                        "DefaultAuthorizer": "Token",
                        "Authorizers": {
                            "Token": {
                                "IdentitySource": "$request.header.Authorization",
                                "JwtConfiguration": {
                                    "issuer": {
                                        "Fn::Sub": "https://cognito-idp.${AWS::Region}"
                                        ".amazonaws.com/${Pool}"
                                    },
                                    "audience": [{"Ref": "Client"}],
                                },
                            }
                        },
                    }
                },
            },
            "Echo": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Runtime": RUNTIME,
                    "Handler": "index.handler",
                    "InlineCode": "def handler(event, context): return event",
                    "Events": {
                        "Get": {
                            "Type": "HttpApi",
                            "Properties": {
                                "ApiId": {"Ref": "Api"},
                                "Method": "GET",
                                "Path": "/me",
                            },
                        }
                    },
                },
            },
        },
        Transform="AWS::Serverless-2016-10-31",
    )
    url = f"{account.endpoint}/_aws/execute-api/{stack['Api']}/$default"
    return Pool(account, stack["Pool"], stack["Client"], url)


def claims(token: str) -> Json:
    payload = token.split(".")[1]
    decoded: Json = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return decoded


def test_the_triggers_claim_is_in_the_access_token(pool: Pool) -> None:
    pool.add("user@example.com")
    token = claims(pool.sign_in("user@example.com"))
    assert token["token_use"] == "access"
    assert token["scai_user_id"] == "id of user@example.com"
    assert "scai/billing.admin" not in token["scope"].split()
    assert token["exp"] - token["iat"] == 300


def test_a_group_gets_the_triggers_scope(pool: Pool) -> None:
    pool.add("admin@example.com", "admins")
    token = claims(pool.sign_in("admin@example.com"))
    assert "scai/billing.admin" in token["scope"].split()
    assert token["cognito:groups"] == ["admins"]


def test_a_failing_trigger_fails_the_sign_in(pool: Pool) -> None:
    pool.add("broken@example.com")
    cognito = pool.account.client("cognito-idp")
    with pytest.raises(cognito.exceptions.UserLambdaValidationException, match="no"):
        pool.sign_in("broken@example.com")


def test_a_wrong_password_is_refused(pool: Pool) -> None:
    pool.add("other@example.com")
    with pytest.raises(ClientError, match="NotAuthorized"):
        pool.sign_in("other@example.com", "Wrong-horse-1")


def test_an_administrator_may_sign_a_user_in(pool: Pool) -> None:
    pool.add("by.admin@example.com")
    result = pool.account.client("cognito-idp").admin_initiate_auth(
        UserPoolId=pool.id,
        ClientId=pool.client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "by.admin@example.com", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    assert claims(result["AccessToken"])["scai_user_id"] == "id of by.admin@example.com"


def test_a_refreshed_token_has_the_claim_too(pool: Pool) -> None:
    pool.add("again@example.com")
    cognito = pool.account.client("cognito-idp")
    first = cognito.initiate_auth(
        ClientId=pool.client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "again@example.com", "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    second = cognito.initiate_auth(
        ClientId=pool.client,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": first["RefreshToken"]},
    )["AuthenticationResult"]
    assert claims(second["AccessToken"])["scai_user_id"] == "id of again@example.com"


def test_the_token_opens_an_api_and_nothing_else_does(pool: Pool) -> None:
    pool.add("caller@example.com")
    token = pool.sign_in("caller@example.com")
    http = pool.account.http
    answer = http.get(f"{pool.api_url}/me", headers={"Authorization": f"Bearer {token}"})
    event = answer.json()
    assert event["requestContext"]["authorizer"]["jwt"]["claims"]["scai_user_id"] == (
        "id of caller@example.com"
    )
    header, payload, signature = token.split(".")
    changed = base64.urlsafe_b64encode(json.dumps(claims(token) | {"sub": "x"}).encode())
    forged = f"{header}.{changed.decode().rstrip('=')}.{signature}"
    assert payload not in forged
    refused = http.get(f"{pool.api_url}/me", headers={"Authorization": f"Bearer {forged}"})
    assert refused.status_code == 401

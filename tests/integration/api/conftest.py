"""The session's stack as callers of its API see it."""

import uuid
from typing import Any

import pytest

from billing.contracts.cognito import ADMIN_SCOPE
from local.stack.aws import Aws
from local.stack.people import ADMIN_GROUP, UserPool
from local.stack.settings import Settings
from local.stack.stack_file import StackFile
from tests.integration.api.people import Caller, Subscriber
from tests.integration.api.tokens import IdTokens, Tokens, claims_of
from tests.support.deployed import Deployed


@pytest.fixture(scope="session")
def tokens(stack: StackFile, stack_settings: Settings) -> Tokens:
    return Tokens(stack, stack_settings)


@pytest.fixture(scope="module")
def owner(deployed: Deployed, tokens: Tokens) -> Subscriber:
    """The user whose billing others are after."""
    return Subscriber(deployed, tokens)


@pytest.fixture(scope="module")
def stranger(deployed: Deployed, tokens: Tokens) -> Subscriber:
    """Another user, with billing of their own."""
    return Subscriber(deployed, tokens)


@pytest.fixture(scope="session")
def admin(deployed: Deployed) -> Caller:
    return Caller(deployed, deployed.stack.admin_token)


@pytest.fixture(scope="session")
def aws(stack: StackFile) -> Aws:
    return Aws(stack.aws_endpoint)


@pytest.fixture(scope="session")
def id_tokens(stack: StackFile, aws: Aws) -> IdTokens:
    """The id tokens of the first seeded user, and of an admin."""
    pool = UserPool(pool_id=stack.user_pool_id, client_id=stack.user_pool_client_id)
    email, password = _new_admin(aws, pool)
    user = stack.users[0]
    return IdTokens(
        of_user=_sign_in(aws, pool, user.email, user.password)["IdToken"],
        of_admin=_sign_in(aws, pool, email, password)["IdToken"],
    )


@pytest.fixture(scope="session")
def admin_of_another_pool(stack: StackFile, aws: Aws) -> str:
    """An access token from a pool that makes admins as ours does."""
    ours = aws.cognito.describe_user_pool(UserPoolId=stack.user_pool_id)["UserPool"]
    made = aws.cognito.create_user_pool(
        PoolName="another",
        UsernameAttributes=["email"],
        UserPoolTier="ESSENTIALS",
        LambdaConfig=ours["LambdaConfig"],
    )
    pool_id = made["UserPool"]["Id"]
    client = aws.cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="another", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )
    aws.cognito.create_group(UserPoolId=pool_id, GroupName=ADMIN_GROUP)
    pool = UserPool(pool_id=pool_id, client_id=client["UserPoolClient"]["ClientId"])
    token: str = _sign_in(aws, pool, *_new_admin(aws, pool))["AccessToken"]
    assert ADMIN_SCOPE in claims_of(token)["scope"]
    return token


def _new_admin(aws: Aws, pool: UserPool) -> tuple[str, str]:
    """Add an admin to a pool; give address and password."""
    email, password = f"{uuid.uuid4()}@example.test", f"Aa1!{uuid.uuid4()}"
    pool.add(aws, email, password)
    aws.cognito.admin_add_user_to_group(
        UserPoolId=pool.pool_id, Username=email, GroupName=ADMIN_GROUP
    )
    return email, password


def _sign_in(aws: Aws, pool: UserPool, email: str, password: str) -> Any:
    answer = aws.cognito.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )
    return answer["AuthenticationResult"]

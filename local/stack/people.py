"""Seeds the people of a local stack: ten users of the SaaS without a subscription, and an admin.

All are role names at example.test. They sign in through the template's own user pool, so that their
tokens are made as in production.
"""

import secrets

from pydantic import BaseModel

from local.stack.aws import Aws
from local.stack.stack_file import SeededUser

ADMIN_GROUP = "billing-admin"
ADMIN_EMAIL = "admin@example.test"

_ORDINALS = ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


class UserPool(BaseModel):
    """The user pool that the template made, and its client."""

    pool_id: str
    client_id: str

    def add(self, aws: Aws, email: str, password: str) -> None:
        """Add somebody whose e-mail address is verified, and who need not change the password."""
        aws.cognito.admin_create_user(
            UserPoolId=self.pool_id,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
            MessageAction="SUPPRESS",
        )
        aws.cognito.admin_set_user_password(
            UserPoolId=self.pool_id, Username=email, Password=password, Permanent=True
        )

    def sign_in(self, aws: Aws, email: str, password: str) -> str:
        """Sign in as a browser does, and return the access token."""
        answer = aws.cognito.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        return answer["AuthenticationResult"]["AccessToken"]


def seed_users(aws: Aws, pool: UserPool, users_table: str) -> list[SeededUser]:
    """Add the ten users to the SaaS's table and to the pool, and sign each in."""
    users = []
    for number, ordinal in enumerate(_ORDINALS, start=1):
        user_id, email, password = f"user-{number:02}", f"user{number:02}@example.test", _password()
        aws.dynamodb.put_item(
            TableName=users_table,
            Item={
                "email": {"S": email},
                "_id": {"S": user_id},
                "firstName": {"S": "User"},
                "lastName": {"S": ordinal},
            },
        )
        pool.add(aws, email, password)
        token = pool.sign_in(aws, email, password)
        users.append(SeededUser(userId=user_id, email=email, password=password, token=token))
    return users


def seed_admin(aws: Aws, pool: UserPool) -> str:
    """Add the admin, who is no user of the SaaS, and return an access token."""
    password = _password()
    pool.add(aws, ADMIN_EMAIL, password)
    aws.cognito.admin_add_user_to_group(
        UserPoolId=pool.pool_id, Username=ADMIN_EMAIL, GroupName=ADMIN_GROUP
    )
    return pool.sign_in(aws, ADMIN_EMAIL, password)


def _password() -> str:
    """A random password that also has each kind of character that Cognito's policy wants."""
    return f"Aa1!{secrets.token_urlsafe(16)}"

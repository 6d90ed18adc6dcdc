"""A policy on single attributes of a table protects the others, however a request names them."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.embedded_aws.account import ACCOUNT_ID, REGION, Account, Json, unique

KEY = {"email": {"S": "a@example.com"}}
ONE = {":one": {"S": "cus_1"}}


@pytest.fixture(scope="module")
def table(account: Account) -> str:
    name = unique("users")
    account.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "email", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "email", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    account.client("dynamodb").put_item(TableName=name, Item=KEY | {"firstName": {"S": "A"}})
    return name


@pytest.fixture(scope="module")
def dynamodb(account: Account, table: str) -> Any:
    """A client that may only set `stripe_customer_id`, and see nothing by it."""
    user = account.user(
        {
            "Effect": "Allow",
            "Action": ["dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"],
            "Resource": f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{table}",
            "Condition": {
                "ForAllValues:StringEquals": {
                    "dynamodb:Attributes": ["email", "stripe_customer_id"]
                },
                "StringEqualsIfExists": {"dynamodb:ReturnValues": "NONE"},
            },
        }
    )
    return user("dynamodb")


ALLOWED: Json = {
    "UpdateExpression": "SET #id = :one",
    "ConditionExpression": "attribute_exists(email) AND (attribute_not_exists(#id) OR #id = :one)",
    "ExpressionAttributeNames": {"#id": "stripe_customer_id"},
    "ExpressionAttributeValues": ONE,
}
REFUSED: dict[str, Json] = {
    "another attribute": {"UpdateExpression": "SET firstName = :one"},
    "another attribute beside it": {
        "UpdateExpression": "SET stripe_customer_id = :one REMOVE firstName"
    },
    "another attribute by a placeholder": {
        "UpdateExpression": "SET #n = :one",
        "ExpressionAttributeNames": {"#n": "firstName"},
    },
    "a nested attribute": {"UpdateExpression": "SET profile.names[0] = :one"},
    "a condition on another attribute": {
        "UpdateExpression": "SET stripe_customer_id = :one",
        "ConditionExpression": "attribute_exists(firstName)",
    },
    "a value read from another attribute": {
        "UpdateExpression": "SET stripe_customer_id = if_not_exists(firstName, :one)"
    },
}


def update(client: Any, table: str, fields: Json) -> None:
    values = {"ExpressionAttributeValues": ONE} if ":one" in str(fields) else {}
    client.update_item(TableName=table, Key=KEY, **values | fields)


def transact(client: Any, table: str, fields: Json) -> None:
    values = {"ExpressionAttributeValues": ONE} if ":one" in str(fields) else {}
    client.transact_write_items(
        TransactItems=[{"Update": {"TableName": table, "Key": KEY, **values, **fields}}]
    )


Write = Callable[[Any, str, Json], None]


@pytest.mark.parametrize("write", [update, transact])
def test_the_allowed_attribute_may_be_set(dynamodb: Any, table: str, write: Write) -> None:
    write(dynamodb, table, ALLOWED)


@pytest.mark.parametrize("write", [update, transact])
@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED.keys())
def test_no_other_attribute_may_be_named(
    dynamodb: Any, table: str, write: Write, fields: Json
) -> None:
    with pytest.raises(ClientError, match="not authorized"):
        write(dynamodb, table, fields)


def test_one_refused_item_refuses_the_transaction(dynamodb: Any, table: str) -> None:
    check = {
        "TableName": table,
        "Key": KEY,
        "ConditionExpression": "firstName = :one",
        "ExpressionAttributeValues": ONE,
    }
    allowed = {"TableName": table, "Key": {"email": {"S": "b"}}, **ALLOWED}
    with pytest.raises(ClientError, match="not authorized"):
        dynamodb.transact_write_items(
            TransactItems=[{"Update": allowed}, {"ConditionCheck": check}]
        )


def test_old_values_may_not_be_returned(dynamodb: Any, table: str) -> None:
    with pytest.raises(ClientError, match="not authorized"):
        update(dynamodb, table, ALLOWED | {"ReturnValues": "ALL_OLD"})


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({"ProjectionExpression": "email, stripe_customer_id"}, True),
        ({"ProjectionExpression": "email, firstName"}, False),
        ({}, False),
    ],
)
def test_a_read_must_name_the_attributes_it_may_see(
    account: Account, table: str, fields: Json, *, allowed: bool
) -> None:
    user = account.user(
        {
            "Effect": "Allow",
            "Action": "dynamodb:GetItem",
            "Resource": "*",
            "Condition": {
                "ForAllValues:StringEquals": {
                    "dynamodb:Attributes": ["email", "stripe_customer_id"]
                },
                "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
            },
        }
    )
    if allowed:
        user("dynamodb").get_item(TableName=table, Key=KEY, **fields)
    else:
        with pytest.raises(ClientError, match="not authorized"):
            user("dynamodb").get_item(TableName=table, Key=KEY, **fields)


def test_a_policy_on_leading_keys_protects_the_other_items(account: Account, table: str) -> None:
    dynamodb = account.user(
        {
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem"],
            "Resource": f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{table}",
            "Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["mail:*"]}},
        }
    )("dynamodb")
    own = {"email": {"S": "mail:1"}}
    another = {"Update": {"TableName": table, "Key": KEY, "UpdateExpression": "REMOVE firstName"}}

    dynamodb.put_item(TableName=table, Item=own)
    with pytest.raises(ClientError, match="not authorized"):
        dynamodb.put_item(TableName=table, Item=KEY | {"note": {"S": "mail:1"}})
    with pytest.raises(ClientError, match="not authorized"):
        dynamodb.transact_write_items(TransactItems=[another])


def test_a_lambda_is_held_to_its_role(account: Account, table: str) -> None:
    source = f"""
import boto3
def handler(event, context):
    boto3.client("dynamodb").get_item(TableName={table!r}, Key={KEY!r})
"""
    allow = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}
    assert account.invoke(account.function(source, Role=account.role(allow))) is None
    refused = account.invoke(account.function(source))
    assert "AccessDenied" in refused["errorMessage"]

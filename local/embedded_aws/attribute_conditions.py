"""Evaluate DynamoDB's IAM condition keys on everything that a request names.

On AWS `dynamodb:Attributes` holds the top-level attributes in the request's parameters: keys, items
and every expression, the condition included; `dynamodb:LeadingKeys` holds the partition key,
`dynamodb:Select` belongs to reads and `dynamodb:ReturnValues` to writes ("Using IAM policy
conditions for fine-grained access control", DynamoDB Developer Guide). The package looks at
ProjectionExpression only and at no item of a transaction, so a policy that protects some attributes
or items of a table would be proven by nothing. The partition keys of queries and the items of the
batch actions are left out, as in the package.
"""

import re

from local.embedded_aws.answers import Json, parsed
from local.embedded_aws.package import app, dynamodb, iam_actions
from local.embedded_aws.patching import provide, rewrite

_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_NAMED_BY = ("Key", "Item", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter")
_READS = ("GetItem", "Query", "Scan")
_WRITES = ("PutItem", "UpdateItem", "DeleteItem")

_TOKEN = re.compile(r":[\w-]+|#?[A-Za-z_][\w-]*(?:\s*\(|(?:\s*\[\d+\]|\s*\.\s*#?[\w-]+)*)")
_WORDS = {"ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET"}


def apply() -> None:
    provide(
        iam_actions,
        dynamodb_condition_keys=condition_keys,
        dynamodb_transaction_keys=transaction_condition_keys,
    )
    rewrite(
        app,
        "_dispatch_service_request",
        (
            "            dynamodb_service_context,\n",
            "            dynamodb_condition_keys,\n            dynamodb_transaction_keys,\n",
        ),
        ("dynamodb_service_context(body)", "dynamodb_condition_keys(iam_action, body)"),
        (
            "                for item_action, item_arn in transaction_checks:\n",
            "                for (item_action, item_arn), item_keys in zip(\n"
            "                        transaction_checks, dynamodb_transaction_keys(body),\n"
            "                        strict=True):\n",
        ),
        (
            "resource_arn=item_arn, service_context=item_context,",
            "resource_arn=item_arn, service_context=item_context | item_keys,",
        ),
    )


def condition_keys(iam_action: str, body: bytes) -> Json:
    """Give the condition keys of a request that is no transaction."""
    request = parsed(body)
    return _keys(iam_action.removeprefix("dynamodb:"), request)


def transaction_condition_keys(body: bytes) -> list[Json]:
    """Give the condition keys of each item of a transaction, in the order of the checks."""
    return [
        _keys("GetItem" if member == "Get" else member, item[member])
        for item in parsed(body).get("TransactItems", [])
        for member in iam_actions._DYNAMODB_TRANSACT_ITEM_ACTIONS
        if item.get(member, {}).get("TableName")
    ]


def _keys(operation: str, request: Json) -> Json:
    keys: Json = {}
    if attributes := _attributes(request):
        keys["dynamodb:Attributes"] = attributes
    if partition_key := _partition_key(request):
        keys["dynamodb:LeadingKeys"] = partition_key
    if operation in _READS:
        specific = "ProjectionExpression" in request or "AttributesToGet" in request
        implied = "SPECIFIC_ATTRIBUTES" if specific else "ALL_ATTRIBUTES"
        keys["dynamodb:Select"] = request.get("Select", implied)
    if operation in _WRITES:
        keys["dynamodb:ReturnValues"] = request.get("ReturnValues", "NONE")
    return keys


def _partition_key(request: Json) -> list[str]:
    """Give the partition key's value, of a request about one item."""
    table = dynamodb._tables.get(request.get("TableName")) or {}
    item = request.get("Key") or request.get("Item") or {}
    return [str(value) for value in item.get(table.get("pk_name"), {}).values()]


def _attributes(request: Json) -> list[str]:
    """Name the top-level attributes in the request's parameters."""
    found = set(request.get("AttributesToGet", []))
    for parameter in _NAMED_BY:
        found.update(request.get(parameter) or {})
    names = request.get("ExpressionAttributeNames") or {}
    for parameter in _EXPRESSIONS:
        found.update(names.get(path, path) for path in _paths(request.get(parameter) or ""))
    return sorted(found)


def _paths(expression: str) -> list[str]:
    """Give the first segment of each document path in an expression."""
    return [
        re.split(r"[.\[\s]", token, maxsplit=1)[0]
        for token in _TOKEN.findall(expression)
        if not token.startswith(":") and not token.endswith("(") and token.upper() not in _WORDS
    ]

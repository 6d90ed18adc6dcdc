"""DynamoDB's rules, as far as the in-memory client keeps them: "Expressions in DynamoDB" and on."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from tests.simulation.dynamodb.client import MemoryDynamoDB
from tests.simulation.errors import NotSimulated

TABLE = "scai_billing_events"
KEY = {"event_id": {"S": "evt_1"}}
ITEM: dict[str, Any] = {
    **KEY,
    "phrase": {"S": "hello"},
    "amount": {"N": "10"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "tags": {"SS": ["a", "b"]},
    "sizes": {"NS": ["1", "2"]},
    "list_": {"L": [{"S": "x"}, {"M": {"core": {"N": "1"}}}]},
    "deep": {"M": {"core": {"M": {"tip": {"S": "green"}}}}},
}
VALUES = {
    ":hello": {"S": "hello"},
    ":ten": {"N": "10.0"},
    ":nine": {"N": "9"},
    ":hundred": {"N": "1E2"},
    ":a": {"S": "a"},
    ":x": {"S": "x"},
    ":one": {"N": "1"},
    ":ell": {"S": "ell"},
    ":he": {"S": "he"},
    ":tip": {"S": "green"},
    ":set": {"SS": ["b", "a"]},
    ":type": {"S": "SS"},
    ":two": {"N": "2"},
    ":five": {"N": "5"},
}


@pytest.fixture
def dynamodb() -> MemoryDynamoDB:
    client = MemoryDynamoDB()
    client.put_item(TableName=TABLE, Item=ITEM)
    return client


def used(text: str, given: dict[str, Any] = VALUES) -> dict[str, Any]:
    """The values that an expression names, as it must be given exactly these."""
    named = {name: value for name, value in given.items() if name in text.replace(")", " ").split()}
    named |= {name: value for name, value in given.items() if f"{name}," in text}
    return {"ExpressionAttributeValues": named} if named else {}


def item_of(client: MemoryDynamoDB) -> dict[str, Any]:
    item: dict[str, Any] = client.get_item(TableName=TABLE, Key=KEY, ConsistentRead=True)["Item"]
    return item


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("phrase = :hello", True),
        ("amount = :ten", True),
        ("amount = :hello", False),
        ("tags = :set", True),
        ("amount <> :ten", False),
        ("gone <> :ten", True),
        ("gone = :ten", False),
        ("amount > :nine", True),
        ("amount < :hundred", True),
        ("amount >= :ten", True),
        ("amount <= :nine", False),
        ("phrase > :nine", False),
        ("phrase < :x", True),
        ("gone < :nine", False),
        ("amount BETWEEN :nine AND :hundred", True),
        ("amount between :hundred and :nine", False),
        ("amount IN (:nine, :ten)", True),
        ("gone IN (:nine, :ten)", False),
        ("attribute_exists(nothing)", True),
        ("attribute_exists(gone)", False),
        ("attribute_not_exists(deep.core.tip)", False),
        ("attribute_not_exists(deep.gone.tip)", True),
        ("attribute_type(tags, :type)", True),
        ("attribute_type(phrase, :type)", False),
        ("contains(phrase, :ell)", True),
        ("contains(tags, :a)", True),
        ("contains(tags, :x)", False),
        ("contains(sizes, :one)", True),
        ("contains(list_, :x)", True),
        ("contains(amount, :one)", False),
        ("contains(yes, :one)", False),
        ("contains(gone, :one)", False),
        ("begins_with(phrase, :he)", True),
        ("begins_with(phrase, :ell)", False),
        ("begins_with(amount, :he)", False),
        ("size(phrase) = :five", True),
        ("size(tags) > :one", True),
        ("size(list_) = :two", True),
        ("size(gone) > :one", False),
        ("deep.core.tip = :tip", True),
        ("list_[0] = :x", True),
        ("list_[1].core = :one", True),
        ("list_[7] = :x", False),
        ("NOT phrase = :hello", False),
        ("NOT attribute_exists(gone) AND phrase = :hello", True),
        ("phrase = :x AND phrase = :hello OR phrase = :hello", True),
        ("phrase = :x AND (phrase = :hello OR phrase = :hello)", False),
        ("not (phrase = :x or phrase = :ell)", True),
    ],
)
def test_a_condition_holds_as_documented(
    expression: str, dynamodb: MemoryDynamoDB, *, holds: bool
) -> None:
    call = {"TableName": TABLE, "Item": ITEM, "ConditionExpression": expression}
    if holds:
        dynamodb.put_item(**call, **used(expression))
        return
    with pytest.raises(ClientError) as error:
        dynamodb.put_item(**call, **used(expression))
    assert code_of(error) == "ConditionalCheckFailedException"


@pytest.mark.parametrize(
    ("expression", "changes"),
    [
        ("SET amount = :nine", {"amount": {"N": "9"}}),
        ("SET amount = amount + :nine", {"amount": {"N": "19"}}),
        ("SET amount = amount - :hundred", {"amount": {"N": "-90"}}),
        ("SET amount = if_not_exists(amount, :one)", {"amount": {"N": "10"}}),
        ("SET fresh = if_not_exists(fresh, :one) + :nine", {"fresh": {"N": "10"}}),
        ("SET phrase = :x, fresh = phrase", {"fresh": {"S": "hello"}, "phrase": {"S": "x"}}),
        (
            "SET deep.core.tip = :x",
            {"deep": {"M": {"core": {"M": {"tip": {"S": "x"}}}}}},
        ),
        (
            "SET deep.extra = :x REMOVE deep.core.tip",
            {"deep": {"M": {"core": {"M": {}}, "extra": {"S": "x"}}}},
        ),
        ("REMOVE phrase, gone", {"phrase": None}),
        ("ADD amount :nine", {"amount": {"N": "19"}}),
        ("ADD fresh :nine", {"fresh": {"N": "9"}}),
        ("ADD tags :more", {"tags": {"SS": ["a", "b", "c"]}}),
        ("ADD fresh :more", {"fresh": {"SS": ["a", "c"]}}),
        ("DELETE tags :more", {"tags": {"SS": ["b"]}}),
        ("DELETE tags :set", {"tags": None}),
        ("DELETE fresh :set", {}),
        ("SET list_ = list_append(list_, :list)", {"list_": {"L": [*ITEM["list_"]["L"]] * 2}}),
        ("set amount = :nine remove phrase add total_ :one", {"total_": {"N": "1"}}),
    ],
)
def test_an_update_changes_what_it_names_and_nothing_else(
    expression: str, changes: dict[str, Any], dynamodb: MemoryDynamoDB
) -> None:
    values = {**VALUES, ":more": {"SS": ["c", "a"]}, ":list": ITEM["list_"]}
    dynamodb.update_item(
        TableName=TABLE, Key=KEY, UpdateExpression=expression, **used(expression, values)
    )
    if expression.startswith("set amount"):
        changes = changes | {"amount": {"N": "9"}, "phrase": None}

    expected = {name: value for name, value in {**ITEM, **changes}.items() if value is not None}
    assert item_of(dynamodb) == expected


def test_a_nested_write_leaves_earlier_answers_and_dumps_as_they_were(
    dynamodb: MemoryDynamoDB,
) -> None:
    before, dump = item_of(dynamodb), dynamodb.dump()

    dynamodb.update_item(TableName=TABLE, Key=KEY, UpdateExpression="REMOVE deep.core.tip")

    assert before["deep"] == ITEM["deep"]
    assert dump[TABLE]["evt_1",]["deep"] == ITEM["deep"]
    assert dump != dynamodb.dump()


@pytest.mark.parametrize(
    "call",
    [
        {"UpdateExpression": "SET phrase = :x"},
        {"UpdateExpression": "SET phrase = #x"},
        {"UpdateExpression": "SET phrase = :x", "ExpressionAttributeValues": VALUES},
        {"UpdateExpression": "REMOVE phrase", "ExpressionAttributeNames": {"#x": "y"}},
        {"UpdateExpression": "REMOVE phrase", "ExpressionAttributeNames": {}},
        {"UpdateExpression": "REMOVE phrase", "ExpressionAttributeValues": {}},
        {"UpdateExpression": "REMOVE status"},
        {"UpdateExpression": "REMOVE _id"},
        {"UpdateExpression": "SET event_id = phrase"},
        {"UpdateExpression": "REMOVE phrase, phrase"},
        {"UpdateExpression": "REMOVE deep.core, deep"},
        {"UpdateExpression": "REMOVE phrase REMOVE amount"},
        {"UpdateExpression": "SET phrase"},
        {"UpdateExpression": "SET phrase = gone"},
        {"UpdateExpression": "SET gone.core = phrase"},
        {"UpdateExpression": "SET phrase = phrase + amount"},
        {"UpdateExpression": "SET phrase = unheard_of(phrase, amount)"},
        {"UpdateExpression": ""},
        {"UpdateExpression": "REMOVE phrase", "ConditionExpression": "size(phrase)"},
        {"UpdateExpression": "REMOVE phrase", "ConditionExpression": "unheard_of(phrase)"},
        {"UpdateExpression": "REMOVE phrase", "ConditionExpression": "contains(phrase)"},
        {"UpdateExpression": "REMOVE phrase", "ConditionExpression": "(phrase = amount"},
        {"UpdateExpression": "REMOVE phrase", "ConditionExpression": "phrase = amount amount"},
        {"UpdateExpression": "REMOVE phrase", "ConditionExpression": "phrase ~ amount"},
        {"UpdateExpression": "REMOVE phrase", "Key": {"event_id": {"S": ""}}},
        {"UpdateExpression": "REMOVE phrase", "Key": {"event_id": {"N": "1"}}},
        {"UpdateExpression": "REMOVE phrase", "Key": {**KEY, "more": {"S": "x"}}},
        {"UpdateExpression": "REMOVE phrase", "Key": {"other": {"S": "x"}}},
    ],
)
def test_dynamodb_would_refuse_this_update(call: dict[str, Any], dynamodb: MemoryDynamoDB) -> None:
    with pytest.raises(ClientError) as error:
        dynamodb.update_item(**{"TableName": TABLE, "Key": KEY, **call})

    assert code_of(error) == "ValidationException"
    assert item_of(dynamodb) == ITEM


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"event_id": {"S": ""}},
        {"event_id": {"N": "1"}},
        {**KEY, "attention": {"N": "1"}},
        {**KEY, "attention": {"S": ""}},
        {**KEY, "phrase": {"S": "x" * 409_600}},
        {**KEY, "tags": {"SS": []}},
        {**KEY, "tags": {"SS": ["a", "a"]}},
        {**KEY, "amount": {"N": "ten"}},
        {**KEY, "amount": {"N": "1" * 39}},
        {**KEY, "nothing": {"NULL": False}},
    ],
)
def test_dynamodb_would_refuse_this_item(item: dict[str, Any], dynamodb: MemoryDynamoDB) -> None:
    with pytest.raises(ClientError) as error:
        dynamodb.put_item(TableName=TABLE, Item=item)

    assert code_of(error) == "ValidationException"


def test_an_item_may_have_400_kb_to_the_byte(dynamodb: MemoryDynamoDB) -> None:
    room = 409_600 - len("event_id" + "evt_1" + "phrase")

    dynamodb.put_item(TableName=TABLE, Item={**KEY, "phrase": {"S": "x" * room}})
    with pytest.raises(ClientError):
        dynamodb.put_item(TableName=TABLE, Item={**KEY, "phrase": {"S": "x" * (room + 1)}})


@pytest.mark.parametrize("value", [{}, {"S": 1}, {"S": "a", "N": "1"}, "phrase", {"BOOL": "true"}])
def test_boto3_would_refuse_this_value(value: Any, dynamodb: MemoryDynamoDB) -> None:
    with pytest.raises(ParamValidationError):
        dynamodb.put_item(TableName=TABLE, Item={**KEY, "value": value})


@pytest.mark.parametrize(
    "call",
    [
        {"ReturnConsumedCapacity": "TOTAL"},
        {"ReturnValues": "UPDATED_NEW"},
        {"UpdateExpression": "REMOVE list_[0]"},
        {
            "UpdateExpression": "ADD deep.core :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        },
        {"UpdateExpression": "SET a = :b", "ExpressionAttributeValues": {":b": {"B": b"x"}}},
    ],
)
def test_what_it_does_not_know_it_refuses_loudly(
    call: dict[str, Any], dynamodb: MemoryDynamoDB
) -> None:
    with pytest.raises(NotSimulated):
        dynamodb.update_item(**{"TableName": TABLE, "Key": KEY, **call})


@pytest.mark.parametrize("text", ["007", "7.0", "+7", "70E-1"])
def test_numbers_have_one_spelling(text: str, dynamodb: MemoryDynamoDB) -> None:
    dynamodb.put_item(TableName=TABLE, Item={**KEY, "amount": {"N": text}})

    assert item_of(dynamodb)["amount"] == {"N": "7"}


def test_a_table_that_is_not_there_is_not_found(dynamodb: MemoryDynamoDB) -> None:
    with pytest.raises(ClientError) as error:
        dynamodb.get_item(TableName="other", Key=KEY)

    assert code_of(error) == "ResourceNotFoundException"


def test_a_failed_condition_shows_the_item_only_where_it_is_asked_to(
    dynamodb: MemoryDynamoDB,
) -> None:
    call = {
        "TableName": TABLE,
        "Item": KEY,
        "ConditionExpression": "attribute_not_exists(event_id)",
    }
    with pytest.raises(ClientError) as silent:
        dynamodb.put_item(**call)
    with pytest.raises(ClientError) as telling:
        dynamodb.put_item(**call, ReturnValuesOnConditionCheckFailure="ALL_OLD")

    assert "Item" not in silent.value.response
    assert telling.value.response["Item"] == ITEM  # type: ignore[typeddict-item]


def test_a_write_returns_what_it_is_asked_for(dynamodb: MemoryDynamoDB) -> None:
    update = {"TableName": TABLE, "Key": KEY, "UpdateExpression": "REMOVE phrase"}
    without_text = {name: value for name, value in ITEM.items() if name != "phrase"}

    assert dynamodb.update_item(**update, ReturnValues="ALL_OLD") == {"Attributes": ITEM}
    assert dynamodb.update_item(**update, ReturnValues="ALL_NEW") == {"Attributes": without_text}
    assert dynamodb.put_item(TableName=TABLE, Item=KEY) == {}
    assert dynamodb.delete_item(TableName=TABLE, Key=KEY, ReturnValues="ALL_OLD") == {
        "Attributes": KEY
    }
    assert dynamodb.get_item(TableName=TABLE, Key=KEY) == {}


# ---------------------------------------------------------------- Transactions


def a_put(key: str, **more: Any) -> dict[str, Any]:
    return {"Put": {"TableName": TABLE, "Item": {"event_id": {"S": key}}, **more}}


ABSENT = {"ConditionExpression": "attribute_not_exists(event_id)"}


def test_a_transaction_is_all_or_nothing_and_says_why_in_order(dynamodb: MemoryDynamoDB) -> None:
    before = dynamodb.dump()
    too_large = {"event_id": {"S": "evt_3"}, "phrase": {"S": "x" * 409_600}}
    growing = {
        "TableName": TABLE,
        "Key": {"event_id": {"S": "evt_4"}},
        "UpdateExpression": "SET phrase = :text",
        "ExpressionAttributeValues": {":text": too_large["phrase"]},
    }
    with pytest.raises(ClientError) as error:
        dynamodb.transact_write_items(
            TransactItems=[
                a_put("evt_2"),
                a_put("evt_1", **ABSENT, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
                {"Update": growing},
            ]
        )

    reasons: Any = error.value.response["CancellationReasons"]
    assert code_of(error) == "TransactionCanceledException"
    assert [r["Code"] for r in reasons] == ["None", "ConditionalCheckFailed", "ValidationError"]
    assert reasons[1]["Item"] == ITEM
    assert dynamodb.dump() == before


def test_a_transaction_writes_puts_updates_deletes_and_checks(dynamodb: MemoryDynamoDB) -> None:
    dynamodb.put_item(TableName=TABLE, Item={"event_id": {"S": "evt_2"}})
    exists = {"ConditionExpression": "attribute_exists(event_id)"}
    dynamodb.transact_write_items(
        TransactItems=[
            {"ConditionCheck": {"TableName": TABLE, "Key": KEY, **exists}},
            {"Delete": {"TableName": TABLE, "Key": {"event_id": {"S": "evt_2"}}, **exists}},
            a_put("evt_3", **ABSENT),
        ]
    )

    assert set(dynamodb.dump()[TABLE]) == {("evt_1",), ("evt_3",)}


@pytest.mark.parametrize(
    "operations",
    [[], [a_put("evt_9")] * 2, [a_put(f"evt_{number}") for number in range(101)]],
    ids=["none", "two on one item", "101"],
)
def test_dynamodb_would_refuse_this_transaction(
    operations: list[dict[str, Any]], dynamodb: MemoryDynamoDB
) -> None:
    with pytest.raises(ClientError) as error:
        dynamodb.transact_write_items(TransactItems=operations)

    assert code_of(error) == "ValidationException"


def test_a_token_makes_a_transaction_happen_once(dynamodb: MemoryDynamoDB) -> None:
    call: dict[str, Any] = {
        "TransactItems": [a_put("evt_2", **ABSENT)],
        "ClientRequestToken": "token",
    }
    dynamodb.transact_write_items(**call)
    dynamodb.transact_write_items(**call)

    with pytest.raises(ClientError) as error:
        dynamodb.transact_write_items(**call | {"TransactItems": [a_put("evt_3")]})
    assert code_of(error) == "IdempotentParameterMismatchException"
    with pytest.raises(ClientError) as error:
        dynamodb.transact_write_items(TransactItems=call["TransactItems"])
    assert code_of(error) == "TransactionCanceledException"


# ---------------------------------------------------------------- Queries


@pytest.fixture
def timeline() -> MemoryDynamoDB:
    client = MemoryDynamoDB()
    for number in (3, 10, 1, 2):
        client.put_item(
            TableName=TABLE,
            Item={
                "event_id": {"S": f"evt_{number}"},
                "user_id": {"S": "user_1"},
                "received_at": {"N": str(number)},
                "parity": {"S": "odd" if number % 2 else "even"},
            },
        )
    client.put_item(TableName=TABLE, Item={"event_id": {"S": "evt_0"}, "user_id": {"S": "user_1"}})
    return client


def queried(client: MemoryDynamoDB, **more: Any) -> list[str]:
    """The ids, over all pages."""
    call: dict[str, Any] = {
        "TableName": TABLE,
        "IndexName": "TimelineIndex",
        "KeyConditionExpression": "user_id = :user",
        "ExpressionAttributeValues": {":user": {"S": "user_1"}} | more.pop("values", {}),
        **more,
    }
    ids: list[str] = []
    while len(ids) < 10:
        answer = client.query(**call)
        ids += [item["event_id"]["S"] for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            break
        call["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
    return ids


@pytest.mark.parametrize("limit", [{}, {"Limit": 1}, {"Limit": 3}, {"Limit": 4}])
def test_an_index_gives_its_items_in_order_page_by_page(
    limit: dict[str, int], timeline: MemoryDynamoDB
) -> None:
    assert queried(timeline, **limit) == ["evt_1", "evt_2", "evt_3", "evt_10"]
    assert queried(timeline, **limit, ScanIndexForward=False) == [
        *("evt_10", "evt_3", "evt_2", "evt_1")
    ]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("received_at = :low", ["evt_2"]),
        ("received_at > :low", ["evt_3", "evt_10"]),
        ("received_at BETWEEN :low AND :high", ["evt_2", "evt_3"]),
        ("(received_at <= :low)", ["evt_1", "evt_2"]),
    ],
)
def test_a_query_may_narrow_the_order(
    condition: str, found: list[str], timeline: MemoryDynamoDB
) -> None:
    values = {":low": {"N": "2"}} | ({":high": {"N": "3"}} if ":high" in condition else {})

    assert found == queried(
        timeline, KeyConditionExpression=f"user_id = :user AND {condition}", values=values
    )


def test_a_filter_leaves_out_what_was_read(timeline: MemoryDynamoDB) -> None:
    odd = {"FilterExpression": "parity = :odd", "values": {":odd": {"S": "odd"}}}

    assert queried(timeline, **odd, Limit=2) == ["evt_1", "evt_3"]


def test_a_projection_gives_only_what_it_names(dynamodb: MemoryDynamoDB) -> None:
    answer = dynamodb.get_item(
        TableName=TABLE,
        Key=KEY,
        ProjectionExpression="#phrase, deep.core.tip, gone",
        ExpressionAttributeNames={"#phrase": "phrase"},
    )

    assert answer["Item"] == {"phrase": ITEM["phrase"], "deep": ITEM["deep"]}


def test_an_index_holds_only_what_it_projects(dynamodb: MemoryDynamoDB) -> None:
    waiting = {"waits_for_customer": {"S": "cus_1"}, "received_at": {"N": "1"}}
    dynamodb.put_item(TableName=TABLE, Item={**ITEM, **waiting})
    call = {
        "TableName": TABLE,
        "IndexName": "UnattributedIndex",
        "KeyConditionExpression": "waits_for_customer = :c",
        "ExpressionAttributeValues": {":c": {"S": "cus_1"}},
    }

    assert dynamodb.query(**call)["Items"] == [{**KEY, **waiting}]
    with pytest.raises(ClientError):
        dynamodb.query(**call, ProjectionExpression="amount")


@pytest.mark.parametrize(
    "call",
    [
        {"KeyConditionExpression": "received_at = :user"},
        {"KeyConditionExpression": "user_id > :user"},
        {"KeyConditionExpression": "user_id = :user AND parity = :user"},
        {"KeyConditionExpression": "user_id = :user AND user_id = :user"},
        {"KeyConditionExpression": "user_id <> :user"},
        {"ConsistentRead": True},
        {"IndexName": "NoIndex"},
        {"Limit": 0},
        {"ExclusiveStartKey": KEY},
        {"Select": "SPECIFIC_ATTRIBUTES"},
    ],
)
def test_dynamodb_would_refuse_this_query(call: dict[str, Any], timeline: MemoryDynamoDB) -> None:
    with pytest.raises(ClientError) as error:
        queried(timeline, **call)

    assert code_of(error) == "ValidationException"


def test_a_scan_and_a_batch_give_items(timeline: MemoryDynamoDB) -> None:
    scanned = timeline.scan(TableName=TABLE, Limit=2, ConsistentRead=True)
    rest = timeline.scan(TableName=TABLE, ExclusiveStartKey=scanned["LastEvaluatedKey"])
    keys = [{"event_id": {"S": f"evt_{number}"}} for number in (10, 7, 1)]
    batch = timeline.batch_get_item(RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}})

    assert (scanned["Count"], rest["Count"]) == (2, 3)
    assert [item["event_id"]["S"] for item in batch["Responses"][TABLE]] == ["evt_10", "evt_1"]
    assert timeline.scan(TableName=TABLE, Select="COUNT") == {"Count": 5, "ScannedCount": 5}


# ---------------------------------------------------------------- What a simulation needs


def test_held_indexes_show_the_past_until_they_catch_up(timeline: MemoryDynamoDB) -> None:
    timeline.hold_indexes(TABLE)
    timeline.put_item(TableName=TABLE, Item=KEY | {"phrase": {"S": "new"}})
    key = {"TableName": TABLE, "Key": KEY}

    assert len(queried(timeline)) == 4
    assert "phrase" not in timeline.get_item(**key)["Item"]
    assert "phrase" in timeline.get_item(**key, ConsistentRead=True)["Item"]

    timeline.catch_up()

    assert len(queried(timeline)) == 3
    assert "phrase" in timeline.get_item(**key)["Item"]


def test_the_stream_tells_every_change_once_and_in_order(dynamodb: MemoryDynamoDB) -> None:
    told = len(dynamodb.stream(TABLE))
    dynamodb.update_item(TableName=TABLE, Key=KEY, UpdateExpression="REMOVE gone")
    dynamodb.put_item(TableName=TABLE, Item=KEY)
    dynamodb.transact_write_items(TransactItems=[a_put("evt_2")])
    dynamodb.delete_item(TableName=TABLE, Key=KEY)

    records = dynamodb.stream(TABLE, after=told)

    assert [record["eventName"] for record in records] == ["MODIFY", "INSERT", "REMOVE"]
    assert [record["dynamodb"].get("NewImage") for record in records] == [
        KEY,
        {"event_id": {"S": "evt_2"}},
        None,
    ]
    numbers = [record["dynamodb"]["SequenceNumber"] for record in dynamodb.stream(TABLE)]
    assert sorted(set(numbers)) == numbers
    assert dynamodb.stream("users_scai") == []


def test_what_is_handed_in_and_out_is_copied(dynamodb: MemoryDynamoDB) -> None:
    item: dict[str, Any] = {"event_id": {"S": "evt_2"}, "list_": {"L": [{"S": "x"}]}}
    dynamodb.put_item(TableName=TABLE, Item=item)
    before = dynamodb.snapshot()
    item["list_"]["L"].append({"S": "y"})
    item_of(dynamodb)["list_"]["L"].clear()
    dynamodb.scan(TableName=TABLE)["Items"][0]["list_"]["L"].clear()

    assert dynamodb.snapshot() == before
    assert dynamodb.items(TABLE)[1]["list_"] == {"L": [{"S": "x"}]}


def test_a_snapshot_can_be_gone_back_to_again_and_again(dynamodb: MemoryDynamoDB) -> None:
    dynamodb.hold_indexes(TABLE)
    snapshot, records = dynamodb.snapshot(), dynamodb.stream(TABLE)
    for number in range(2):
        dynamodb.catch_up()
        dynamodb.delete_item(TableName=TABLE, Key=KEY)
        dynamodb.transact_write_items(
            TransactItems=[a_put(f"evt_{number}")], ClientRequestToken="token"
        )

        dynamodb.restore(snapshot)

        assert (dynamodb.snapshot(), dynamodb.stream(TABLE)) == (snapshot, records)
        assert item_of(dynamodb) == ITEM

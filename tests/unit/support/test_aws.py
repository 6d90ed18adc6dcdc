"""The unit tests' own ground: what they run on is what the template declares."""

import pytest

from billing.store.dynamodb import client


@pytest.mark.moto
def test_every_table_and_index_of_the_template_is_there(aws: None) -> None:
    indexes = {
        name: {
            index["IndexName"]
            for index in client()
            .describe_table(TableName=name)["Table"]
            .get("GlobalSecondaryIndexes", [])
        }
        for name in client().list_tables()["TableNames"]
    }

    assert indexes == {
        "users_scai": {"IdIndex", "StripeCustomerIdIndex"},
        "user_scai_subscriptions": {"DunningIndex", "AttentionIndex", "CreatedIndex"},
        "scai_billing_customers": set(),
        "scai_billing_events": {
            "TimelineIndex",
            "AttentionIndex",
            "UnattributedIndex",
            "AuditIndex",
        },
        "scai_idempotency": set(),
    }

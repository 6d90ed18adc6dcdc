"""What the buses' archives keep for a replay: Stripe's events, and for no longer than is safe."""

import json
from typing import Any, cast

import pytest
from moto.events.models import EventPattern

from tests.support.routing import PARTNER, WEBHOOK, enveloped, sample_names, stripe_sample
from tests.support.template import Template

TEMPLATE = Template({"StripeEventSource": PARTNER})
ARCHIVES = TEMPLATE.of_type("AWS::Events::Archive")


def keeps(archive: str, event: dict[str, Any]) -> bool:
    pattern = EventPattern.load(json.dumps(ARCHIVES[archive]["EventPattern"]))
    return pattern.matches_event(cast("Any", event))


def test_each_bus_has_an_archive_and_the_partners_only_with_its_door() -> None:
    assert {name: archive["SourceArn"] for name, archive in ARCHIVES.items()} == {
        "BillingArchive": "scai-billing.Arn",
        "PartnerArchive": f"{PARTNER}.Arn",
    }
    assert list(Template().of_type("AWS::Events::Archive")) == ["BillingArchive"]


@pytest.mark.parametrize("type_", sample_names("stripe"))
def test_every_event_of_stripes_is_kept_whichever_door_it_came_in_by(type_: str) -> None:
    event = stripe_sample(type_)

    assert keeps("BillingArchive", enveloped(event, WEBHOOK))
    assert keeps("BillingArchive", enveloped(event, PARTNER))
    assert keeps("PartnerArchive", enveloped(event, PARTNER))


@pytest.mark.parametrize("archive", ARCHIVES)
@pytest.mark.parametrize("source", ["scai.billing", "aws.states", "aws.partner/other.com/x"])
def test_nobody_can_be_told_a_fact_twice_by_a_replay(archive: str, source: str) -> None:
    assert not keeps(archive, {"source": source, "detail-type": "PaymentFailed", "detail": {}})


def test_no_event_is_kept_longer_than_the_ledger_remembers_it() -> None:
    declared = TEMPLATE._source["Parameters"]
    assert declared["ArchiveDays"]["MaxValue"] < declared["LedgerTtlDays"]["MinValue"]
    assert {archive["RetentionDays"] for archive in ARCHIVES.values()} == {30}

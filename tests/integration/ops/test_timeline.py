"""A customer's story as deployed: bought, not paid, paid after all; by ``scai-ops timeline``."""

from itertools import chain

from tests.support.customer import Customer, NewCustomer
from tests.support.deployed import Json
from tests.support.scai_ops import ScaiOps
from tests.support.waiting import eventually


def chapters(scai_ops: ScaiOps, who: str, limit: int) -> list[Json]:
    """All pages of a timeline."""
    found: list[Json] = []
    cursor: list[str] = []
    while True:
        page = scai_ops.json("timeline", who, "--limit", str(limit), *cursor)
        found += page["chapters"]
        if page["cursor"] is None:
            return found
        cursor = ["--cursor", page["cursor"]]


def facts_of(found: list[Json]) -> list[Json]:
    return list(chain.from_iterable(chapter["facts"] for chapter in found))


def test_the_timeline_tells_the_story_from_event_to_money_to_access(
    recovered: Customer, scai_ops: ScaiOps
) -> None:
    def whole() -> list[Json] | None:
        """The mail is sent some seconds after its fact."""
        found = chapters(scai_ops, recovered.user_id, 100)
        facts = facts_of(found)
        mails = [mail for f in facts if f["type"] == "PaymentRecovered" for mail in f["mails"]]
        sent = any(mail["outcome"] for mail in mails)
        return found if sent and all(fact["published_at"] for fact in facts) else None

    found = eventually(whole, "the mail of the recovery")

    events = {entry["event_id"]: entry for entry in recovered.entries()}
    told = {c["id"]: c for c in found if c["kind"] == "event"}
    assert told.keys() == events.keys()
    assert all(c["outcome"] == events[id_]["outcome"] for id_, c in told.items())
    assert all(c["event"]["door"] == "relay" for c in told.values())
    facts = facts_of(found)
    assert sorted(f["key"] for f in facts) == sorted(
        recovered.deployed.committed_facts(recovered.user_id)
    )
    statuses = [
        (change["before"], change["after"])
        for chapter in reversed(found)
        for change in chapter["changes"]
        if change["field"] == "status"
    ]
    assert statuses == [(None, "active"), ("active", "past_due"), ("past_due", "active")]
    access = [f["summary"] for f in reversed(facts) if f["type"] == "AccessChanged"]
    assert [line.split(" until")[0].split(" (")[0] for line in access] == [
        "none → full",
        "full → grace",
        "grace → full",
    ]
    (failed,) = (c for c in found if c["title"] == "invoice.payment_failed")
    assert failed["execution"]["machine"] == "payment_failure"
    (recovery,) = (f for f in facts if f["type"] == "PaymentRecovered")
    assert [(m["mail"], m["outcome"]) for m in recovery["mails"]] == [("recovered", "sent")]

    assert chapters(scai_ops, recovered.id, 3) == found

    lines = scai_ops.run("timeline", f"{recovered.user_id}@example.test").stdout
    for part in ("invoice.payment_failed", "grace → full", "PaymentRecovered", "recovered: sent"):
        assert part in lines


def test_whoever_has_no_history_or_is_nobody_gets_a_clear_answer(
    new_customer: NewCustomer, scai_ops: ScaiOps
) -> None:
    nobody = scai_ops.run("timeline", "nobody-at-all")
    assert nobody.returncode == 1
    assert "nobody that we know" in nobody.stderr or "nobody's that we know" in nobody.stderr
    user = new_customer().deployed.add_user()
    assert scai_ops.json("timeline", user) == {"chapters": [], "cursor": None}
    assert "no history" in scai_ops.run("timeline", user).stderr
    foreign = scai_ops.run("timeline", "cus_ofnobody")
    assert foreign.returncode == 1
    assert "scai-ops reconcile --customer cus_ofnobody" in foreign.stderr

"""A customer's story is told whole, newest first, wherever a page ends."""

import pytest

from billing.contracts.reconcile import Cursor, Run, Tally
from billing.mailer import Delivery
from billing.store.runs import RunEntry
from ops.chapters import Chapter
from ops.errors import OpsError
from ops.journal import Journal
from ops.timeline import timeline, with_statuses
from tests.support.operators import target_on
from tests.support.stepfunctions import Stage
from tests.support.story import MACHINES, Story, execution_arn


@pytest.fixture
def story(stage: Stage) -> Story:
    return Story(stage.ports)


def chapters(story: Story, limit: int = 100) -> list[Chapter]:
    """All pages, one after another."""
    target, cursor = target_on(story.ports, **MACHINES), None
    found: list[Chapter] = []
    while True:
        page = timeline(target, story.user_id, cursor, limit)
        found += page.chapters
        cursor = page.cursor
        if cursor is None:
            return found


def told(story: Story, limit: int = 100) -> list[tuple[str, list[str]]]:
    return [(c.id, [fact.key for fact in c.facts]) for c in chapters(story, limit)]


def test_an_event_is_told_with_who_handled_it_what_it_changed_and_what_came_of_it(
    story: Story,
) -> None:
    changes = {
        "status": {"before": "past_due", "after": "active"},
        "cancel_at": {"before": 1_780_000_000},
    }
    story.event("evt_1", "PaymentRecovered", changes=changes)
    story.publish("PaymentRecovered", "evt_1")
    story.mail("PaymentRecovered", "evt_1", at=5)

    (chapter,) = chapters(story)

    assert (chapter.kind, chapter.title, chapter.outcome) == ("event", "invoice.paid", "applied")
    assert chapter.event is not None
    assert (chapter.event.door, chapter.event.deliveries) == ("relay", 1)
    assert chapter.execution is not None
    assert (chapter.execution.machine, chapter.execution.name) == ("renew", "of-evt_1")
    assert [(c.field, c.before, c.after) for c in chapter.changes] == [
        ("status", "past_due", "active"),
        ("cancel_at", "2026-05-28T20:26:40+00:00", None),
    ]
    (fact,) = chapter.facts
    assert (fact.type, fact.summary) == ("PaymentRecovered", "29.00 USD")
    assert fact.published_at is not None
    assert [(m.mail, m.outcome, m.message_id) for m in fact.mails] == [
        ("recovered", "sent", "message_1")
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_every_chapter_is_whole_and_stands_once_wherever_pages_end(
    story: Story, limit: int
) -> None:
    story.event("evt_1", "PaymentRecovered", "PaymentSucceeded", at=0)
    story.event("evt_2", at=1)
    story.event("evt_3", "PaymentSucceeded", at=1)
    story.mail("PaymentRecovered", "evt_1", at=2)
    story.event("evt_4", "PaymentRecovered", at=2, done_after=30)
    story.event("evt_5", at=20)
    story.look("cs_1", "PaymentSucceeded", "PaymentRecovered", at=40)
    story.look("cs_1", "AccessChanged", at=41)
    story.mail("PaymentRecovered", "evt_4", at=50)

    found = told(story, limit)

    assert sorted(key for _, keys in found for key in keys) == [
        "AccessChanged:in_cs_1",
        "PaymentRecovered:in_cs_1",
        "PaymentRecovered:in_evt_1",
        "PaymentRecovered:in_evt_4",
        "PaymentSucceeded:in_cs_1",
        "PaymentSucceeded:in_evt_1",
        "PaymentSucceeded:in_evt_3",
    ]
    assert [id_ for id_, _ in found][:4] == ["cs_1", "cs_1", "evt_5", "evt_4"]
    assert sorted(id_ for id_, _ in found[2:]) == ["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]
    by_id = {id_: keys for id_, keys in found if id_ != "cs_1"}
    assert by_id["evt_4"] == ["PaymentRecovered:in_evt_4"]
    mails = [m.id for c in chapters(story, limit) for f in c.facts for m in f.mails]
    assert mails == ["mail:PaymentRecovered:in_evt_4", "mail:PaymentRecovered:in_evt_1"]


def test_events_of_one_second_stand_in_the_order_in_which_they_changed_the_record(
    story: Story,
) -> None:
    for event_id in ("evt_c", "evt_a", "evt_d", "evt_b"):
        story.event(event_id)
    assert [id_ for id_, _ in told(story)] == ["evt_b", "evt_d", "evt_a", "evt_c"]


def test_a_page_has_about_as_many_chapters_as_asked_for(story: Story) -> None:
    for number in range(10):
        story.event(f"evt_{number}", "PaymentSucceeded", at=number)

    page = timeline(target_on(story.ports, **MACHINES), "user_1", limit=4)

    assert [chapter.id for chapter in page.chapters] == ["evt_9", "evt_8", "evt_7", "evt_6"]
    assert page.cursor is not None


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("cs_test_1", "return"),
        ("cus_1", "link"),
        ("op:user_1:3", "operation"),
        (execution_arn("waiter"), "deadline"),
        ("68fdbc9d-1e59-5364-a71a-ed3cc5a5a79d", "reconciliation"),
    ],
)
def test_what_no_event_led_to_has_a_chapter_of_its_own(story: Story, cause: str, kind: str) -> None:
    story.look(cause, "PaymentSucceeded", "PaymentRecovered")

    (chapter,) = chapters(story)

    assert (chapter.kind, chapter.id, len(chapter.facts)) == (kind, cause, 2)
    assert (chapter.execution is not None) == (kind == "deadline")


def run_of_customer(
    story: Story, run_id: str, started: int, ended: int, user_id: str | None = "user_1"
) -> None:
    run = Run(
        outcome="done",
        id=run_id,
        scope="customer",
        customer_id=story.customer_id,
        user_id=user_id,
        started_at=story.began + started,
        since=0,
        cursor=Cursor(phase="customer"),
        tally=Tally(looked_at={"customers": 1}, found={"differs": 1}, healed={"differs": 1}),
    )
    before = story.ports.runs.find(run.key)
    entry = RunEntry(
        run=run,
        completed_at=story.began + ended,
        revision=before.revision if before else 0,
    )
    assert story.ports.runs.save(entry)


@pytest.mark.parametrize("limit", [1, 100])
def test_what_a_reconciliation_healed_stands_in_its_chapter(story: Story, limit: int) -> None:
    story.look("run-1", "PaymentSucceeded", at=5)
    story.event("evt_1", at=20)
    run_of_customer(story, "run-2", started=29, ended=33)
    story.look("run-2", "PaymentSucceeded", "PaymentRecovered", at=31)

    first, second, third = chapters(story, limit)

    assert (first.kind, first.id, len(first.facts)) == ("reconciliation", "run-2", 2)
    assert first.reconciled is not None
    assert first.reconciled.healed == {"differs": 1}
    assert second.id == "evt_1"
    assert (third.kind, third.id, third.reconciled) == ("reconciliation", "run-1", None)


def test_what_a_run_that_first_linked_the_customer_healed_is_told_all_the_same(
    story: Story,
) -> None:
    run_of_customer(story, "run-1", started=0, ended=5, user_id=None)
    story.look("run-1", "PaymentSucceeded", at=3)

    assert told(story) == [("run-1", ["PaymentSucceeded:in_run-1"])]


def test_a_failure_is_open_until_it_is_mended(story: Story) -> None:
    story.claim("evt_1")
    story.fail("evt_1", at=3)
    (chapter,) = chapters(story)
    assert (chapter.outcome, chapter.attention) == ("failed", "failed")
    assert chapter.failure is not None
    assert (chapter.failure.error, chapter.failure.open) == ("ContractViolation", True)
    assert chapter.failure.cause == "<b>nobody</b> can read it"


def test_what_an_operator_did_is_part_of_the_story(story: Story) -> None:
    story.event("evt_1", at=-5)
    target = target_on(story.ports, **MACHINES)
    with Journal(target, "ticket 7").noting("retry", "evt_1", story.user_id) as noted:
        noted.result = "redriven"

    newest = chapters(story)[0]

    assert newest.kind == "operator"
    assert newest.operator is not None
    assert newest.operator.model_dump(exclude={"batch"}) == {
        "action": "retry",
        "subject": "evt_1",
        "operator": "operator",
        "reason": "ticket 7",
        "result": "redriven",
    }


def test_a_mail_of_which_nobody_knows_and_a_fact_not_told_say_so(story: Story) -> None:
    story.event("evt_1", "PaymentRecovered")
    story.mail("PaymentRecovered", "evt_1", delivery=None)
    story.event("evt_2", "PaymentRecovered", at=1)
    story.mail("PaymentRecovered", "evt_2", delivery=Delivery(outcome="refused", error="Bad"))

    second, first = chapters(story)

    assert second.facts[0].mails[0].error == "Bad"
    assert first.facts[0].published_at is None
    assert first.facts[0].mails[0].outcome is None


def test_a_fact_of_another_version_is_told_without_its_mail(story: Story) -> None:
    fact = story.fact("PaymentRecovered", "cs_1", 0)
    odd = fact.model_copy(update={"after": {"of": "another version"}})
    story._commit(None, [odd])

    (chapter,) = chapters(story)

    assert chapter.facts[0].after == {"of": "another version"}
    assert chapter.facts[0].mails == ()


def test_a_user_without_a_history_has_an_empty_page(story: Story) -> None:
    page = timeline(target_on(story.ports, **MACHINES), "user_1")
    assert (page.chapters, page.cursor) == ((), None)


def test_nothing_of_another_user_is_told(story: Story) -> None:
    Story(story.ports, "user_2", "cus_2").event("evt_2", "PaymentSucceeded")
    story.event("evt_1", "PaymentSucceeded")
    assert [chapter.id for chapter in chapters(story)] == ["evt_1"]


def test_a_cursor_of_nothing_is_refused(story: Story) -> None:
    with pytest.raises(OpsError, match="no such list"):
        timeline(target_on(story.ports), "user_1", cursor="bm90aGluZw==")


def test_an_execution_that_step_functions_has_forgotten_has_no_status(story: Story) -> None:
    story.event("evt_1")
    target = target_on(story.ports, **MACHINES)
    page = with_statuses(target, timeline(target, "user_1"))
    assert page.chapters[0].execution is not None
    assert page.chapters[0].execution.status is None

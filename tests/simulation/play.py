"""Plays a history to its end, with a judge beside it.

The end: what still goes wrong stops, operators redrive what failed and bring back what was lost;
then every record must be equal to Stripe's truth, and nothing that is repeated may change it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tests.simulation.cloud import Broken
from tests.simulation.histories import History
from tests.simulation.invariants import NOTHING_CHANGES, OUTCOMES, Violation
from tests.simulation.judge import Judge
from tests.simulation.truth import Refused
from tests.simulation.world import World

#: Seconds in which all that is under way comes to rest: retries go on for about half an hour.
REST = 3 * 86_400
ROUNDS = 4
#: Of so many histories one is replayed as a whole at its end.
REPLAYED = 8
#: Of so many histories in which nothing was lost one is reconciled too.
RECONCILED = 4
#: Attributes of a record that say only when somebody last looked.
INCIDENTAL = (
    "version",
    "updated_at",
    "last_event_id",
    "stamp_lo",
    "stamp_hi",
    "customer_stamp",
)
HOUR = 3600
Json = dict[str, Any]

logging.getLogger("stripe").setLevel(logging.CRITICAL)


def play(history: History, only: frozenset[str] | None = None) -> World:
    """Play it; ``only`` these faults strike, where that is given.

    Raises:
        Violation: an invariant was broken.
    """
    world = World(history.setting, only)
    judge = Judge(world)
    try:
        happen(history, world)
        finish(world, judge)
    except (Violation, Broken) as error:
        violation = _violation(error)
        violation.struck = frozenset(world.struck.names)
        raise violation from error.__cause__
    return world


def _violation(error: Violation | Broken) -> Violation:
    """What is wrong, whether the judge saw it beside a function or within one's call."""
    found = error if isinstance(error, Violation) else error.__cause__
    if isinstance(found, Violation):
        return found
    return Violation(OUTCOMES, f"a function broke: {error}")


def happen(history: History, world: World) -> None:
    """Let it all happen, as far as Stripe allows."""
    for numbered in history.actions:
        world.doing = str(numbered.number)
        with suppress(Refused):
            numbered.action.do(world)


def finish(world: World, judge: Judge) -> None:
    """Bring the history to its end, and judge it."""
    world.doing = "end"
    world.settle(REST)
    judge.check_outcomes()
    come_to_rest(world)
    judge.check_recovered()
    if not world.lost:
        judge.check_truth()
    if world.lost or world.setting.seed % RECONCILED == 0:
        reconcile(world)
        recover(world)
    judge.check_recovered()
    judge.check_truth()
    judge.check_facts()
    judge.check_money()
    if world.setting.seed % REPLAYED == 0:
        check_replay(world)


def come_to_rest(world: World) -> None:
    """Nothing goes wrong any more, who was still missing appears, and operators mend the rest."""
    world.calm_down()
    for person in world.people:
        if person.number in world.setting.latecomers and person.user_id not in world.original_users:
            world.add_user(person)
    recover(world)


def recover(world: World) -> None:
    """What operators do: redrive what failed, and what could not be delivered.

    Where that brings nothing, the next round would be the same.
    """
    for turn in range(ROUNDS):
        world.settle(REST)
        letters, failed = list(world.cloud.dead_letters), world.cloud.failed_runs()
        for number, letter in enumerate(letters):
            world.cloud.redrive_dead_letter(letter, f"end letter {turn}.{number}")
        for run in failed:
            world.cloud.redrive(run)
        world.settle(REST)
        if not letters and world.cloud.failed_runs() == failed:
            return


def reconcile(world: World) -> None:
    """What the schedule does every night: find what never arrived, but may not be on its way."""
    world.run_until(world.kernel.now + HOUR)
    world.cloud.start("reconcile", {"scope": "all"}, "end reconcile")
    world.settle(REST)


def check_replay(world: World) -> None:
    """Everything delivered once more changes nothing.

    What was set aside while its customer was being linked is brought first: that may change things.
    """
    ledger = world.items("EVENTS_TABLE")
    done = {item["event_id"] for item in ledger if "done_at" in item}
    replay(world, [event for event in world.sent if event["id"] not in done], "aside")
    before = state_of(world)
    replay(world, world.sent, "again")
    after = state_of(world)
    if before != after:
        differing = [name for name in before if before[name] != after[name]]
        raise Violation(NOTHING_CHANGES, f"{differing} changed by a replay of everything")


def replay(world: World, events: Sequence[Json], label: str) -> None:
    """What operators do to have events worked on that are no news any more."""
    for number, event in enumerate(events):
        world.replay(event, f"{label} {number}")
    world.settle(REST)


def state_of(world: World) -> dict[str, Any]:
    """All that users, consumers and staff would see."""
    ledger = world.items("EVENTS_TABLE")
    return {
        "records": [_essence(record) for record in world.items("SUBSCRIPTIONS_TABLE")],
        "customers": world.items("CUSTOMERS_TABLE"),
        "users": world.items("USERS_TABLE"),
        "facts": sorted(item["event_id"] for item in ledger if item["kind"] == "fact"),
        "outcomes": {
            item["event_id"]: item["outcome"]
            for item in ledger
            if item["kind"] == "event" and "done_at" in item
        },
    }


def _essence(record: Json) -> Json:
    """A record without what says only when somebody last looked."""
    invoices = {
        id_: {name: value for name, value in invoice.items() if name != "as_of"}
        for id_, invoice in record.get("invoices", {}).items()
    }
    kept = {name: value for name, value in record.items() if name not in INCIDENTAL}
    return {**kept, "invoices": invoices}

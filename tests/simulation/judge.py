"""Judges a history: a witness sees what happens, the end is compared with the truth."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.simulation.cloud import Run
from tests.simulation.convergence import Convergence
from tests.simulation.hearsay import DAY, Hearsay
from tests.simulation.invariants import MONEY, OUTCOMES, Violation
from tests.simulation.walker.execution import Failed
from tests.simulation.witness import Witness
from tests.simulation.world import World

Json = dict[str, Any]

#: Stripe knows an idempotency key for so long (seconds).
KEY_LASTS = DAY


class Judge:
    def __init__(self, world: World) -> None:
        self._world = world
        self._witness = Witness(world)

    def policy_changed(self) -> None:
        """What was announced may be of a former policy from now on."""
        self._witness.policy_changed = True

    def check_truth(self) -> None:
        """Every record is equal to Stripe's truth, whatever happened."""
        Convergence(self._world, announced=not self._witness.policy_changed).check()

    def check_facts(self) -> None:
        """Each fact exactly once, and changes chain."""
        Hearsay(self._world, self._witness.known_since).check()

    def check_outcomes(self) -> None:
        """Every event has one outcome; what failed is there to be redriven."""
        letters = {letter.envelope["detail"]["id"] for letter in self._world.cloud.dead_letters}
        runs: dict[str, list[Run]] = {}
        for run in self._world.cloud.runs.values():
            if run.event_id is not None:
                runs.setdefault(run.event_id, []).append(run)
        lost = {event["id"] for event in self._world.lost}
        unwanted = set(self._world.cloud.unwanted)
        for event in self._world.sent:
            event_id = event["id"]
            if event_id not in runs:
                if event_id not in letters | lost | unwanted:
                    raise Violation(OUTCOMES, f"{event['type']} {event_id} vanished")
                continue
            self._check_outcome(event, runs[event_id])

    def _check_outcome(self, event: Json, runs: list[Run]) -> None:
        if any(run.status == "FAILED" for run in runs):
            return
        entry = self._world.item("EVENTS_TABLE", event["id"]) or {}
        outcome = entry.get("outcome")
        settled = "done_at" in entry and outcome in ("applied", "stale")
        aside = outcome == "ignored" and "reason" in entry
        if not settled and not aside:
            raise Violation(OUTCOMES, f"{event['type']} {event['id']} has no outcome: {entry}")

    def check_recovered(self) -> None:
        """After all was redriven nothing is failed, but what waits for a user who never comes."""
        for run in self._world.cloud.failed_runs():
            failed = run.execution.effect
            assert isinstance(failed, Failed)
            if failed.error != "UserNotFound":
                raise Violation(
                    OUTCOMES, f"{run.arn} can't be redriven: {failed.error} {failed.cause}"
                )

    def check_money(self) -> None:
        """Nobody was made a customer twice by us, nor sold two sessions at once."""
        for person in self._world.people:
            made = [
                customer
                for customer in self._world.stripe.all("customer")
                if (customer.get("metadata") or {}).get("user_id") == person.user_id
                and customer["id"] not in self._world.made_by_others
            ]
            for one, next_ in pairwise(made):
                if next_["created"] - one["created"] < KEY_LASTS:
                    ids = [customer["id"] for customer in made]
                    raise Violation(MONEY, f"{person.user_id} was made a customer as {ids}")

"""Judges a history: a witness sees what happens, the end is compared with the truth."""

from __future__ import annotations

from typing import Any

from tests.simulation.cloud import Run
from tests.simulation.convergence import Convergence
from tests.simulation.hearsay import Hearsay
from tests.simulation.invariants import MONEY, OUTCOMES, Violation
from tests.simulation.walker.execution import Failed
from tests.simulation.witness import Witness
from tests.simulation.world import API_LIFE, World

Json = dict[str, Any]


class Judge:
    def __init__(self, world: World) -> None:
        self._world = world
        self._witness = Witness(world, self.check_truth)

    def check_truth(self) -> None:
        """Every record is equal to Stripe's truth, whatever happened."""
        Convergence(self._world).check()

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
        """After all was redriven nothing is failed, but what misses a user, or what Stripe had."""
        for run in self._world.cloud.failed_runs():
            failed = run.execution.effect
            assert isinstance(failed, Failed)
            if not self._is_missed(run, failed.error):
                raise Violation(
                    OUTCOMES, f"{run.arn} can't be redriven: {failed.error} {failed.cause}"
                )

    def _is_missed(self, run: Run, error: str) -> bool:
        """Whether what a run needs isn't there: its user, or what went with its test clock."""
        if error == "StripeNotFound" and run.event_id is not None:
            told = self._witness.event(run.event_id)["data"]["object"]
            needed = filter(None, (told["id"], told.get("subscription")))
            return any(self._world.stripe.find(object_id) is None for object_id in needed)
        return error == "UserNotFound" and not self._is_users(run)

    def _is_users(self, run: Run) -> bool:
        """Whether its event is a user's; where we look by ourselves, one with a customer."""
        if run.event_id is None:
            email = self._world.person(run.data["user_id"]).email
            user = self._world.item("USERS_TABLE", email) or {}
            return "stripe_customer_id" in user
        obj = self._witness.event(run.event_id)["data"]["object"]
        paid = self._world.stripe.find(obj.get("payment_intent")) or {}
        customer = obj.get("customer") or paid.get("customer") or obj["id"]
        return any(
            person.user_id in self._world.original_users and customer in person.customers
            for person in self._world.people
        )

    def check_money(self) -> None:
        """We made nobody a customer who was one already.

        One that is made by others while a request of ours is under way can't be seen by it.
        """
        for person in self._world.people:
            theirs: list[Json] = []
            for customer in self._world.stripe.all("customer"):
                if (customer.get("metadata") or {}).get("user_id") == person.user_id:
                    self._check_new(customer, theirs)
                    theirs.append(customer)

    def _check_new(self, customer: Json, before: list[Json]) -> None:
        by_others = self._world.made_by_others
        if customer["id"] in by_others:
            return
        for one in before:
            if one["id"] not in by_others or customer["created"] - one["created"] > API_LIFE:
                raise Violation(MONEY, f"{customer['id']} was made beside {one['id']}")

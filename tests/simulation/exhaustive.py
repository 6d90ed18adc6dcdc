"""Small cases played out completely: every order, every crash, every interleaving of two.

A case is the core events of a lifecycle, as the local Stripe tells them while a customer lives it.
Each variant plays them into a world of its own: in one order, with one process dying at one call,
or with two executions that hand over to each other at chosen calls. Then the judge looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from tests.simulation import actions as a
from tests.simulation.actions import DAY, HOUR, Action
from tests.simulation.faults import CALM, Fates, ToldFates
from tests.simulation.judge import Judge
from tests.simulation.play import finish
from tests.simulation.truth import Refused
from tests.simulation.world import Setting, World

Json = dict[str, Any]

#: So many events at a time are put in every order.
MOST = 6
#: Seconds that a process which hands over stays away: longer than the other one needs.
AWAY = 10.0


@dataclass(frozen=True)
class Case:
    """A lifecycle: what leads up to it, heard in order, and the part whose events are played with.

    ``types`` names the core events; others that the part tells of arrive first, in order.
    """

    name: str
    before: tuple[Action, ...]
    part: tuple[Action, ...]
    types: tuple[str, ...]


_SUBSCRIBED = (a.Register(0), a.Subscribe(0), a.Wait(HOUR))
_YEARLY = (a.Register(0), a.Subscribe(0, "agency_yearly"), a.Wait(HOUR))

CASES = (
    Case(
        "subscribe by checkout",
        (),
        (a.CheckOut(0),),
        ("checkout.session.completed", "customer.subscription.created", "invoice.paid"),
    ),
    Case(
        "subscribe with 3D Secure",
        (a.Register(0, "pm_card_threeDSecure2Required"),),
        (a.Subscribe(0), a.Wait(60), a.Authenticate(0)),
        (
            "customer.subscription.created",
            "invoice.payment_action_required",
            "invoice.payment_failed",
            "invoice.paid",
            "customer.subscription.updated",
        ),
    ),
    Case(
        "trial that ends",
        (a.Register(0),),
        (a.Subscribe(0, trial_days=3), a.Wait(4 * DAY)),
        (
            "customer.subscription.created",
            "customer.subscription.trial_will_end",
            "customer.subscription.updated",
            "invoice.paid",
        ),
    ),
    Case(
        "upgrade, then another",
        _SUBSCRIBED,
        (
            a.ChangePlan(0, "agency_monthly", proration="always_invoice"),
            a.ChangePlan(0, "agency_monthly", 2),
            a.ChangePlan(0, "standard_monthly"),
        ),
        ("customer.subscription.updated", "invoice.paid"),
    ),
    Case(
        "downgrade by schedule",
        _YEARLY,
        (a.ScheduleDowngrade(0, "standard_monthly"), a.ReleaseSchedule(0)),
        (
            "subscription_schedule.created",
            "subscription_schedule.updated",
            "subscription_schedule.released",
            "customer.subscription.updated",
        ),
    ),
    Case(
        "cancel, undo, cancel now",
        _SUBSCRIBED,
        (a.Cancel(0, "at_period_end"), a.Cancel(0, "undo"), a.Cancel(0, "now")),
        ("customer.subscription.updated", "customer.subscription.deleted"),
    ),
    Case(
        "renewal",
        _SUBSCRIBED,
        (a.Wait(31 * DAY), a.Wait(31 * DAY)),
        ("customer.subscription.updated", "invoice.paid"),
    ),
    Case(
        "renewal fails and is recovered",
        (*_SUBSCRIBED, a.Behave(0)),
        (a.Wait(31 * DAY + 2 * HOUR), a.Behave(0, None), a.PayInvoice(0)),
        (
            "customer.subscription.updated",
            "invoice.payment_failed",
            "invoice.paid",
        ),
    ),
    Case(
        "renewal fails for good",
        (*_SUBSCRIBED, a.Behave(0, "lost_card")),
        (a.Wait(31 * DAY + 2 * HOUR), a.PayInvoice(0, "void"), a.Cancel(0, "now")),
        (
            "customer.subscription.updated",
            "customer.subscription.deleted",
            "invoice.payment_failed",
            "invoice.voided",
        ),
    ),
    Case(
        "purchase, refunded twice",
        (),
        (a.CheckOut(0, "self_hosted"), a.Refund(0, 100), a.Refund(0)),
        ("checkout.session.completed", "charge.refunded"),
    ),
    Case(
        "purchase by bank debit, disputed and lost",
        (a.Register(0),),
        (
            a.CheckOut(0, "self_hosted", "pm_usBankAccount_success"),
            a.Wait(HOUR),
            a.Dispute(0),
            a.AnswerDispute(0, wins=False),
        ),
        (
            "checkout.session.completed",
            "checkout.session.async_payment_succeeded",
            "charge.dispute.created",
            "charge.dispute.closed",
        ),
    ),
    Case(
        "payment methods",
        _SUBSCRIBED,
        (a.AttachCard(0, "pm_card_amex"), a.RenewCard(0), a.DetachCard(0)),
        (
            "payment_method.attached",
            "customer.updated",
            "payment_method.automatically_updated",
            "payment_method.detached",
        ),
    ),
    Case(
        "customer deleted, and back",
        _SUBSCRIBED,
        (a.DeleteCustomer(0), a.CheckOut(0)),
        (
            "customer.subscription.deleted",
            "customer.deleted",
            "checkout.session.completed",
            "customer.subscription.created",
            "invoice.paid",
        ),
    ),
    Case(
        "second subscription",
        _SUBSCRIBED,
        (a.Subscribe(0, "agency_monthly"), a.Cancel(0, "now")),
        ("customer.subscription.created", "customer.subscription.deleted", "invoice.paid"),
    ),
)


@dataclass(frozen=True)
class Variant:
    """The core events in an order, by position, each so many seconds after the one before.

    ``fates`` are those of an event's execution, by position.
    """

    order: tuple[int, ...]
    gap: float
    fates: Mapping[int, ToldFates]


class Stage:
    """A world in which a case has happened, whose core events are still on their way."""

    def __init__(self, case: Case, fates: Mapping[str, Fates]) -> None:
        self.world = World(Setting(seed=1, people=1, weather=CALM), fates=fates)
        self.judge = Judge(self.world)
        self._act(case.before)
        self.world.settle(DAY)
        self.core: list[Json] = []
        self.world.intercept = lambda event: self._catch(event, case.types)
        self._act(case.part)
        self.world.intercept = None
        self.world.settle(DAY)

    def _act(self, actions: Sequence[Action]) -> None:
        for number, action in enumerate(actions):
            self.world.doing = f"case {number}"
            try:
                action.do(self.world)
            except Refused as refused:
                raise AssertionError(f"{action}: {refused}") from refused

    def _catch(self, event: Json, types: Sequence[str]) -> bool:
        if event["type"] not in types or len(self.core) == MOST:
            return False
        self.core.append(event)
        return True


def play(case: Case, variant: Variant) -> None:
    """Play a variant to its end.

    Raises:
        Violation: an invariant was broken.
    """
    fates = {f"core {position}": fates for position, fates in variant.fates.items()}
    stage = Stage(case, fates)
    world = stage.world
    for place, position in enumerate(variant.order):
        event = stage.core[position]
        _deliver(world, event, place * variant.gap, f"core {position}")
    finish(world, stage.judge)


def _deliver(world: World, event: Json, after: float, label: str) -> None:
    world.kernel.after(after, lambda: world.cloud.receive(event, "scai.stripe", label))


def orders(case: Case) -> Iterator[Variant]:
    """Every order of the core events, each worked on before the next one comes, or all at once."""
    for order in permutations(range(_count(case))):
        yield Variant(order, 60.0, {})


def crashes(case: Case) -> Iterator[Variant]:
    """The events in order, with one execution dying at one of its calls."""
    count = _count(case)
    for position, calls in enumerate(_calls(case)):
        for call in range(1, calls + 1):
            for death in ("dies_before", "dies_after"):
                yield Variant(tuple(range(count)), 60.0, {position: ToldFates({call: death}, {})})


def interleavings(case: Case) -> Iterator[Variant]:
    """Two executions at a time, that hand over to each other up to twice."""
    count, calls = _count(case), _calls(case)
    for first in range(count):
        for second in range(count):
            if first != second:
                rest = [n for n in range(count) if n not in (first, second)]
                order = (first, second, *rest)
                for left in range(1, calls[first] + 1):
                    for right in range(calls[second] + 1):
                        yield Variant(
                            order,
                            0.0,
                            {
                                first: ToldFates({}, {left: AWAY}),
                                second: ToldFates({}, {right: 2 * AWAY}),
                            },
                        )


def _count(case: Case) -> int:
    return len(Stage(case, {}).core)


def _calls(case: Case) -> list[int]:
    """How many calls each core event's execution makes, played in order."""
    counting = {n: ToldFates({}, {}) for n in range(_count(case))}
    play(case, Variant(tuple(counting), 60.0, counting))
    return [counting[n].calls for n in sorted(counting)]


KINDS: Mapping[str, Callable[[Case], Iterator[Variant]]] = {
    "orders": orders,
    "crashes": crashes,
    "interleavings": interleavings,
}

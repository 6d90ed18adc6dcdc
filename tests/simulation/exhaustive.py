"""Small cases played out completely: every order, every crash, every interleaving of two.

A case is the core events of a lifecycle, as the local Stripe tells them while a customer lives it.
Each variant plays them into a world of its own: in one order, with one process dying at one call,
or with two executions that hand over to each other at chosen calls. Then the judge looks.

Of interleavings those are left out that can't differ from one that is played. Two calls next to
each other that touch no common item, or only read it, may change places: neither notices, and what
they leave behind is the same. So a hand-over that is moved past one call comes to the same where
that call is free in this sense of all that the other execution did meanwhile. What each call
touches is noted while its variant is played; a variant that comes to the same has the same calls,
so one is left out only ever by what was seen. For this the clock must not tell them apart, so all
hand-overs happen within the same second. Calls of Stripe are free: here nobody writes to it, and
what is due at Stripe is done before. So is the publisher, which only marks facts that are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from tests.simulation import actions as a
from tests.simulation.actions import DAY, HOUR, Action
from tests.simulation.dynamodb.client import schemas
from tests.simulation.faults import CALM, Fates, ToldFates
from tests.simulation.judge import Judge
from tests.simulation.play import finish
from tests.simulation.truth import Refused
from tests.simulation.world import Setting, World

Json = dict[str, Any]

#: So many events at a time are put in every order.
MOST = 6
#: Seconds between the events of a case where they don't come all at once.
APART = 60.0
#: Seconds that a process which hands over stays away: the other one needs none.
AWAY = 0.01
#: The second of two executions begins so much later.
LATER = 0.001


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
    """The core events in an order, by position, each at its moment (seconds from the start).

    ``fates`` are those of an event's execution, by position.
    """

    order: tuple[int, ...]
    moments: tuple[float, ...]
    fates: Mapping[int, ToldFates]

    @classmethod
    def apart(cls, order: tuple[int, ...], fates: Mapping[int, ToldFates]) -> Variant:
        """Each event is worked on before the next one comes."""
        return cls(order, tuple(APART * place for place in range(len(order))), fates)


@dataclass(frozen=True)
class Touch:
    """What a call reads and writes: items as (table, key), and whole tables with no key."""

    reads: frozenset[tuple[str, str | None]] = frozenset()
    writes: frozenset[tuple[str, str | None]] = frozenset()

    def is_free_of(self, other: Touch) -> bool:
        """Whether the two may change places."""
        return not (
            _meet(self.writes, other.reads | other.writes) or _meet(other.writes, self.reads)
        )


def _meet(one: frozenset[tuple[str, str | None]], other: frozenset[tuple[str, str | None]]) -> bool:
    return any(a[0] == b[0] and (a[1] == b[1] or None in (a[1], b[1])) for a in one for b in other)


class NotedFates(ToldFates):
    """Notes what each call touches: nothing, unless it is one of DynamoDB's."""

    def __init__(self, faults: Mapping[int, str], pauses: Mapping[int, float]) -> None:
        super().__init__(faults, pauses)
        self.touched: list[Touch] = []

    def strikes(self, kinds: Sequence[str]) -> str | None:
        self.touched.append(Touch())
        return super().strikes(kinds)


class Stage:
    """A world in which a case has happened, whose core events are still on their way."""

    def __init__(self, case: Case, fates: Mapping[str, Fates]) -> None:
        self.world = World(Setting(seed=1, people=1, weather=CALM), fates=fates)
        self.judge = Judge(self.world)
        self._note_touches()
        self._act(case.before)
        self.world.settle(DAY)
        self.core: list[Json] = []
        self.world.intercept = lambda event: self._catch(event, case.types)
        self._act(case.part)
        self.world.intercept = None
        self.world.settle(DAY)

    def _note_touches(self) -> None:
        """Have what a call touches noted with the fates of whoever makes it."""
        kernel, dynamodb = self.world.kernel, self.world._dynamodb

        def noting(operation: str, serve: Callable[..., Json]) -> Callable[..., Json]:
            def served(**call: Any) -> Json:
                fates = kernel.current.fates
                try:
                    return serve(**call)
                finally:
                    if isinstance(fates, NotedFates):
                        fates.touched[-1] = _touch(operation, call)

            return served

        for operation in OPERATIONS:
            setattr(dynamodb, operation, noting(operation, getattr(dynamodb, operation)))

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
    for moment, position in zip(variant.moments, variant.order, strict=True):
        _deliver(world, stage.core[position], moment, f"core {position}")
    finish(world, stage.judge)


def _deliver(world: World, event: Json, after: float, label: str) -> None:
    world.kernel.after(after, lambda: world.cloud.receive(event, "scai.stripe", label))


#: What of DynamoDB the lifecycles use.
OPERATIONS = (
    *("get_item", "batch_get_item", "query", "scan"),
    *("put_item", "update_item", "delete_item", "transact_write_items"),
)
#: The name of each table's key.
KEYS = {schema.name: next(iter(schema.key)) for schema in schemas()}


def _touch(operation: str, call: Json) -> Touch:
    match operation:
        case "get_item":
            return Touch(reads=frozenset([_item(call)]))
        case "batch_get_item" | "query" | "scan":
            tables = call.get("RequestItems") or [call["TableName"]]
            return Touch(reads=frozenset((table, None) for table in tables))
        case "transact_write_items":
            inner = (each for item in call["TransactItems"] for each in item.values())
            return Touch(writes=frozenset(map(_item, inner)))
        case _:
            return Touch(writes=frozenset([_item(call)]))


def _item(call: Json) -> tuple[str, str | None]:
    """The item that a request names; what only checks a condition on one counts as a write."""
    table = call["TableName"]
    value = call.get("Key") or call["Item"]
    return table, str(next(iter(value[KEYS[table]].values())))


def orders(case: Case) -> Iterator[Iterator[Variant]]:
    """Every order of the core events: each worked on before the next one comes, and all at once."""
    for order in permutations(range(_count(case))):
        yield iter((Variant.apart(order, {}), Variant(order, (0.0,) * len(order), {})))


def crashes(case: Case) -> Iterator[Iterator[Variant]]:
    """The events in order, with one execution dying at one of its calls."""
    order = tuple(range(_count(case)))
    for position, calls in enumerate(_calls(case)):
        for call in range(1, calls + 1):
            yield iter(
                [
                    Variant.apart(order, {position: ToldFates({call: death}, {})})
                    for death in ("dies_before", "dies_after")
                ]
            )


def interleavings(case: Case) -> Iterator[Iterator[Variant]]:
    """Two executions at a time, that hand over to each other up to twice."""
    calls = _calls(case)
    for pair in permutations(range(len(calls)), 2):
        rest = [n for n in range(len(calls)) if n not in pair]
        yield _interleaved((*pair, *rest), calls[pair[0]], calls[pair[1]])


def _interleaved(order: tuple[int, ...], first: int, second: int) -> Iterator[Variant]:
    """The first hands over before a call, the second then before one of its own or at its end.

    Who takes a variant plays it before taking the next: what its calls touched decides which can
    be left out. Where it wasn't played, none is.
    """
    moments = (0.0, LATER, *(APART * place for place in range(2, len(order))))
    noted: dict[tuple[int, int], tuple[list[Touch], list[Touch]]] = {}
    for left in range(1, first + 1):
        for right in range(1, second + 2):
            touched = _the_same(noted, left, right)
            if touched is None:
                one, other = NotedFates({}, {left: AWAY}), NotedFates({}, {right: 2 * AWAY})
                yield Variant(order, moments, {order[0]: one, order[1]: other})
                touched = (one.touched, other.touched) if one.touched else None
            if touched is not None:
                noted[left, right] = touched


def _the_same(
    noted: Mapping[tuple[int, int], tuple[list[Touch], list[Touch]]], left: int, right: int
) -> tuple[list[Touch], list[Touch]] | None:
    """The calls of an interleaving that comes to the same, with one call less before a hand-over.

    It does where that call is free of what the other execution does while its own one is away.
    """
    if (fewer := noted.get((left - 1, right))) is not None:
        first, second = fewer
        if all(_are_free(call, second[: right - 1]) for call in first[left - 2 : left - 1]):
            return fewer
    if (fewer := noted.get((left, right - 1))) is not None:
        first, second = fewer
        if all(_are_free(call, first[left - 1 :]) for call in second[right - 2 : right - 1]):
            return fewer
    return None


def _are_free(call: Touch, others: Sequence[Touch]) -> bool:
    return all(call.is_free_of(other) for other in others)


def _count(case: Case) -> int:
    return len(Stage(case, {}).core)


def _calls(case: Case) -> list[int]:
    """How many calls each core event's execution makes, played in order."""
    counting = {n: ToldFates({}, {}) for n in range(_count(case))}
    play(case, Variant.apart(tuple(counting), counting))
    return [counting[n].calls for n in sorted(counting)]


#: Variants of a case, in groups of which each is for one process.
KINDS: Mapping[str, Callable[[Case], Iterator[Iterator[Variant]]]] = {
    "orders": orders,
    "crashes": crashes,
    "interleavings": interleavings,
}

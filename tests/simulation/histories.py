"""Histories: a setting and a list of actions, drawn from a seed, and what remains of it.

Each action draws what happens in its wake from a source of its own, by its number in the whole
history; so a part of a history is a history, and plays as it did in the whole. For the same reason
what customers do in between (in the portal, or on a test clock) is drawn apart and numbered last.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from tests.simulation import actions as a
from tests.simulation.actions import DAY, HOUR, Action
from tests.simulation.faults import Weather
from tests.simulation.truth import PLANS
from tests.simulation.world import Setting

Choice = TypeVar("Choice")

MONTHLY = ("standard_monthly", "agency_monthly")
GOOD = ("pm_card_visa", "pm_card_mastercard", "pm_card_amex")
FIRST_CARDS = (*GOOD, *GOOD, *GOOD, "pm_card_chargeCustomerFail", "pm_card_threeDSecure2Required")


#: In so many histories a policy changes while it matters.
POLICIES = 0.1
#: In so many histories there is one more person, whose customer lives on a test clock.
CLOCKS = 0.15


@dataclass(frozen=True)
class Numbered:
    """An action with its number in the whole history."""

    number: int
    action: Action

    def __str__(self) -> str:
        return f"{self.number:3} {self.action}"


@dataclass(frozen=True)
class History:
    setting: Setting
    actions: tuple[Numbered, ...]

    def keeping(self, numbers: Sequence[int]) -> History:
        """The part of it with these actions."""
        kept = set(numbers)
        return replace(self, actions=tuple(n for n in self.actions if n.number in kept))

    @classmethod
    def of(cls, setting: Setting, *actions: Action) -> History:
        """A history written by hand."""
        return cls(setting, tuple(Numbered(n, action) for n, action in enumerate(actions)))


def drawn(seed: int) -> History:
    """The history of a seed."""
    return _Draw(seed).history()


class _Draw:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = random.Random(seed)
        self._between = random.Random(f"{seed}/between")

    def history(self) -> History:
        rng = self._rng
        people = rng.choice((1, 1, 1, 2, 2, 3))
        actions: list[Action] = []
        for who in range(people):
            actions += self._beginning(who)
        for _ in range(rng.randint(1, 4)):
            actions += self._doing(rng.randrange(people))
        on_clock = self._between.random() < CLOCKS
        setting = Setting(
            seed=self._seed,
            people=people + on_clock,
            weather=self._weather(),
            stripe={"after_last_retry": rng.choice(("cancel", "mark_unpaid", "leave_past_due"))},
            policy={"GRACE_PERIOD_DAYS": rng.choice(("0", "3", "7", "7", "14"))},
            strangers=self._some(people, 0.1),
            latecomers=self._some(people, 0.1),
        )
        happening = [Numbered(n, action) for n, action in enumerate(actions)]
        stories = [self._in_portal(people) for _ in range(self._between.choice((0, 0, 1, 2)))]
        if on_clock:
            stories.append(_on_clock(people, self._between))
        for story in stories:
            self._mix_in(story, happening)
        if self._between.random() < POLICIES:
            who = self._between.randrange(people)
            self._mix_in(_policy_changes(who, self._between), happening)
        return History(setting, tuple(happening))

    def _in_portal(self, people: int) -> list[Action]:
        make = self._between.choice(_IN_PORTAL)
        return make(self._between.randrange(people), self._between)

    def _mix_in(self, story: Sequence[Action], happening: list[Numbered]) -> None:
        """Let a story happen between what happens already, in its own order."""
        place = self._between.randint(0, len(happening))
        for action in story:
            if self._between.random() < 0.4:
                place = self._between.randint(place, len(happening))
            happening.insert(place, Numbered(len(happening), action))
            place += 1

    def _some(self, people: int, share: float) -> frozenset[int]:
        return frozenset(who for who in range(people) if self._rng.random() < share)

    def _weather(self) -> Weather:
        rng = self._rng
        bad = rng.choice((0.0, 0.3, 1.0, 1.0, 2.0))
        return Weather(
            calls=0.03 * bad,
            deaths=0.01 * bad,
            slow_calls=rng.choice((0.0, 0.02, 0.1, 0.2)),
            spread=rng.choice((0.0, 0.3, 3.0, 30.0)),
            late=rng.choice((0.0, 0.0, 0.05, 0.2)),
            twice=rng.choice((0.0, 0.05, 0.3)),
            lost=rng.choice((0.0, 0.0, 0.05, 0.3)),
            mangled=rng.choice((0.0, 0.0, 0.05)),
            hints_lost=rng.choice((0.0, 0.2)),
            skew=rng.choice((0, 5)),
            stripe_skew=rng.choice((0, 1)),
            lag=rng.choice((0, 2)),
        )

    def _of(self, *choices: Choice) -> Choice:
        return self._rng.choice(choices)

    def _beginning(self, who: int) -> list[Action]:
        """How they come to be a customer."""
        rng = self._rng
        trial = self._of(None, None, None, 7, 14)
        card = rng.choice(FIRST_CARDS)
        register = a.Register(who, card, self._of("metadata", "metadata", "users_table", "nothing"))
        subscribe = a.Subscribe(
            who,
            rng.choice(PLANS),
            rng.choice((1, 1, 1, 3)),
            trial,
            self._of(None, None, "default_incomplete", "error_if_incomplete"),
            classic=rng.random() < 0.3,
            named=rng.random() < 0.9,
        )
        checkout = a.CheckOut(who, rng.choice(PLANS), card, trial, as_known=rng.random() < 0.8)
        started = a.StartCheckout(
            who,
            rng.choice(PLANS),
            self._of(card, card, None),
            after=self._of(1.0, 30.0, 900.0),
            returns=rng.random() < 0.6,
            times=self._of(1, 1, 2),
        )
        bought = a.CheckOut(who, "self_hosted", card)
        begun = _one(
            rng,
            (
                [register, subscribe],
                [register, subscribe],
                [register, subscribe, subscribe],
                [register, checkout],
                [checkout],
                [started],
                [started],
                [register, started],
                [bought],
                [register, bought],
            ),
        )
        return [*begun, self._wait()]

    def _wait(self) -> a.Wait:
        seconds = self._rng.choice(
            (
                0.0,
                0.5,
                1.0,
                2.0,
                5.0,
                10.0,
                60.0,
                60.0,
                HOUR,
                HOUR,
                23 * HOUR,
                DAY,
                3 * DAY,
                8 * DAY,
            )
            + (31 * DAY,) * 2
        )
        return a.Wait(seconds)

    def _doing(self, who: int) -> list[Action]:
        """Something that happens, and how long until the next."""
        [make] = self._rng.choices([m for m, _ in _DOINGS], [weight for _, weight in _DOINGS])
        made = make(who, self._rng)
        done = made if isinstance(made, list) else [made]
        return done if self._rng.random() < 0.25 else [*done, self._wait()]


def _one(rng: random.Random, choices: Sequence[Sequence[Action]]) -> Sequence[Action]:
    return rng.choice(choices)


Make = Callable[[int, random.Random], "Action | list[Action]"]


def _failing_renewal(who: int, rng: random.Random) -> list[Action]:
    """A renewal fails; then their card is mended, or staff mend it, or nobody does."""
    ending = _one(
        rng,
        (
            [a.Behave(who, None), a.PayInvoice(who)],
            [a.Behave(who, None), a.Wait(4 * DAY)],
            [a.AttachCard(who, "pm_card_visa"), a.PayInvoice(who)],
            [a.PayInvoice(who, "void")],
            [a.PayInvoice(who, "mark_uncollectible")],
            [a.Wait(30 * DAY)],
            [],
        ),
    )
    declines = rng.choice(("generic_decline", "insufficient_funds", "lost_card"))
    return [
        a.Behave(who, declines),
        a.Wait(rng.choice((31 * DAY,) * 9 + (366 * DAY,))),
        a.Wait(rng.choice((0.0, HOUR, 2 * DAY, 8 * DAY))),
        *ending,
    ]


def _purchase(who: int, rng: random.Random) -> list[Action]:
    """They buy once; perhaps it is given back, or taken back."""
    card = rng.choice(
        (*GOOD, "pm_card_visa", "pm_usBankAccount_success", "pm_card_chargeCustomerFail")
    )
    after = _one(
        rng,
        (
            [],
            [a.Refund(who, 100)],
            [a.Refund(who, 100), a.Wait(rng.choice((0.0, HOUR))), a.Refund(who)],
            [a.Refund(who)],
            [a.Refund(who, fails=True)],
            [a.Dispute(who), a.Wait(rng.choice((0.0, DAY))), a.AnswerDispute(who, wins=True)],
            [a.Dispute(who), a.Wait(rng.choice((0.0, DAY))), a.AnswerDispute(who, wins=False)],
            [a.Dispute(who, inquiry=True), a.Wait(DAY)],
        ),
    )
    return [a.CheckOut(who, "self_hosted", card), a.Wait(rng.choice((0.0, 5.0, HOUR))), *after]


def _restless(who: int, rng: random.Random) -> list[Action]:
    """They change their mind every few seconds."""
    return [
        action
        for _ in range(rng.randint(3, 6))
        for action in (
            a.ChangePlan(who, rng.choice(MONTHLY), rng.randint(1, 9)),
            a.Wait(rng.choice((2.0, 5.0, 9.0, 14.0))),
        )
    ]


def _downgrade(who: int, rng: random.Random) -> list[Action]:
    ending = _one(rng, ([a.Wait(32 * DAY)], [a.ReleaseSchedule(who)], [a.Cancel(who, "now")], []))
    return [a.ScheduleDowngrade(who, rng.choice(MONTHLY)), *ending]


def _cancellation(who: int, rng: random.Random) -> list[Action]:
    how: Literal["at_period_end", "at", "now"] = rng.choice(
        ("at_period_end", "at_period_end", "at", "now")
    )
    after = _one(
        rng,
        (
            [a.Cancel(who, "undo" if how == "at_period_end" else "undo_at")],
            [a.Wait(33 * DAY)],
            [],
        ),
    )
    return [a.Cancel(who, how), *after]


def _another_start(who: int, rng: random.Random) -> list[Action]:
    """They are deleted at Stripe, and come back."""
    back = _one(
        rng,
        (
            [],
            [a.CheckOut(who, "standard_monthly")],
            [a.Register(who), a.Subscribe(who)],
            [a.StartCheckout(who)],
        ),
    )
    return [a.DeleteCustomer(who), a.Wait(rng.choice((0.0, 2.0, HOUR))), *back]


def _change_in_portal(who: int, rng: random.Random) -> list[Action]:
    return [a.ChangePlanInPortal(who, rng.choice(PLANS), rng.choice((1, 1, 3)))]


def _cancellation_in_portal(who: int, rng: random.Random) -> list[Action]:
    later = _one(rng, ([], [a.CancelInPortal(who, undo=True)], [a.Wait(31 * DAY)]))
    return [a.CancelInPortal(who), *later]


def _card_in_portal(who: int, rng: random.Random) -> list[Action]:
    return [a.ChangeCardInPortal(who, rng.choice(("5555555555554444", "378282246310005")))]


def _seats(who: int, rng: random.Random) -> list[Action]:
    proration = rng.choice(("create_prorations", "always_invoice", "none"))
    return [a.ChangeQuantity(who, rng.randint(1, 9), proration)]


def _unfinalized_renewal(who: int, rng: random.Random) -> list[Action]:
    """A renewal's invoice stays a draft that Stripe can't finalize."""
    mended = _one(rng, ([], [a.Finalize(who)], [a.Wait(DAY), a.Finalize(who)]))
    return [a.WaitForRenewal(who), a.FailFinalization(who), *mended]


_IN_PORTAL: tuple[Callable[[int, random.Random], list[Action]], ...] = (
    _change_in_portal,
    _change_in_portal,
    _cancellation_in_portal,
    _cancellation_in_portal,
    _card_in_portal,
    _seats,
    _seats,
    _unfinalized_renewal,
)


def _policy_changes(who: int, rng: random.Random) -> list[Action]:
    """Collection is paused, or grace runs, while another policy is deployed."""
    if rng.random() < 0.5:
        return [
            a.ChangePolicy("PAUSED_COLLECTION_ACCESS", "restricted"),
            a.PauseCollection(who, rng.choice(("void", "keep_as_draft"))),
            a.Wait(rng.choice((5.0, HOUR))),
            a.ChangePolicy("PAUSED_COLLECTION_ACCESS", "full"),
            a.ChangeQuantity(who, rng.randint(1, 9)),
        ]
    return [
        a.Behave(who, "insufficient_funds"),
        a.WaitForRenewal(who),
        a.Wait(2 * HOUR),
        a.ChangePolicy("GRACE_PERIOD_DAYS", rng.choice(("1", "2", "30"))),
        a.Wait(rng.choice((3 * DAY, 9 * DAY, 40 * DAY))),
    ]


def _on_clock(who: int, rng: random.Random) -> list[Action]:
    """Months pass for a customer on a test clock while hardly any time passes for us."""
    trial = rng.choice((None, None, 14))
    begun: list[Action] = [
        a.Register(who, on_clock=True),
        a.Subscribe(who, rng.choice(PLANS), trial_days=trial, classic=rng.random() < 0.3),
    ]
    for _ in range(rng.randint(1, 3)):
        begun += _one(
            rng,
            (
                [],
                [a.ChangePlan(who, rng.choice(PLANS))],
                [a.ChangePlanInPortal(who, rng.choice(PLANS))],
                [a.Cancel(who, "at_period_end")],
                [a.Cancel(who, "at")],
                [a.Behave(who, "insufficient_funds")],
                [a.Behave(who, None), a.PayInvoice(who)],
                [a.ScheduleDowngrade(who, "standard_monthly")],
            ),
        )
        begun.append(a.AdvanceClock(who, rng.choice((HOUR, DAY, 8 * DAY, 32 * DAY, 58 * DAY))))
        begun.append(a.Wait(rng.choice((0.0, 2.0, 60.0, HOUR))))
    return begun


_DOINGS: list[tuple[Make, int]] = [
    (_failing_renewal, 12),
    (_purchase, 8),
    (_downgrade, 6),
    (_cancellation, 8),
    (_another_start, 3),
    (lambda who, rng: a.Wait(31 * DAY), 6),
    (lambda who, rng: a.ChangePlan(who, rng.choice(PLANS), rng.choice((1, 1, 2, 5))), 8),
    (
        lambda who, rng: a.ChangePlan(
            who, rng.choice(PLANS), proration="always_invoice", behavior="pending_if_incomplete"
        ),
        5,
    ),
    (_restless, 14),
    (lambda who, rng: [a.ChangePlan(who, plan) for plan in rng.sample(PLANS, 3)], 4),
    (lambda who, rng: a.Subscribe(who, rng.choice(PLANS)), 4),
    (lambda who, rng: a.StartCheckout(who, rng.choice(PLANS)), 4),
    (lambda who, rng: a.CheckOut(who, rng.choice(MONTHLY)), 2),
    (lambda who, rng: a.PauseCollection(who, rng.choice(("void", "keep_as_draft", ""))), 4),
    (lambda who, rng: a.Pause(who, resume=rng.random() < 0.4), 4),
    (lambda who, rng: a.EndTrial(who), 3),
    (lambda who, rng: a.Authenticate(who, well=rng.random() < 0.8), 6),
    (lambda who, rng: a.AttachCard(who, rng.choice(GOOD), default=rng.random() < 0.6), 5),
    (lambda who, rng: a.DetachCard(who), 3),
    (lambda who, rng: a.RenewCard(who), 2),
    (lambda who, rng: a.PayBySubscriptionsOwnCard(who), 2),
    (lambda who, rng: a.Rename(who), 1),
    (lambda who, rng: a.BillByHand(who), 3),
    (lambda who, rng: a.PayInvoice(who, rng.choice(("pay", "void"))), 3),
    (lambda who, rng: a.Appear(who), 4),
    (lambda who, rng: a.StripeGoesDown(rng.choice((5.0, 120.0, 2 * HOUR))), 3),
    (lambda who, rng: a.Redrive(), 5),
    (lambda who, rng: a.Reconcile(rng.choice((None, who))), 4),
    (lambda who, rng: a.RedriveDeadLetters(), 2),
    (lambda who, rng: a.Replay(rng.choice((0.2, 0.5, 1.0))), 5),
    (lambda who, rng: a.ChangePolicy("GRACE_PERIOD_DAYS", rng.choice(("1", "7", "30"))), 2),
    (
        lambda who, rng: a.ChangePolicy(
            "PAUSED_COLLECTION_ACCESS", rng.choice(("full", "restricted"))
        ),
        2,
    ),
]

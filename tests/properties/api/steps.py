"""The steps of a play: what is done, and what goes wrong meanwhile. As text, a play is a line."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from tests.support.troubles import DEATH, WRITE_TROUBLES

#: What a user asks of the API; the more can go wrong, the more often.
REQUESTS = (
    *("change",) * 8,
    *("default",) * 4,
    *("buy", "cancel", "reactivate") * 2,
    *("return", "preview", "set_up", "attach", "detach", "purchase", "portal"),
    *("dashboard", "invoices", "access"),
)
#: What happens at Stripe without the API.
DEEDS = ("pay", "confirm", "card", "staff", "wait")
TROUBLES = {str(trouble): trouble for trouble in WRITE_TROUBLES}

_STEP = re.compile(
    r"(?P<act>\w+)\.(?P<choice>\d+)(?:/(?P<fate>[\w.]+)@(?P<at>\d+)(?P<gives_up>!?))?"
)


class Step(NamedTuple):
    """An act, with a number by which it chooses among what it could do.

    ``fate`` is a trouble's name, a death, or another request that comes meanwhile; it befalls the
    first call that it can befall from call ``at`` on. A client that ``gives_up`` doesn't try again.
    """

    act: str
    choice: int
    fate: str = ""
    at: int = 0
    gives_up: bool = False

    def __str__(self) -> str:
        fate = f"/{self.fate}@{self.at}{'!' if self.gives_up else ''}" if self.fate else ""
        return f"{self.act}.{self.choice}{fate}"


def written(steps: Sequence[Step]) -> str:
    return " ".join(map(str, steps))


def read(text: str) -> list[Step]:
    """Read a play that was written."""
    return [_read(word) for word in text.split()]


def _read(word: str) -> Step:
    found = _STEP.fullmatch(word)
    assert found is not None, f"{word} is no step"
    told = found.groupdict()
    return Step(
        told["act"],
        int(told["choice"]),
        told["fate"] or "",
        int(told["at"] or 0),
        bool(told["gives_up"]),
    )


_CHOICES = st.integers(0, 63)


@st.composite
def _requests(draw: st.DrawFn) -> Step:
    act, choice = draw(st.sampled_from(REQUESTS)), draw(_CHOICES)
    kind = draw(st.sampled_from(("", "trouble", "trouble", "death", "twice", "meanwhile")))
    if not kind:
        return Step(act, choice)
    meanwhile = f"{draw(st.sampled_from(REQUESTS))}.{draw(_CHOICES)}"
    fates = {
        "trouble": draw(st.sampled_from(sorted(TROUBLES))),
        "death": DEATH,
        "twice": f"{act}.{choice}",
        "meanwhile": meanwhile,
    }
    return Step(act, choice, fates[kind], draw(st.integers(0, 25)), draw(st.booleans()))


def plays(most: int) -> st.SearchStrategy[list[Step]]:
    """Plays of at most so many steps. The first says who the user is."""
    users = st.sampled_from((1, 0, 2, 3, 4, 5)).map(lambda choice: Step("user", choice))
    deeds = st.tuples(st.sampled_from(DEEDS), _CHOICES).map(lambda drawn: Step(*drawn))
    # Each may be left out, so that a failing play is made small, and yet most are long.
    maybe = st.one_of(st.none(), _requests(), _requests(), deeds)
    rest = st.tuples(*[maybe] * most)
    return st.builds(lambda user, steps: [user, *filter(None, steps)], users, rest)

"""``scai-ops replay``: Stripe's events once more, from Stripe or from EventBridge's archives."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

import typer

from ops.archive import ARCHIVING_SECONDS, ArchiveReplay, Bus, find_archive, follow, start
from ops.cli.asked import Asked
from ops.cli.misuse import Misuse
from ops.cli.options import target_of
from ops.cli.output import gathered, note, say, show_json, show_table
from ops.cli.times import SinceIfGiven, Until, window
from ops.cli.unfolding import unfolded
from ops.errors import OpsError
from ops.journal import Journal
from ops.replaying import Query, Replayed, Standing, look
from ops.replaying import replay as replay_events
from ops.target import Target

_WORDS: dict[Standing, str] = {
    "new": "never came",
    "failed": "failed",
    "ignored": "was set aside",
    "unfinished": "was not finished",
    "done": "is done",
    "running": "is being worked on",
    "not_routed": "no rule wants it",
    "unreadable": "unreadable",
    "unknown": "unknown to Stripe",
}

#: How many events a second come by the front door, where it isn't said.
_PER_SECOND = 10.0
PerSecond = Annotated[
    float | None,
    typer.Option(
        min=0.1, max=100, help=f"How many a second at most; {_PER_SECOND:g} if not given."
    ),
]


@dataclass(frozen=True)
class Which:
    """The events that are meant: by id, by what they are about, or of an archive's window."""

    ids: Annotated[list[str] | None, typer.Argument(help="Stripe's events, by id.")] = None
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Of this type; * stands for anything.")
    ] = None
    customer: Annotated[str | None, typer.Option(help="Whose object names this customer.")] = None
    since: SinceIfGiven = None
    until: Until = None
    archive: Annotated[
        bool, typer.Option("--archive", help="From our bus's archive, by --since and --until.")
    ] = False
    partner_archive: Annotated[
        bool,
        typer.Option("--partner-archive", help="Likewise from that of the partner's bus."),
    ] = False
    again: Annotated[
        bool, typer.Option("--all", help="Those that are done, too: they end as duplicates.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse what would be left out silently.

        Raises:
            Misuse: options are too few, or some that don't go together.
        """
        if self.archive and self.partner_archive:
            raise Misuse("one archive at a time: give --archive or --partner-archive")
        if self.bus and (self.ids or self._named or self.again or self.since is None):
            raise Misuse("an archive is replayed by --since and --until alone")
        if self.ids and (self._named or self.since or self.until):
            raise Misuse("events by id need no --type, --customer, --since or --until")
        if not (self.ids or self._named or self.since):
            raise Misuse("say which: ids of events, --type, --customer or --since")
        if self.until and not self.since:
            raise Misuse("with --until give --since too")

    @property
    def bus(self) -> Bus | None:
        """Whose archive is meant, if any."""
        if self.partner_archive:
            return "partner"
        return "billing" if self.archive else None

    def window(self, now: int) -> tuple[int, int]:
        """From when on and until when (UTC seconds); the last day if it isn't said."""
        return window(self.since or "24h", self.until, now)

    def query(self, now: int) -> Query:
        """What to ask Stripe for."""
        begin, end = self.window(now)
        return Query(
            ids=tuple(self.ids or ()),
            types=tuple(self.types or ()),
            customer_id=self.customer,
            since=begin,
            until=end,
        )

    @property
    def _named(self) -> bool:
        return bool(self.types or self.customer)


@unfolded
def replay(
    context: typer.Context, which: Which, *, per_second: PerSecond = None, asked: Asked
) -> None:
    """Replay Stripe's events: by id, type, customer or time, or a window of an archive."""
    if which.bus and per_second is not None:
        raise Misuse("EventBridge replays an archive as fast as it will: leave out --per-second")
    target = target_of(context)
    if which.bus:
        _replay_archive(target, which.bus, which.window(target.ports.now()), asked)
    else:
        _replay_from_stripe(target, which, per_second or _PER_SECOND, asked)


def _replay_from_stripe(target: Target, which: Which, per_second: float, asked: Asked) -> None:
    query, again = which.query(target.ports.now()), which.again
    if asked.dry_run:
        found = gathered("looking", look(target, query, again=again))
        _tell(found, "would be put on the bus", asked)
        return
    journal = Journal(target, asked.confirmed(_question(target, query, asked, again=again)))
    with closing(replay_events(target, journal, query, again=again, per_second=per_second)) as work:
        done = gathered("replaying", work, changing=True)
    _tell(done, "put on the bus", asked)


def _question(target: Target, query: Query, asked: Asked, *, again: bool) -> str:
    """Say how many it would be, where somebody is asked."""
    if asked.yes:
        return ""
    counts = Counter(each.put for each in look(target, query, again=again))
    return f"Put {counts[True]} events on the bus, and leave {counts[False]} alone?"


def _tell(found: Sequence[Replayed], done: str, asked: Asked) -> None:
    """Say what was done with each; end with 1 where any could not be replayed."""
    if asked.as_json:
        show_json(found)
    elif not found:
        note("Stripe has no such events")
    else:
        show_table(
            ("event", "created", "type", "customer", "it", done, "why not"),
            (
                (
                    each.event_id,
                    f"{each.created_at:%Y-%m-%d %H:%M:%S}" if each.created_at else "",
                    each.type,
                    each.customer_id,
                    _WORDS[each.standing],
                    "yes" if each.put else "no",
                    each.error,
                )
                for each in found
            ),
            prose=("why not",),
        )
        say(f"{sum(each.put for each in found)} of {len(found)} {done}")
    failed = sum(each.error is not None for each in found)
    if failed:
        raise OpsError(f"{failed} could not be replayed")


def _replay_archive(target: Target, bus: Bus, window: tuple[int, int], asked: Asked) -> None:
    archive = find_archive(target, bus)
    if window[1] > target.ports.now() - ARCHIVING_SECONDS:
        note("events of the last ten minutes may not have come to the archive: replay them later")
    about = f"{archive.name} of the {bus} bus ({archive.days} days, about {archive.events} events)"
    if asked.dry_run:
        note(f"would replay {about}: what is done already would only end as a duplicate")
        if asked.as_json:
            show_json(archive)
        return
    journal = Journal(target, asked.confirmed(f"Replay {about}?"))
    started = start(target, journal, archive, *window)
    note(f"{started.name} goes on by itself, whether or not this is followed to its end")
    *_, ended = gathered("replaying", follow(target, started.name))
    _tell_archive(ended, asked)


def _tell_archive(replay: ArchiveReplay, asked: Asked) -> None:
    if asked.as_json:
        show_json(replay)
    else:
        what = f"up to {replay.reached:%Y-%m-%d %H:%M:%S}" if replay.reached else "of no events"
        say(f"{replay.name}: {replay.state.lower()}, {what}")
    if replay.state != "COMPLETED":
        raise OpsError(f"the replay ended as {replay.state}: {replay.reason or 'AWS says no more'}")

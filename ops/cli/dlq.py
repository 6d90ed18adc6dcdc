"""``scai-ops dlq``: dead letters, looked at, brought to what missed them, or dropped."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

import typer

from ops.cli.asked import Asked
from ops.cli.misuse import Misuse
from ops.cli.options import AsJson, target_of
from ops.cli.output import gathered, note, say, show_json, show_table
from ops.cli.unfolding import unfolded
from ops.dead_letters import DeadLetter, Handled, QueueLook
from ops.errors import OpsError
from ops.journal import Journal
from ops.queues import MOST, find, look
from ops.redriving import Handling
from ops.redriving import drop as drop_letters
from ops.redriving import redrive as redrive_letters
from ops.remedies import intentions
from ops.target import Target

app = typer.Typer(no_args_is_help=True, help="Dead letters: what reached nobody.")

_QUEUES = ("events", "facts", "failures", "mails")
Queues = Annotated[
    list[str] | None,
    typer.Option(
        "--queue",
        help=f"Only of this queue: {', '.join(_QUEUES)}.",
        autocompletion=lambda: list(_QUEUES),
    ),
]
#: No slower: a page of messages has to be handled while it is hidden from others.
PerSecond = Annotated[float, typer.Option(min=1, max=100, help="How many a second at most.")]


@dataclass(frozen=True)
class Which:
    """The messages that are meant, by exactly one way to say so."""

    ids: Annotated[
        list[str] | None, typer.Argument(help="Messages, by the ids that `list` shows.")
    ] = None
    queues: Queues = None
    everything: Annotated[bool, typer.Option("--all", help="All that there are.")] = False

    def __post_init__(self) -> None:
        if sum(map(bool, (self.ids, self.queues, self.everything))) != 1:
            raise Misuse("say which: ids of messages, or --queue, or --all")


@app.command("list")
def list_(
    context: typer.Context,
    *,
    queues: Queues = None,
    limit: Annotated[int, typer.Option(min=1, max=20_000, help="Of each queue.")] = MOST,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the oldest of each queue first. Looking changes nothing."""
    looks = look(target_of(context), queues or (), limit)
    if as_json:
        show_json(looks)
    elif any(found.letters for found in looks):
        _show([letter for found in looks for letter in found.letters])
    else:
        say("there are no dead letters")
    _own_up(looks)


@app.command()
def show(
    context: typer.Context,
    message: Annotated[str, typer.Argument(help="A message, by the id that `list` shows.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show a dead letter whole: what it is, why it is one, and what redriving would do."""
    target = target_of(context)
    (letter,) = find(target, [message])
    if as_json:
        show_json(letter)
        return
    told = letter.model_dump(exclude={"remedy", "body"}, exclude_none=True)
    told["redriving would"] = intentions(target, [letter])[letter.id]
    for name, value in told.items():
        say(f"{name.replace('_', ' ')}: {value}")
    say(letter.body)


@app.command()
@unfolded
def redrive(
    context: typer.Context, which: Which, *, per_second: PerSecond = 10, asked: Asked
) -> None:
    """Bring dead letters again to what missed them. What can't be brought stays."""
    target = target_of(context)
    letters = _chosen(target, which)
    if asked.dry_run:
        _plan(letters, intentions(target, letters), asked)
        return
    journal = _journal(target, f"Redrive {len(letters)} messages?", letters, asked)
    _do(letters, lambda queue, ids: redrive_letters(target, journal, queue, ids, per_second), asked)


@app.command()
@unfolded
def drop(context: typer.Context, which: Which, asked: Asked) -> None:
    """Delete dead letters for good: nothing brings them back."""
    target = target_of(context)
    letters = _chosen(target, which)
    if asked.dry_run:
        _plan(letters, dict.fromkeys((x.id for x in letters), "delete it"), asked)
        return
    journal = _journal(target, f"Drop {len(letters)} messages for good?", letters, asked)
    _do(letters, lambda queue, ids: drop_letters(target, journal, queue, ids), asked)


def _chosen(target: Target, which: Which) -> list[DeadLetter]:
    if which.ids:
        return find(target, which.ids)
    looks = look(target, which.queues or ())
    _own_up(looks)
    return [letter for found in looks for letter in found.letters]


def _journal(target: Target, question: str, letters: Sequence[DeadLetter], asked: Asked) -> Journal:
    """Ask, unless there is nothing to do."""
    return Journal(target, asked.confirmed(question) if letters else "nothing to do")


def _do(
    letters: Sequence[DeadLetter], handle: Callable[[str, list[str]], Handling], asked: Asked
) -> None:
    """Handle the messages, queue by queue; end with 1 where any stays."""
    with closing(_handled(letters, handle)) as work:  # Ctrl-C gives back what is held
        handled = gathered("messages", work, len(letters), changing=True)
    _tell(handled, asked)
    left = sum(not h.done for h in handled)
    if left:
        raise OpsError(f"{left} of {len(handled)} stay in their queues")


def _handled(
    letters: Sequence[DeadLetter], handle: Callable[[str, list[str]], Handling]
) -> Handling:
    for queue in dict.fromkeys(letter.queue for letter in letters):
        yield from handle(queue, [letter.id for letter in letters if letter.queue == queue])


def _tell(handled: Sequence[Handled], asked: Asked) -> None:
    if asked.as_json:
        show_json(handled)
        return
    if not handled:
        note("there are no dead letters")
        return
    show_table(
        ("message", "queue", "what", "event", "done", "result"),
        ((h.id, h.queue, h.what, h.event_id, "yes" if h.done else "NO", h.result) for h in handled),
        prose=("result",),
    )


def _plan(letters: Sequence[DeadLetter], plans: dict[str, str], asked: Asked) -> None:
    if asked.as_json:
        show_json([{"id": x.id, "queue": x.queue, "would": plans[x.id]} for x in letters])
        return
    show_table(
        ("message", "queue", "what", "event", "would"),
        ((x.id, x.queue, x.what, x.event_id, plans[x.id]) for x in letters),
        prose=("would",),
    )


def _show(letters: Sequence[DeadLetter]) -> None:
    show_table(
        ("message", "queue", "since", "what", "event", "didn't reach", "why"),
        (
            (
                x.id,
                x.queue,
                f"{x.sent_at:%Y-%m-%d %H:%M:%S}",
                x.what,
                x.event_id,
                x.target,
                ": ".join(filter(None, (x.error, x.message))),
            )
            for x in letters
        ),
        prose=("why",),
    )


def _own_up(looks: Sequence[QueueLook]) -> None:
    """Say where a list isn't complete."""
    for found in looks:
        if not found.complete:
            note(
                f"{found.queue}: about {found.missing} more can't be seen now: they are beyond the"
                " limit, or somebody else has them in hand"
            )

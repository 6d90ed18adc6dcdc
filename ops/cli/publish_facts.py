"""``scai-ops publish-facts``: tell what was committed and never told."""

import typer

from ops.cli.asked import Asked
from ops.cli.options import target_of
from ops.cli.output import gathered, note, show_json, show_table
from ops.cli.unfolding import unfolded
from ops.errors import OpsError
from ops.journal import Journal
from ops.unpublished import Published, forgotten_facts, publish_each


@unfolded
def publish_facts(context: typer.Context, asked: Asked) -> None:
    """Publish the facts that the ledger's stream has forgotten, so that subscribers hear of them.

    What its dead letters hold is published by `dlq redrive --queue facts` as well.
    """
    target = target_of(context)
    facts = list(forgotten_facts(target))
    if not facts:
        note("all facts are on the bus")
    published = [Published(key=fact.key, done=False) for fact in facts]
    if facts and not asked.dry_run:
        journal = Journal(target, asked.confirmed(f"Publish {len(facts)} facts?"))
        work = publish_each(target, journal, facts)
        published = gathered("publishing", work, len(facts), changing=True)
    if asked.as_json:
        show_json(published)
    elif facts:
        done = ("would be published",) * 2 if asked.dry_run else ("published", "NOT published")
        show_table(
            ("fact", "", "why"),
            ((p.key, done[0] if p.done else done[1], p.error) for p in published),
            prose=("why",),
        )
    left = sum(not each.done for each in published)
    if left and not asked.dry_run:
        raise OpsError(f"{left} of {len(facts)} are not on the bus: try again later")

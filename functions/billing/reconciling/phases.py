"""The phases of a run, and what comes after each."""

from collections.abc import Callable, Mapping

from billing.contracts.reconcile import Cursor, Phase, Run
from billing.reconciling.customer import compare_customer
from billing.reconciling.debts import announce_ends_of_grace
from billing.reconciling.events import replay_lost_events
from billing.reconciling.look import Look
from billing.reconciling.subscriptions import compare_subscriptions

#: Pages that one execution looks at. Of the 25,000 events that its history may have each makes 7,
#: and 3 for each further try.
PAGES_PER_EXECUTION = 500

_LOOKS: Mapping[Phase, Callable[[Look], Cursor | None]] = {
    "subscriptions": compare_subscriptions,
    "events": replay_lost_events,
    "debts": announce_ends_of_grace,
    "customer": compare_customer,
}
_NEXT: Mapping[Phase, Phase] = {"subscriptions": "events", "events": "debts"}


def look_at_a_page(look: Look) -> Run:
    """Look at the page at which the run stands, and say where it stands then."""
    run, phase = look.run, look.run.cursor.phase
    page = run.page + 1
    cursor = _LOOKS[phase](look)
    if cursor is None and phase in _NEXT:
        cursor = Cursor(phase=_NEXT[phase])
    if cursor is None:
        return run.model_copy(update={"page": page, "outcome": "done"})
    full = page % PAGES_PER_EXECUTION == 0
    update = {"page": page, "cursor": cursor, "outcome": "full" if full else "more"}
    return run.model_copy(update=update)

"""One customer: who they are, how it stands with them, and their story.

The users table may hold ids of any form, with slashes too: an id is the rest of its address.
"""

from fastapi import APIRouter

from ops import customer, people, timeline
from ops.chapters import TimelinePage
from ops.console.dependencies import TargetOf
from ops.customer import CustomerView
from ops.people import Person

router = APIRouter(tags=["people"])


@router.get("/people")
def find_person(target: TargetOf, text: str) -> Person:
    """Whoever a user id, an e-mail address, a Stripe id or an execution belongs to."""
    return people.find_person(target, text)


@router.get("/people/{user_id:path}/timeline")
def get_timeline(target: TargetOf, user_id: str, cursor: str | None = None) -> TimelinePage:
    page = timeline.timeline(target, user_id, cursor)
    return timeline.with_statuses(target, page)


@router.get("/people/{user_id:path}")
def get_customer(target: TargetOf, user_id: str) -> CustomerView:
    return customer.customer(target, people.find_person(target, user_id))

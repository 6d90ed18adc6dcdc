"""The one box: an execution by name or ARN, or whoever a text names."""

from fastapi import APIRouter

from ops import searching
from ops.console.dependencies import TargetOf
from ops.searching import Found

router = APIRouter(tags=["search"])


@router.get("/search")
def search(target: TargetOf, text: str) -> Found:
    """Where to go: an execution, or a customer."""
    return searching.search(target, text)

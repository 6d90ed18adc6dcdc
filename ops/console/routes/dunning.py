"""The dunning board."""

from fastapi import APIRouter

from ops import dunning
from ops.console.dependencies import TargetOf
from ops.dunning import DunningPage

router = APIRouter(tags=["dunning"])


@router.get("/dunning")
def get_dunning(target: TargetOf, cursor: str | None = None) -> DunningPage:
    return dunning.dunning_board(target, cursor)

"""Whether all is well."""

from fastapi import APIRouter

from ops import health
from ops.console.dependencies import TargetOf
from ops.health import Health

router = APIRouter(tags=["health"])


@router.get("/health")
def get_health(target: TargetOf) -> Health:
    return health.health(target)

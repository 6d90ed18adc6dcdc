"""Routes at which a resource does nothing of its own: retrieve one, list them, change fields."""

from __future__ import annotations

from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import Params, Spec, changes_of
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

NOTHING: Spec = {}


def retrieve(path: str, kind: str, spec: Spec = NOTHING) -> Route:
    def handler(world: World, _params: Params, object_id: str) -> Json:
        return world.store.get(kind, object_id)

    return Route("GET", path, handler, spec)


def listing(path: str, kind: str, spec: Spec) -> Route:
    """The list of a type; each parameter beyond `LIST` is a field that must equal it."""
    filters = [name for name in spec if name not in LIST]

    def handler(world: World, params: Params) -> Json:
        where = {name: params[name] for name in filters if params.get(name) is not None}
        return page(world.store.newest_first(kind, **where), params, path)

    return Route("GET", path, handler, spec)


def update(path: str, kind: str, spec: Spec) -> Route:
    """The change of fields that are stored as they are given, and the event that tells of it."""

    def handler(world: World, params: Params, object_id: str) -> Json:
        before = world.store.get(kind, object_id)
        changed = world.store.update(before, **changes_of(before, params))
        world.emit(f"{kind}.updated", changed, before)
        return changed

    return Route("POST", path, handler, spec)

"""One module per topic; each route calls one function of ``ops`` and answers its model."""

from ops.console.routes import (
    audit,
    dead_letters,
    drift,
    dunning,
    executions,
    health,
    people,
    replays,
    search,
    session,
)

ROUTERS = tuple(
    topic.router
    for topic in (
        session,
        search,
        executions,
        people,
        dunning,
        dead_letters,
        replays,
        drift,
        health,
        audit,
    )
)

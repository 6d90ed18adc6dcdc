"""Which executions a command is about: the options that say so."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.cli.times import Since, Until, window
from ops.executions import Filter, Status
from ops.people import find_person
from ops.target import Target

#: For as long Step Functions knows an execution that has ended.
EVER = "90d"


@dataclass(frozen=True)
class Wanted:
    """The options; each that is given narrows what is wanted."""

    machine: Annotated[
        str | None, typer.Option(help="Of one machine, such as payment_failure.")
    ] = None
    status: Annotated[
        Status | None, typer.Option(help="In one state, such as FAILED.", case_sensitive=False)
    ] = None
    error: Annotated[
        str | None, typer.Option(help="That failed with an error, such as UserNotFound.")
    ] = None
    customer: Annotated[str | None, typer.Option(help="Of a Stripe customer, cus_….")] = None
    user: Annotated[str | None, typer.Option(help="Of a user, by id or e-mail.")] = None
    event_type: Annotated[
        str | None,
        typer.Option("--type", help="Started by a type of event, such as invoice.paid."),
    ] = None
    since: Since = EVER
    until: Until = None

    def on(self, target: Target) -> Filter:
        """The filter that they make."""
        begin, end = window(self.since, self.until, target.ports.now())
        return Filter(
            machine=self.machine,
            status=self.status,
            error=self.error,
            customer_id=self.customer,
            user_id=self._user_id(target),
            event_type=self.event_type,
            since=datetime.fromtimestamp(begin, UTC),
            until=datetime.fromtimestamp(end, UTC) if self.until else None,
        )

    def _user_id(self, target: Target) -> str | None:
        if self.user is None or "@" not in self.user:
            return self.user
        return find_person(target, self.user).user_id

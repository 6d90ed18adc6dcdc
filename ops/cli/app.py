"""The commands of ``scai-ops``, and how each of them ends.

Guards that scripts and people can rely on its ends (``ENDS``), and that whatever is wrong is said
in a line on standard error, with what to do.
"""

import sys
from collections.abc import Callable
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from billing.domain.errors import BillingError
from local.stack.errors import StackError
from ops.cli import (
    audit,
    causes,
    console,
    customer,
    dlq,
    drift,
    dunning,
    executions,
    health,
    publish_facts,
    reconcile,
    replay,
    retry,
    show,
    timeline,
)
from ops.cli.options import choose_target
from ops.cli.output import note
from ops.errors import OpsError

ENDS = (
    "Ends with 0 if all is well; 1 if something is wrong, or could not be done; 2 if it was used"
    " wrongly; 130 if it was interrupted."
)

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, epilog=ENDS)
app.callback()(choose_target)

#: In the order in which they are listed.
COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("executions", executions.executions),
    ("show", show.show),
    ("causes", causes.causes),
    ("retry", retry.retry),
    ("retry-failed", retry.retry_failed),
    ("replay", replay.replay),
    ("publish-facts", publish_facts.publish_facts),
    ("timeline", timeline.timeline),
    ("customer", customer.customer),
    ("reconcile", reconcile.reconcile),
    ("drift", drift.drift),
    ("dunning", dunning.dunning),
    ("health", health.health),
    ("audit", audit.audit),
    ("console", console.console),
)
for name, command in COMMANDS:
    app.command(name)(command)
app.add_typer(dlq.app, name="dlq")


def main() -> None:
    """Run ``scai-ops``."""
    try:
        app()
    except (OpsError, BillingError, StackError) as error:
        _fail(str(error))
    except ClientError as error:
        _fail(
            f"AWS refused {error.operation_name}: {error.response['Error'].get('Message', error)}"
        )
    except BotoCoreError as error:
        _fail(f"AWS can't be asked: {error}")


def _fail(message: str) -> None:
    note(f"error: {message}")
    sys.exit(1)

"""``scai-ops console``: the same by a web page, on this machine only."""

import secrets
from contextlib import nullcontext
from typing import Annotated

import typer

from ops.cli.options import target_of
from ops.cli.output import say


def console(
    context: typer.Context,
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 4580,
    allow_writes: Annotated[
        bool, typer.Option("--allow-writes", help="On AWS: let the page change things.")
    ] = False,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in your browser.")
    ] = True,
) -> None:
    """Serve the console: executions, customers, dead letters and health as a page. Ctrl-C ends it.

    The local stack has one already, see `make status`.
    """
    from ops.console.app import create_app  # noqa: PLC0415  a second that no other command needs
    from ops.console.serving import address, listen, opened, serve  # noqa: PLC0415

    key = secrets.token_urlsafe(32)
    app = create_app(target_of(context), allow_writes=allow_writes, key=key)
    with listen(port) as listener:
        url = address(listener, key)
        say(f"Console {url} (Ctrl-C ends it)")
        with opened(url) if open_page else nullcontext():
            serve(app, listener)

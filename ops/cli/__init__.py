"""``scai-ops``: the command line for operators."""

from ops.cli.app import main

__all__ = ["main"]

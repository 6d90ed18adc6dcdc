"""A state machine's definition, checked and compiled: the subset of ASL that our files use.

What it doesn't know (a field, a type, an operator, an intrinsic function) it refuses on loading.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Machine:
    """A definition that can be walked. Immutable: one serves all executions."""

    name: str

    @classmethod
    def named(cls, name: str) -> "Machine":
        """Load ``statemachines/<name>.asl.json``. Cached.

        Raises:
            NotSimulated: it uses what the walker doesn't know.
        """
        raise NotImplementedError

    @classmethod
    def of(cls, name: str, definition: dict[str, Any]) -> "Machine":
        """Check and compile a definition."""
        raise NotImplementedError

"""Where a list goes on: a model as an opaque text that fits into an address."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ops.errors import OpsError

Position = TypeVar("Position", bound=BaseModel)


def write_cursor(position: BaseModel) -> str:
    return urlsafe_b64encode(position.model_dump_json(exclude_defaults=True).encode()).decode()


def read_cursor(kind: type[Position], text: str) -> Position:
    """Read a cursor of one kind of list.

    Raises:
        OpsError: it is no such cursor.
    """
    try:
        return kind.model_validate_json(urlsafe_b64decode(text.encode()))
    except (ValueError, ValidationError):
        raise OpsError("this cursor is of no such list: begin again without one") from None

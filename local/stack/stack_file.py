"""`.local/stack.json`: everything that a tool needs to find and use a running stack.

It is there, whole, only while the stack answers: written last and removed first.
"""

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from local.stack.errors import StackError


class SeededUser(BaseModel):
    """A user of the SaaS, with an access token and the password to get another."""

    userId: str  # noqa: N815  the key that tools read
    email: str
    password: str
    token: str


class Tables(BaseModel):
    users: str
    subscriptions: str
    customers: str
    events: str
    idempotency: str


class StackFile(BaseModel):
    """A running stack, as tools see it."""

    model_config = ConfigDict(frozen=True)

    aws_endpoint: str
    aws_region: str
    api_url: str
    webhook_url: str
    webhook_secret: str
    stripe_api_base: str
    stripe_secret_key: str
    portal_url: str | None = None
    console_url: str
    stack_name: str
    user_pool_id: str
    user_pool_client_id: str
    users: list[SeededUser]
    admin_token: str
    prices: dict[str, str]
    tables: Tables
    state_machines: dict[str, str]
    event_bus: str
    partner_event_source: str
    dead_letter_queues: dict[str, str]
    mails_url: str

    def write(self, path: Path) -> None:
        """Write it at once, readable by its owner only: it holds tokens."""
        draft = path.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(self.model_dump_json(indent=2) + "\n")
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> "StackFile":
        """Read the file of a running stack.

        Raises:
            StackError: there is none.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise StackError(f"no stack is running (no {os.path.relpath(path)}): make up") from None

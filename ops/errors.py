"""The errors that operators see: one line that says what is wrong, and what to do."""


class OpsError(Exception):
    """Something can't be done; the message says why, and what to do about it."""


class NotFound(OpsError):
    """There is no such execution, event, user or message."""


class NotAllowed(OpsError):
    """It would change something, and that isn't allowed here."""

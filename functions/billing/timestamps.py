"""Times are UTC seconds; AWS and our API write them in ISO 8601."""

from datetime import UTC, datetime
from typing import Final

DAY: Final = 86_400


def iso8601(seconds: int) -> str:
    """Write UTC seconds as Step Functions' ``TimestampPath`` reads them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

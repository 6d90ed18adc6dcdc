"""Stored times as AWS and our API write them: ISO 8601, in UTC."""

from datetime import UTC, datetime


def iso8601(seconds: int) -> str:
    """Write UTC seconds as Step Functions' ``TimestampPath`` reads them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""How every client calls AWS, and reads its errors."""

from botocore.config import Config
from botocore.exceptions import ClientError

#: Four tries of five seconds at most fit into a function's life; botocore's own 60 s don't.
SHORT_CALLS = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 4},
    tcp_keepalive=True,
)


def error_code(error: ClientError) -> str:
    """The service's own code, such as ``ConditionalCheckFailedException``."""
    return error.response.get("Error", {}).get("Code", "")

"""JSON as the simulator writes it: small, and the same to the byte for the same content."""

from __future__ import annotations

import json
from typing import Any

_encode = json.JSONEncoder(separators=(",", ":")).encode


def encode(content: Any) -> bytes:
    return _encode(content).encode()

"""What functions measured, as they tell CloudWatch of it."""

import json
from typing import Any

import pytest

from billing import metrics


def documents(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The documents of metrics among what was printed."""
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"_aws"')]


def measured(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Have what was measured told, and add it up."""
    metrics.tell()
    return {
        name: sum(document[name])
        for document in documents(capsys)
        for name in document.keys() - {"_aws", "service"}
    }

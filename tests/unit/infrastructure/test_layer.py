"""The layer's boto3 knows every service that our code calls: the others' data is left out."""

import re

from tests.support.template import ROOT


def test_every_service_that_a_function_calls_is_in_the_layer() -> None:
    sources = (ROOT / "functions").rglob("*.py")
    called = {
        service
        for source in sources
        for service in re.findall(r'boto3\.client\(\s*"([\w-]+)"', source.read_text("utf-8"))
    }
    makefile = (ROOT / "layer" / "Makefile").read_text("utf-8")
    (kept,) = re.findall(r"^SERVICES := (.+)$", makefile, re.MULTILINE)

    assert "sesv2" in called
    assert called <= set(kept.split())

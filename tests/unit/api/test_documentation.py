"""The API documents itself: the document as it is committed, and a page that shows it."""

import gzip
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest

from api.documentation import DOCUMENT
from tests.support.api import Api, ApiAnswer


def test_anybody_gets_the_committed_document(api: Api) -> None:
    answer = api.get("/openapi.json", user=None)

    assert answer.status == 200
    assert answer.header("Content-Type") == "application/json"
    assert answer.text == DOCUMENT.read_text(encoding="utf-8")


def test_the_page_takes_the_document_from_beside_itself_wherever_that_is(api: Api) -> None:
    answer = api.get("/docs", user=None)

    assert answer.status == 200
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert 'url: "openapi.json"' in answer.text


def test_the_page_runs_nothing_but_what_its_policy_names(api: Api) -> None:
    answer = api.get("/docs", user=None)
    policy = answer.header("Content-Security-Policy") or ""

    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        inlined = re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        assert len(inlined) == 2
        named = " ".join(f"'sha256-{_digest(text)}'" for text in inlined)
        assert f"{tag}-src {named};" in policy
    assert not re.search(r"<script [^>]*src|<link [^>]*stylesheet", answer.text)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_what_rarely_changes_is_small_and_cached(api: Api, path: str) -> None:
    plain = api.get(path, user=None)
    packed = api.get(path, user=None, headers={"accept-encoding": "gzip, br"})

    assert plain.header("Cache-Control") == packed.header("Cache-Control") == "public, max-age=300"
    assert packed.header("Content-Encoding") == "gzip"
    assert packed.header("Vary") == "Accept-Encoding"
    assert _unpacked(packed) == plain.text
    assert len(packed.text) < len(plain.text) / 2
    assert len(json.dumps(plain.raw)) < 6_000_000  # what a Lambda may answer


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _unpacked(answer: ApiAnswer) -> str:
    return gzip.decompress(b64decode(answer.text)).decode()

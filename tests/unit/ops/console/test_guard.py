"""Only a page of the console's own, under its own address, reads or changes anything."""

from typing import Any

import pytest

from tests.support.stepfunctions import Stage
from tests.unit.ops.console.conftest import ADDRESS, KEY, OURS, Browser

READ = "/api/executions"
WRITE = "/api/retries"
EVIL = "https://evil.example"


def a_retry(stage: Stage) -> dict[str, Any]:
    return {"arn": stage.failed("renew", "one"), "reason": "a test"}


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:4581", "127.0.0.1", "localhost:80", "[::1]:4580", ""]
)
@pytest.mark.parametrize("path", ["/", READ, "/assets/page.js"])
def test_no_other_name_reaches_it_even_if_it_leads_here(
    browser: Browser, host: str, path: str
) -> None:
    answer = browser.get(path, Host=host)

    assert answer.status_code == 403
    assert answer.json()["code"] == "wrong_host"
    assert ADDRESS in answer.json()["what_to_do"]


def test_both_names_of_this_machine_reach_it(browser: Browser) -> None:
    assert browser.get(READ, Host="127.0.0.1:4580").status_code == 200
    assert browser.get(READ, Host="localhost:4580").status_code == 200


def test_a_change_by_the_page_itself_is_made(browser: Browser, stage: Stage) -> None:
    answer = browser.post(WRITE, a_retry(stage))

    assert answer.status_code == 200
    assert answer.json()["how"] == "redriven"


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://localhost:4580"},  # another origin than the address that was asked
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"X-SCAI-Console": None},
    ],
)
def test_no_other_page_changes_anything(
    browser: Browser, stage: Stage, changed: dict[str, str | None]
) -> None:
    headers = {name: value for name, value in (OURS | changed).items() if value is not None}

    answer = browser.ask("POST", WRITE, headers=headers, json=a_retry(stage))

    assert answer.status_code == 403
    assert answer.json()["code"] == "wrong_origin"
    assert stage.stepfunctions.asked["redrive"] == 0


@pytest.mark.parametrize("key", ["", "the-consoles-kez", "ключ", None])
def test_who_only_reaches_the_port_reads_and_changes_nothing(
    on_aws: Browser, stage: Stage, key: str | None
) -> None:
    own = {"X-SCAI-Console": key.encode()} if key is not None else {}

    read = on_aws.ask("GET", READ, headers=own)
    write = on_aws.ask("POST", WRITE, headers=own, json=a_retry(stage))

    assert read.status_code == 401
    assert read.json()["code"] == "wrong_key"
    assert "#key" in read.json()["what_to_do"]
    assert write.status_code in (401, 403)
    assert not stage.stepfunctions.asked


def test_the_page_itself_needs_no_key_to_be_opened_and_holds_none(on_aws: Browser) -> None:
    answer = on_aws.ask("GET", "/")

    assert answer.status_code == 200
    assert KEY not in answer.text


def test_who_has_the_key_reads(on_aws: Browser) -> None:
    assert on_aws.get(READ).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_change_that_a_form_could_send_is_refused(
    browser: Browser, stage: Stage, kind: str
) -> None:
    answer = browser.ask("POST", WRITE, headers=OURS | {"Content-Type": kind}, content="{}")

    assert answer.status_code == 415
    assert stage.stepfunctions.asked["redrive"] == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_other_page_reads_anything(browser: Browser, stage: Stage, site: str) -> None:
    answer = browser.get(READ, **{"Sec-Fetch-Site": site})

    assert answer.status_code == 403
    assert not stage.stepfunctions.asked


def test_a_link_from_elsewhere_opens_the_page(browser: Browser) -> None:
    assert browser.get("/customers/user_1", **{"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_a_preflight_gets_no_leave(browser: Browser) -> None:
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}

    answer = browser.ask("OPTIONS", WRITE, headers=asked)

    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/", READ, "/assets/page.js", "/api/nothing", "/api/people"])
def test_every_answer_forbids_framing_sniffing_keeping_and_foreign_code(
    browser: Browser, path: str
) -> None:
    headers = browser.get(path).headers

    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_each_page_has_a_nonce_of_its_own_for_its_styles(browser: Browser) -> None:
    first, second = browser.get("/"), browser.get("/")

    for page in (first, second):
        (nonce,) = page.text.split('nonce="')[1].split('"')[:1]
        assert f"'nonce-{nonce}'" in page.headers["Content-Security-Policy"]
    assert first.text != second.text

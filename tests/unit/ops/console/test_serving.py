"""The page is opened by the operator alone, and what opened it is gone once the console ends."""

import os
import queue
import signal
import stat
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from ops.console.serving import opened

URL = "http://127.0.0.1:1/#key=the-key"
#: Serves nothing, after its page was opened, and says when it does.
CONSOLE = f"""
import signal
from ops.console.serving import listen, opened, serve

# What starts the tests may have it ignore these, as nohup and a shell's & do.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

async def app(scope, receive, send):
    await receive()
    print("serving", flush=True)
    await send({{"type": "lifespan.startup.complete"}})
    await receive()
    await send({{"type": "lifespan.shutdown.complete"}})

with listen(0) as listener, opened("{URL}"):
    serve(app, listener)
"""


def test_no_other_user_sees_the_key_while_the_page_is_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: queue.Queue[str] = queue.Queue()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", given.put)

    with opened(URL):
        url = given.get(timeout=10)
        door = Path(unquote(urlsplit(url).path))
        assert "the-key" not in url
        assert door.parent == tmp_path
        assert "#key=the-key" in door.read_text()
        assert stat.S_IMODE(door.stat().st_mode) == 0o600

    assert not door.exists()


def test_a_browser_that_keeps_the_terminal_is_served_meanwhile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served, left = threading.Event(), threading.Event()

    def read(_: str) -> None:
        if served.wait(10):
            left.set()

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", read)

    with opened(URL):
        served.set()

        assert left.wait(10)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_no_key_is_left_behind_however_the_console_is_ended(
    tmp_path: Path, ending: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CONSOLE],
        env=os.environ | {"HOME": str(tmp_path), "BROWSER": "true"},
        stdout=subprocess.PIPE,
        text=True,
    ) as console:
        try:
            assert console.stdout is not None
            assert console.stdout.readline() == "serving\n"
            assert list(tmp_path.glob("scai-console-*"))

            console.send_signal(ending)

            assert console.wait(30) == 0
        finally:
            console.kill()
    assert list(tmp_path.iterdir()) == []


def test_a_console_that_is_to_outlive_its_terminal_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", lambda _: None)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with opened(URL):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)

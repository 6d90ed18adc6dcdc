"""The demo pays a hosted page by its form alone, and notices when that did not work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from local.stack.errors import StackError
from local.stack.payment_page import pay

FORM = """
<form method="post" action="/pay">
  <input type="hidden" name="token" value="t">
  <input name="number" autocomplete="cc-number"><input name="note">
  <button name="do" value="pay">Pay</button>
</form>
<form action="/other"><input name="search"></form>
"""

Answer = Callable[[str], tuple[int, str, str]]


@contextmanager
def site(page: str, answer: Answer) -> Iterator[str]:
    """A site whose front page takes one form; `answer` gives status, location and body to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200, "", page)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(*answer(f"{self.path}?{body}"))

        def _send(self, status: int, location: str, body: str) -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_the_form_is_filled_in_as_its_fields_ask_and_submitted() -> None:
    submitted: list[str] = []

    def accept(request: str) -> tuple[int, str, str]:
        submitted.append(request)
        return 303, "/thanks", ""

    with site(FORM, accept) as url:
        returned = pay(url)

    path, _, body = submitted[0].partition("?")
    assert path == "/pay"
    assert parse_qs(body, keep_blank_values=True) == {
        "token": ["t"],
        "number": ["4242 4242 4242 4242"],
        "note": [""],
        "do": ["pay"],
    }
    assert returned.url.path == "/thanks"


def test_a_page_that_stays_means_that_the_card_was_not_taken() -> None:
    with (
        site(FORM, lambda _: (200, "", "Your card was declined.")) as url,
        pytest.raises(StackError, match="did not take the card"),
    ):
        pay(url)


def test_a_page_without_a_form_cannot_be_paid() -> None:
    with (
        site("<p>This session has expired.</p>", lambda _: (200, "", "")) as url,
        pytest.raises(StackError, match="shows no form"),
    ):
        pay(url)

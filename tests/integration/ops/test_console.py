"""The page is served on this machine only, from the moment that its address is told."""

import socket
from urllib.parse import urlsplit

import pytest

from ops.console.serving import address, listen
from ops.errors import OpsError


def test_who_opens_the_page_at_once_waits_for_the_server() -> None:
    with listen(0) as listener, socket.create_connection(listener.getsockname(), timeout=5):
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_said_with_what_to_do() -> None:
    with listen(0) as listener, pytest.raises(OpsError, match="another by --port"):
        listen(listener.getsockname()[1])


def test_the_key_stands_where_browsers_keep_it_to_themselves() -> None:
    with listen(0) as listener:
        assert urlsplit(address(listener, "the-key")).fragment == "key=the-key"

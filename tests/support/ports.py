"""Ports for servers that tests start in processes of their own."""

import os
import secrets

from local.embedded_aws.process import is_free

#: Below those that systems give to outgoing connections and to whoever asks for any: one of them
#: could take a port before its server gets to it.
_PORTS = range(10_000, 32_000)
_WORKERS = 8


def free_port() -> int:
    """Choose a port that no other worker chooses; by `secrets`, as `random` begins tests alike."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = _PORTS[worker % _WORKERS :: _WORKERS]
    while not is_free(port := secrets.choice(own)):
        continue
    return port

"""Start the embedded AWS as a process of its own; the stack's supervisor and the tests share it.

Guards against a leak either way: whatever the process and its Lambdas write stays inside one
directory, and no variable of the developer's shell reaches a Lambda that the template did not give
it.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
ACCOUNT_ID = "000000000000"
REGION = "us-east-1"
ROOT_ACCESS_KEY = "test"

COMMAND = (sys.executable, "-m", "local.embedded_aws")
PROJECT_ROOT = Path(__file__).resolve().parents[2]

_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")


class NotReadyError(Exception):
    """The embedded AWS ended, or did not answer in time."""


def environment(
    port: int,
    directory: Path,
    *,
    enforce_iam: bool = True,
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Give the whole environment of the process.

    Args:
        port: where it listens, on 127.0.0.1 only.
        directory: holds everything that it writes; `state` and `tmp` in it are removed at the end.
        enforce_iam: a Lambda or user may then do only what its policies allow. The access key
            `test` (any secret) is the account's root either way.
        settings: further variables of the package, such as `SFN_WAIT_SCALE` or `LOG_LEVEL`.
    """
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "GATEWAY_PORT": str(port),
        "EMBEDDED_AWS_DIRECTORY": str(directory),
        "TMPDIR": str(directory / "tmp"),
        "HOME": str(directory / "tmp"),
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "state" / "s3"),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": "localhost",
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_ACCESS_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AUTH": "true" if enforce_iam else "false",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        # More Lambda processes at once are throttled, as on AWS: a burst of cold starts would
        # otherwise keep all cores and gigabytes busy. Idle ones beyond a function's first end.
        "LAMBDA_ACCOUNT_CONCURRENCY": str(max(16, 4 * (os.cpu_count() or 1))),
        "LAMBDA_WARM_TTL_SECONDS": "60",
        **(settings or {}),
    }


@dataclass(frozen=True)
class EmbeddedAws:
    """A running embedded AWS."""

    process: "subprocess.Popen[bytes]"
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def wait_until_ready(self, timeout: float = 180) -> None:
        """Return once it answers.

        Raises:
            NotReadyError: it ended, or the time ran out.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise NotReadyError(f"the embedded AWS ended with {self.process.returncode}")
            if _answers(f"{self.endpoint}/_ministack/ready"):
                return
            time.sleep(0.05)
        raise NotReadyError(f"the embedded AWS did not answer within {timeout:.0f} s")

    def stop(self, timeout: float = 60) -> None:
        """End it, with its Lambda processes."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running(
    directory: Path,
    port: int,
    *,
    enforce_iam: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Iterator[EmbeddedAws]:
    """Run an embedded AWS for a `with` block."""
    aws = EmbeddedAws(
        subprocess.Popen(
            COMMAND,
            cwd=PROJECT_ROOT,
            env=environment(port, directory, enforce_iam=enforce_iam, settings=settings),
            start_new_session=True,
        ),
        port,
    )
    try:
        aws.wait_until_ready()
        yield aws
    finally:
        aws.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:  # noqa: S310  our own URL
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False

"""Serve the embedded AWS until a signal ends it: `GATEWAY_PORT=4566 python -m local.embedded_aws`.

Guards the machine that it runs on: it listens on 127.0.0.1 only, leaves neither Lambda processes
nor files behind, and removes nothing outside its own directory.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from local.embedded_aws.patching import PackageChangedError, require_version
from local.embedded_aws.process import environment, is_free

DEFAULT_PORT = "4566"
DEFAULT_DIRECTORY = ".local/embedded_aws"
#: Variables of a shell that choose nothing here: what they name is written to, and removed.
OWN_FOLDERS = ("TMPDIR", "HOME", "STATE_DIR", "S3_DATA_DIR")
_REMOVALS = 20
_BETWEEN_REMOVALS_SECONDS = 0.05


def main() -> None:
    directory = Path(os.environ.get("EMBEDDED_AWS_DIRECTORY", DEFAULT_DIRECTORY)).resolve()
    port = int(os.environ.get("GATEWAY_PORT", DEFAULT_PORT))
    if not is_free(port):
        sys.exit(f"embedded AWS: port {port} is in use")
    own = environment(port, directory)
    os.environ.update(own | dict(os.environ) | {name: own[name] for name in OWN_FOLDERS})
    folders = [Path(os.environ[name]) for name in ("TMPDIR", "STATE_DIR")]
    _remove(folders)
    for folder in folders:
        folder.mkdir(parents=True)
    tempfile.tempdir = os.environ["TMPDIR"]
    problem = _run(port)
    _remove(folders)
    if problem:
        print(problem, file=sys.stderr, flush=True)
    # Threads of the package may still wait for a Lambda that is no more: nothing is worth waiting.
    os._exit(1 if problem else 0)


def _run(port: int) -> str | None:
    """Serve until the signal; give what kept it from starting."""
    try:
        require_version()
        # Imported now, because the package reads the environment as it is imported.
        from local.embedded_aws import corrections, server  # noqa: PLC0415

        corrections.apply()
        server.serve(port)
    except PackageChangedError as change:
        return str(change)
    return None


def _remove(folders: list[Path]) -> None:
    """A Lambda's code may still be unpacked into them: whoever does it is refused right after."""
    for _ in range(_REMOVALS):
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        if not any(folder.exists() for folder in folders):
            return
        time.sleep(_BETWEEN_REMOVALS_SECONDS)


if __name__ == "__main__":
    main()

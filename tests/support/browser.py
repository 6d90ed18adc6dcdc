"""The Chromium that the end-to-end tests drive: the machine's own, or one kept in .cache.

`python -m tests.support.browser` sees to it that there is one, before any test runs.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "browsers"


def installed_chromium() -> str | None:
    """The path of the Chromium that the machine has."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def main() -> int:
    os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(_CACHE))
    if installed_chromium() or _downloaded():
        return 0
    print("Fetching Chromium for the end-to-end tests")
    fetched = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if fetched.returncode == 0:
        return 0
    print(
        f"{fetched.stdout}\n"
        "error: the end-to-end tests need Chromium, and it could not be fetched: install it"
        " (Debian: apt-get install chromium)",
        file=sys.stderr,
    )
    return 1


def _downloaded() -> bool:
    """Whether there is the very revision that this Playwright drives."""
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


if __name__ == "__main__":
    sys.exit(main())

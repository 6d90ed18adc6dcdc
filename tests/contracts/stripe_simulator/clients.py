"""Runs Stripe's Node SDK and CLI, which `make` keeps in tests/contracts/node.

Each run has a home of its own, and can reach this machine only: what they would tell or ask
anybody else (telemetry, "Checking for new versions...") goes to a proxy that isn't there.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PACKAGES = Path(__file__).parents[1] / "node"
TOOLS = Path(sys.executable).parent  # the virtual environment's programs: node is one
# The program itself, of this machine's kind; `.bin/stripe` starts it by way of Node.
CLI = "node_modules/@stripe/cli-*/bin/stripe"
NOWHERE = "http://127.0.0.1:9"
DEADLINE = 60.0

Ended = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Clients:
    """The official clients, with the simulator's address and a home folder."""

    address: str
    home: Path
    key: str = "sk_test_clients_0123456789abcdef"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "PATH": f"{TOOLS}:/usr/bin:/bin",
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
            "STRIPE_API_KEY": self.key,
            "STRIPE_SIMULATOR_URL": self.address,
        }

    def node(self, program: Path) -> Ended:
        _installed("node_modules/stripe")
        return self._run(TOOLS / "node", program)

    def cli(self, *arguments: str | Path) -> Ended:
        return self._run(_installed(CLI), *arguments, "--api-base", self.address)

    def _run(self, *command: str | Path) -> Ended:
        return subprocess.run(
            command,
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )


def _installed(pattern: str) -> Path:
    found = list(PACKAGES.glob(pattern))
    assert found, "Stripe's clients aren't installed: `make test` installs them"
    return found[0]

"""The official Node SDK over real HTTP: each program in `node/programs` asserts for itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contracts.stripe_simulator.clients import PACKAGES, Clients
from tests.contracts.stripe_simulator.shapes import PRESENCE

PROGRAMS = {program.stem: program for program in sorted(PACKAGES.glob("programs/*.mjs"))}


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_node_sdk(program: str, address: str, tmp_path: Path) -> None:
    ended = Clients(address, tmp_path).node(PROGRAMS[program])
    assert ended.returncode == 0, ended.stderr


def test_it_is_the_version_whose_types_the_shapes_are_read_off() -> None:
    pinned = json.loads((PACKAGES / "package.json").read_text())["dependencies"]
    assert pinned["stripe"] == PRESENCE["node_sdk"]


def test_the_lock_file_leaves_the_registry_to_whoever_installs() -> None:
    packages = json.loads((PACKAGES / "package-lock.json").read_text())["packages"]
    for package in packages.values():
        package.pop("funding", None)  # where an author asks for support is no registry
    assert "://" not in json.dumps(packages)
    assert all("integrity" in package for path, package in packages.items() if path)

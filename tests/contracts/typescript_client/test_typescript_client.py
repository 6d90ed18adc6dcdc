"""The TypeScript client: what the document says, strictly typed, and at work on a deployed API.

The tests use it as a frontend would: as a package that was built and installed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.stack.settings import PROJECT_ROOT
from local.stack.stack_file import StackFile

CLIENT = PROJECT_ROOT / "clients" / "typescript"
MODULES = CLIENT / "node_modules"
NODE = Path(sys.executable).with_name("node")
PROGRAM = Path(__file__).with_name("uses_the_api.mjs")
STRICTEST = [
    "--strict",
    "--exactOptionalPropertyTypes",
    "--noUncheckedIndexedAccess",
    "--target",
    "es2022",
    "--module",
    "nodenext",
]


def node(*arguments: str | Path, cwd: Path, **environment: str) -> None:
    """Run a program of Node's to its good end."""
    ended = subprocess.run(
        [NODE, *arguments],
        cwd=cwd,
        env={"PATH": f"{NODE.parent}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def tsc(*arguments: str | Path, cwd: Path) -> None:
    node(MODULES / "typescript" / "bin" / "tsc", *arguments, cwd=cwd)


def sources(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.ts")}


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has the client, built, among its packages."""
    project = tmp_path_factory.mktemp("frontend")
    package = project / "node_modules" / "@scai" / "billing-client"
    tsc("--project", CLIENT, "--outDir", package / "dist", cwd=CLIENT)
    (package / "package.json").write_bytes((CLIENT / "package.json").read_bytes())
    (project / "package.json").write_text('{"type": "module"}')
    return project


def test_its_sources_are_what_the_document_says(tmp_path: Path) -> None:
    generator = MODULES / "@hey-api" / "openapi-ts" / "bin" / "run.js"

    node(generator, "--output", tmp_path / "src", "--no-log-file", cwd=CLIENT)

    assert sources(CLIENT / "src") == sources(tmp_path / "src"), "run `make client`"


def test_a_strict_frontend_compiles_with_it_as_its_readme_says(frontend: Path) -> None:
    (example,) = re.findall(r"```ts\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    source = frontend / "readme.ts"
    source.write_text(f"declare function accessToken(): string;\n{example}")

    tsc(*STRICTEST, "--noEmit", source, cwd=frontend)


def test_it_names_the_errors_that_each_call_may_have(frontend: Path) -> None:
    source = frontend / "wrong.ts"
    source.write_text(
        "import { getHealth, getDashboard } from '@scai/billing-client';\n"
        "const health = await getHealth({ throwOnError: true });\n"
        "// @ts-expect-error: no such field\n"
        "health.data.missing;\n"
        "// @ts-expect-error: a user is needed\n"
        "await getDashboard({});\n"
    )

    tsc(*STRICTEST, "--noEmit", source, cwd=frontend)


def test_it_works_on_a_deployed_api(frontend: Path, stack: StackFile) -> None:
    user = stack.users[7]  # nobody else's
    program = frontend / PROGRAM.name
    program.write_bytes(PROGRAM.read_bytes())

    node(
        program,
        cwd=frontend,
        API_URL=stack.api_url,
        TOKEN=user.token,
        USER_ID=user.userId,
        PRICE_ID=stack.prices["standard_monthly"],
    )


def test_its_lock_file_leaves_the_registry_to_whoever_installs() -> None:
    packages = json.loads((CLIENT / "package-lock.json").read_text())["packages"]
    for package in packages.values():
        package.pop("funding", None)  # where an author asks for support is no registry
    assert "://" not in json.dumps(packages)
    assert all("integrity" in package for path, package in packages.items() if path)

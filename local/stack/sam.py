"""Builds and deploys template.yaml to the embedded AWS with the real SAM CLI.

Guards against a build that succeeds without its code, which SAM reports as success, and against
anything outside the state folder being read or written: AWS profiles, SAM's own settings, PyPI.
"""

import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from local.embedded_aws.process import REGION, ROOT_ACCESS_KEY
from local.stack.environment import isolated
from local.stack.errors import StackError
from local.stack.processes import Child, Children
from local.stack.settings import PROJECT_ROOT, Settings, python_version

ARTIFACTS_BUCKET = "deployment-artifacts"

_CONFIG = ("--config-file", str(PROJECT_ROOT / "samconfig.toml"), "--config-env", "local")
_LAYER_SOURCES = ("Makefile", "requirements.txt")
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}


class Sam:
    """The SAM CLI, run as a subprocess within one stack's folders."""

    def __init__(self, settings: Settings, children: Children) -> None:
        self._settings = settings
        self._children = children
        self._build = settings.work / "build"
        self._home = settings.work / "sam"

    def start_build(self) -> Child:
        """Start to build functions and layer; it needs no AWS."""
        return self._start("build", "--build-dir", str(self._build), *_overrides(host_parameters()))

    def finish_build(self, build: Child) -> None:
        """Wait until everything is built.

        Raises:
            StackError: the build failed, or left something out.
        """
        self._children.wait_for_end(build)
        require_complete(self._build)

    def deploy(self, parameters: dict[str, str]) -> None:
        """Deploy what was built.

        Raises:
            StackError: the deploy failed.
        """
        overrides = _overrides(host_parameters() | parameters)
        template = str(self._build / "template.yaml")
        deploy = self._start("deploy", "--template-file", template, *overrides)
        self._children.wait_for_end(deploy)

    def _start(self, command: str, *arguments: str) -> Child:
        self._home.mkdir(parents=True, exist_ok=True)
        # SAM asks PyPI for a newer version once a week: it has just done so.
        (self._home / "metadata.json").write_text(json.dumps({"lastVersionCheck": time.time()}))
        return self._children.start_tool(
            f"sam {command}",
            [sam_executable(), command, *_CONFIG, *arguments],
            isolated() | self._environment(),
        )

    def _environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._settings.aws_endpoint,
            "LAYER_CACHE": str(layer_cache()),
            "LAYER_PLATFORM": "",
            "LAYER_PYTHON": python_version(),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(PROJECT_ROOT / ".cache" / "pip")),
            "SAM_CLI_POLL_DELAY": "0.2",
            "SAM_CLI_TELEMETRY": "0",
            "TMPDIR": str(self._settings.work / "tmp"),
            "__SAM_CLI_APP_DIR": str(self._home),
        }


def sam_executable() -> str:
    """The SAM CLI of this environment.

    Raises:
        StackError: it isn't there.
    """
    found = shutil.which("sam", path=str(Path(sys.executable).parent))
    if found is None:
        raise StackError("the SAM CLI is missing from .venv: make clean, then try again")
    return found


def host_parameters() -> dict[str, str]:
    """The template's parameters that say what the Lambdas run on: this machine."""
    machine = platform.machine()
    return {
        "Runtime": f"python{python_version()}",
        "Architecture": _ARCHITECTURES.get(machine, machine),
    }


def layer_cache() -> Path:
    """Where the built layer is kept: a folder named after everything that it is made from."""
    layer = PROJECT_ROOT / "layer"
    made_from = [(layer / name).read_bytes() for name in _LAYER_SOURCES]
    made_from += [sys.version.encode(), platform.platform().encode()]
    name = hashlib.sha256(b"\0".join(made_from)).hexdigest()[:16]
    return PROJECT_ROOT / ".cache" / "layers" / name


def require_complete(build: Path) -> None:
    """Check what SAM has built.

    Raises:
        StackError: the layer or a function's code is not there.
    """
    with (build / "template.yaml").open() as template:
        resources = yaml.load(template, _TemplateLoader)["Resources"]  # noqa: S506  a safe loader
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            module, _, _ = properties["Handler"].rpartition(".")
            wanted = build / properties["CodeUri"] / f"{module.replace('.', '/')}.py"
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            wanted = build / properties["ContentUri"] / "python" / "stripe" / "__init__.py"
        else:
            continue
        if not wanted.exists():
            raise StackError(f"sam build left {name} incomplete: there is no {wanted}")


class _TemplateLoader(yaml.SafeLoader):
    """Reads a template, CloudFormation's short forms (`!Ref`, `!Sub` …) left without a value."""


_TemplateLoader.add_multi_constructor("!", lambda *_: None)


def _overrides(parameters: Mapping[str, str]) -> Sequence[str]:
    return ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]

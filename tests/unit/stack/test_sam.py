"""A build that SAM calls a success must hold what we expect."""

import shutil
import sys
from pathlib import Path

import pytest

from local.stack import sam
from local.stack.errors import StackError

TEMPLATE = """
Resources:
  DependencyLayer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: DependencyLayer, CompatibleRuntimes: [!Ref Runtime]}
  ApiFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: ApiFunction, Handler: api.app.handler}
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    stripe = tmp_path / "DependencyLayer" / "python" / "stripe"
    stripe.mkdir(parents=True)
    (stripe / "__init__.py").touch()
    (tmp_path / "ApiFunction" / "api").mkdir(parents=True)
    (tmp_path / "ApiFunction" / "api" / "app.py").touch()
    return tmp_path


def test_a_whole_build_is_accepted(build: Path) -> None:
    sam.require_complete(build)


def test_a_layer_without_its_packages_is_refused(build: Path) -> None:
    shutil.rmtree(build / "DependencyLayer" / "python")

    with pytest.raises(StackError, match="sam build left DependencyLayer incomplete"):
        sam.require_complete(build)


def test_a_layer_with_an_empty_package_is_refused(build: Path) -> None:
    (build / "DependencyLayer" / "python" / "stripe" / "__init__.py").unlink()

    with pytest.raises(StackError, match="sam build left DependencyLayer incomplete"):
        sam.require_complete(build)


def test_a_function_without_its_handler_is_refused(build: Path) -> None:
    (build / "ApiFunction" / "api" / "app.py").unlink()

    with pytest.raises(StackError, match="sam build left ApiFunction incomplete"):
        sam.require_complete(build)


def test_a_missing_sam_cli_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(StackError, match=r"SAM CLI is missing .* make clean"):
        sam.sam_executable()

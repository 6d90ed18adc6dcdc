"""A package that changed is refused with one line that says where to look."""

import inspect
import types

import pytest

from local.embedded_aws.patching import (
    EXPECTED_VERSION,
    PackageChangedError,
    provide,
    replace,
    require_version,
    rewrite,
)


def greet(name: str) -> str:
    return f"hello {name}"


@pytest.fixture
def package() -> types.ModuleType:
    module = types.ModuleType("package")
    vars(module)["greet"] = greet
    return module


def test_a_function_is_rewritten_again_and_again(package: types.ModuleType) -> None:
    rewrite(package, "greet", ("hello", "good morning"))
    rewrite(package, "greet", ("morning", "evening"))
    assert package.greet("you") == "good evening you"
    assert "good evening" in inspect.getsource(package.greet)


@pytest.mark.parametrize("text", ["not there", "e"])
def test_a_text_that_does_not_occur_exactly_once_is_refused(
    package: types.ModuleType, text: str
) -> None:
    with pytest.raises(PackageChangedError, match=f"greet: '{text}' occurs"):
        rewrite(package, "greet", (text, ""))


def test_a_function_that_is_gone_is_refused(package: types.ModuleType) -> None:
    with pytest.raises(PackageChangedError, match="wave: package has no such function"):
        rewrite(package, "wave", ("hello", ""))


def test_a_replacement_with_other_parameters_is_refused(package: types.ModuleType) -> None:
    replace(package, "greet", lambda name: name.upper())
    assert package.greet("you") == "YOU"
    with pytest.raises(PackageChangedError, match="greet: takes"):
        replace(package, "greet", lambda name, language: name)


def test_a_name_that_the_package_has_already_is_refused(package: types.ModuleType) -> None:
    with pytest.raises(PackageChangedError, match="greet: package has one of its own"):
        provide(package, greet=greet)


def test_another_version_is_refused() -> None:
    require_version(EXPECTED_VERSION)
    with pytest.raises(PackageChangedError, match=r"ministack 1\.5\.33 is expected, found 9\.0"):
        require_version("9.0")

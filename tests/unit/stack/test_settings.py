"""A stack's settings come from the environment, and never let a live key in."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from local.stack.errors import StackError
from local.stack.settings import Settings


def test_everything_has_a_default() -> None:
    settings = Settings.from_environment({})

    assert settings.ports == {
        "SCAI_AWS_PORT": 4566,
        "SCAI_CONSOLE_PORT": 4580,
        "SCAI_STRIPE_PORT": 12111,
    }
    assert settings.uses_simulator
    assert settings.stack_file.name == "stack.json"


def test_ports_and_folder_come_from_the_environment(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "SCAI_AWS_PORT": "5000",
            "SCAI_CONSOLE_PORT": "5002",
            "SCAI_STRIPE_PORT": "5001",
            "SCAI_STATE_DIR": str(tmp_path),
        }
    )

    assert settings.aws_endpoint == "http://127.0.0.1:5000"
    assert settings.stripe_api_base == "http://127.0.0.1:5001"
    assert settings.console_url == "http://127.0.0.1:5002"
    assert settings.stack_file == tmp_path / "stack.json"


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment({"STRIPE_SECRET_KEY": "", "SCAI_AWS_PORT": ""}).uses_simulator


@pytest.mark.parametrize("key", ["sk_live_1", "rk_live_1", "pk_test_1", "anything"])
def test_only_a_test_mode_key_is_taken_and_none_is_repeated(key: str) -> None:
    with pytest.raises(StackError, match=r"STRIPE_SECRET_KEY: is not a test-mode key") as refusal:
        Settings.from_environment({"STRIPE_SECRET_KEY": key})

    assert key not in str(refusal.value)


@pytest.mark.parametrize("key", ["pk_live_1", "sk_test_1"])
def test_only_a_test_mode_publishable_key_is_taken_and_none_is_repeated(key: str) -> None:
    with pytest.raises(StackError, match="STRIPE_PUBLISHABLE_KEY: is not a test-mode") as refusal:
        Settings.from_environment({"STRIPE_PUBLISHABLE_KEY": key})

    assert key not in str(refusal.value)


@pytest.mark.parametrize("key", ["sk_test_1", "rk_test_1"])
def test_with_a_test_mode_key_stripe_itself_is_used(key: str) -> None:
    settings = Settings.from_environment({"STRIPE_SECRET_KEY": key})

    assert settings.stripe_api_base == "https://api.stripe.com"
    assert "SCAI_STRIPE_PORT" not in settings.ports


@pytest.mark.parametrize("port", ["no", "0", "65536"])
def test_an_impossible_port_is_named_with_its_variable(port: str) -> None:
    with pytest.raises(StackError, match="SCAI_AWS_PORT: "):
        Settings.from_environment({"SCAI_AWS_PORT": port})


def test_a_process_reads_the_settings_that_it_was_given(tmp_path: Path) -> None:
    settings = Settings(
        aws_port=5000,
        stripe_port=5001,
        console_port=5002,
        state_dir=tmp_path,
        stripe_secret_key=SecretStr("sk_test_1"),
        stripe_publishable_key="pk_test_1",
        stripe_webhook_secret=SecretStr("whsec_1"),
    )

    assert Settings.from_environment(settings.to_environment()) == settings

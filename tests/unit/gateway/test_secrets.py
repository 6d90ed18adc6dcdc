"""A rotation loses nothing, and rubbish can't make us hammer Secrets Manager."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from billing.domain.errors import ConfigurationError, StoreUnavailable
from billing.gateway.secrets import CACHE_SECONDS, REFRESH_SECONDS, SecretReader
from tests.support.aws import put_secret
from tests.support.clock import Clock

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reader(clock: Clock) -> SecretReader:
    return SecretReader("scai/stripe", clock)


def secrets_of(reader: SecretReader) -> list[str]:
    return [secret.get_secret_value() for secret in reader.read().webhook_secrets]


def test_a_secret_is_cached_for_five_minutes(reader: SecretReader, clock: Clock) -> None:
    put_secret(["whsec_1"])
    assert secrets_of(reader) == ["whsec_1"]
    put_secret(["whsec_2"])

    clock.advance(CACHE_SECONDS)
    assert secrets_of(reader) == ["whsec_1"]
    clock.advance(1)
    assert secrets_of(reader) == ["whsec_2"]


def test_a_failure_reads_the_secret_anew(reader: SecretReader, clock: Clock) -> None:
    put_secret(["whsec_1"])
    reader.read()
    put_secret(["whsec_1", "whsec_2"])
    clock.advance(REFRESH_SECONDS)

    fresh = reader.refreshed()

    assert fresh is not None
    assert len(fresh.webhook_secrets) == 2


def test_a_refresh_without_news_says_so(reader: SecretReader, clock: Clock) -> None:
    put_secret(["whsec_1"])
    reader.read()
    clock.advance(REFRESH_SECONDS)

    assert reader.refreshed() is None


def test_refreshes_are_limited(reader: SecretReader, clock: Clock) -> None:
    put_secret(["whsec_1"])
    reader.read()
    put_secret(["whsec_2"])
    clock.advance(REFRESH_SECONDS - 1)

    assert reader.refreshed() is None


@pytest.mark.parametrize("text", ["not json", json.dumps({"api_key": "sk_test_secret"})])
def test_a_malformed_secret_is_a_clear_error_that_leaks_nothing(
    reader: SecretReader, text: str
) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId="scai/stripe", SecretString=text)

    with pytest.raises(ConfigurationError, match="scai/stripe must be JSON") as error:
        reader.read()
    assert "sk_test_secret" not in str(error.value)


class Unreachable:
    """Secrets Manager while it throttles."""

    def get_secret_value(self, **_call: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue")


def test_while_secrets_manager_is_down_the_cached_secret_serves(
    reader: SecretReader, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_secret(["whsec_1"])
    reader.read()
    monkeypatch.setattr(reader, "_client", Unreachable())
    clock.advance(CACHE_SECONDS + 1)

    assert secrets_of(reader) == ["whsec_1"]


def test_a_secret_that_was_never_read_may_be_tried_again(clock: Clock) -> None:
    unreachable: Any = Unreachable()

    with pytest.raises(StoreUnavailable, match="ThrottlingException"):
        SecretReader("scai/stripe", clock, unreachable).read()


def test_a_missing_secret_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match="nowhere can't be read"):
        SecretReader("nowhere").read()


def test_secrets_do_not_show_in_logs(reader: SecretReader) -> None:
    put_secret(["whsec_hidden"], api_key="sk_test_hidden")

    assert "hidden" not in f"{reader.read()!r} {reader.read()}"

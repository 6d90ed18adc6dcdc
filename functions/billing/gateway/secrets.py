"""Stripe's secrets, from Secrets Manager: cached, and read again at once after a rotation.

A signature or a key that fails may only mean that the cached secret is old, so the reader may ask
for a fresh one; at most every thirty seconds, so that rubbish can't make us hammer the service.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from billing.aws import SHORT_CALLS, error_code
from billing.domain.errors import ConfigurationError, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHE_SECONDS = 300
REFRESH_SECONDS = 30

#: What no retry mends; everything else may pass (AWS, "GetSecretValue", Errors).
_FOR_GOOD = {"AccessDeniedException", "DecryptionFailure", "ResourceNotFoundException"}


class StripeSecrets(BaseModel):
    """The secret's JSON. Several webhook secrets are valid at once while one is being rolled.

    An empty webhook secret is refused: anybody could sign with it.
    """

    model_config = ConfigDict(frozen=True)

    api_key: SecretStr
    webhook_secrets: tuple[Annotated[SecretStr, Field(min_length=1)], ...]


class SecretReader:
    """Reads and caches the secret named ``secret_id``."""

    def __init__(
        self,
        secret_id: str,
        clock: Callable[[], float] = time.monotonic,
        client: "SecretsManagerClient | None" = None,
    ) -> None:
        self._secret_id = secret_id
        self._clock = clock
        self._client = client or boto3.client("secretsmanager", config=SHORT_CALLS)
        self._cached: StripeSecrets | None = None
        self._read_at = 0.0

    def read(self) -> StripeSecrets:
        """Read the secret, from the cache for five minutes.

        While Secrets Manager doesn't answer, the cached one goes on serving.

        Raises:
            ConfigurationError: there is no such secret, or it isn't of the shape above.
            StoreUnavailable: Secrets Manager didn't answer, and nothing is cached.
        """
        if self._cached is not None and self._age() <= CACHE_SECONDS:
            return self._cached
        try:
            self._cached = self._fetch()
        except StoreUnavailable:
            if self._cached is None:
                raise
        return self._cached

    def refreshed(self) -> StripeSecrets | None:
        """Read it anew because the cached one failed; None where that is too soon or no news."""
        if self._cached is not None and self._age() < REFRESH_SECONDS:
            return None
        before, self._cached = self._cached, self._fetch()
        return self._cached if self._cached != before else None

    def _age(self) -> float:
        return self._clock() - self._read_at

    def _fetch(self) -> StripeSecrets:
        try:
            text = self._client.get_secret_value(SecretId=self._secret_id)["SecretString"]
            secrets = StripeSecrets.model_validate_json(text)
        except ClientError as error:
            kind = ConfigurationError if error_code(error) in _FOR_GOOD else StoreUnavailable
            raise kind(f"secret {self._secret_id} can't be read: {error}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(
                f"secret {self._secret_id} can't be read: {type(error).__name__}"
            ) from error
        except KeyError:
            raise ConfigurationError(f"secret {self._secret_id} holds no text") from None
        except ValidationError:
            raise ConfigurationError(
                f"secret {self._secret_id} must be JSON with api_key and webhook_secrets"
            ) from None
        self._read_at = self._clock()
        return secrets

"""Where a local stack lives: ports, folders and Stripe's key, from the environment.

Guards against live Stripe keys: no local stack starts with one.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from local.embedded_aws import process as embedded_aws
from local.stack.errors import StackError

HOST = embedded_aws.HOST
STACK_NAME = "scai-billing"
PROJECT_ROOT = Path(__file__).resolve().parents[2]

Port = Annotated[int, Field(gt=0, lt=65536)]


class Settings(BaseModel):
    """The settings of one stack; each is one environment variable, named by its alias."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    aws_port: Port = Field(4566, alias="SCAI_AWS_PORT")
    stripe_port: Port = Field(12111, alias="SCAI_STRIPE_PORT")
    console_port: Port = Field(4580, alias="SCAI_CONSOLE_PORT")
    state_dir: Path = Field(PROJECT_ROOT / ".local", alias="SCAI_STATE_DIR")
    cors_origins: str = Field(
        "http://localhost:3000,http://127.0.0.1:3000", alias="SCAI_CORS_ORIGINS"
    )
    stripe_secret_key: SecretStr | None = Field(None, alias="STRIPE_SECRET_KEY")
    stripe_publishable_key: str = Field("pk_test_local", alias="STRIPE_PUBLISHABLE_KEY")
    stripe_webhook_secret: SecretStr | None = Field(None, alias="STRIPE_WEBHOOK_SECRET")

    @field_validator("state_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.resolve()

    @field_validator("stripe_secret_key")
    @classmethod
    def _only_test_mode(cls, key: SecretStr | None) -> SecretStr | None:
        if key and not key.get_secret_value().startswith(("sk_test_", "rk_test_")):
            raise ValueError(
                "is not a test-mode key: a local stack takes sk_test_… or rk_test_… only"
                " (unset it to use the Stripe simulator)"
            )
        return key

    @field_validator("stripe_publishable_key")
    @classmethod
    def _publishable_in_test_mode(cls, key: str) -> str:
        if not key.startswith("pk_test_"):
            raise ValueError("is not a test-mode key: a local stack takes pk_test_… only")
        return key

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings; a variable that is set but empty counts as unset.

        Raises:
            StackError: a variable has a value that can't be used.
        """
        try:
            return cls.model_validate({name: value for name, value in environ.items() if value})
        except ValidationError as error:
            first = error.errors()[0]
            reason = first["msg"].removeprefix("Value error, ")
            raise StackError(f"{first['loc'][0]}: {reason}") from error

    def to_environment(self) -> dict[str, str]:
        """The same settings as environment variables, for a process that is to read them."""
        secrets = {
            "STRIPE_SECRET_KEY": self.stripe_secret_key,
            "STRIPE_WEBHOOK_SECRET": self.stripe_webhook_secret,
        }
        return {
            "SCAI_AWS_PORT": str(self.aws_port),
            "SCAI_STRIPE_PORT": str(self.stripe_port),
            "SCAI_CONSOLE_PORT": str(self.console_port),
            "SCAI_STATE_DIR": str(self.state_dir),
            "SCAI_CORS_ORIGINS": self.cors_origins,
            "STRIPE_PUBLISHABLE_KEY": self.stripe_publishable_key,
            **{name: value.get_secret_value() if value else "" for name, value in secrets.items()},
        }

    @property
    def uses_simulator(self) -> bool:
        return self.stripe_secret_key is None

    @property
    def aws_endpoint(self) -> str:
        return f"http://{HOST}:{self.aws_port}"

    @property
    def console_url(self) -> str:
        return f"http://{HOST}:{self.console_port}"

    @property
    def stripe_api_base(self) -> str:
        return (
            f"http://{HOST}:{self.stripe_port}" if self.uses_simulator else "https://api.stripe.com"
        )

    @property
    def ports(self) -> dict[str, int]:
        """The ports that this stack listens on, by the variable that chooses each."""
        ports = {"SCAI_AWS_PORT": self.aws_port, "SCAI_CONSOLE_PORT": self.console_port}
        return ports | {"SCAI_STRIPE_PORT": self.stripe_port} if self.uses_simulator else ports

    @property
    def stack_file(self) -> Path:
        return self.state_dir / "stack.json"

    @property
    def logs(self) -> Path:
        return self.state_dir / "logs"

    @property
    def supervisor_log(self) -> Path:
        """What a supervisor in the background says."""
        return self.logs / "supervisor.log"

    @property
    def pids(self) -> Path:
        return self.work / "pids"

    @property
    def supervisor_pid(self) -> Path:
        return self.state_dir / "supervisor.pid"

    @property
    def work(self) -> Path:
        """What lives only while the stack does: builds, temporary files, the AWS's data."""
        return self.state_dir / "work"


def python_version() -> str:
    """The interpreter at hand as AWS names its runtimes, such as 3.12."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"

"""The deployed stack that ops look at: the one on this machine, or one on AWS.

Both are described by the same CloudFormation stack, and reached by the same calls; only endpoint
and credentials differ. Nothing is read from AWS's settings for a local stack, and nothing from the
local stack's file for one on AWS.
"""

import getpass
from collections.abc import Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from billing.bus import Bus
from billing.config import Settings
from billing.executions import Executions
from billing.gateway.secrets import SecretReader
from billing.runtime import Ports
from local.stack.errors import StackError
from local.stack.outputs import Outputs
from local.stack.running import running_stack
from local.stack.settings import STACK_NAME
from local.stack.settings import Settings as LocalSettings
from ops.denials import explain_denials
from ops.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Throttled calls are tried again, at a rate that adapts: a list of thousands comes to its end.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "adaptive", "total_max_attempts": 10},
    max_pool_connections=32,
    user_agent_extra="scai-ops",
)
#: Whom everything asks first: where there is no network, that is said within seconds.
_ASKED_FIRST = "cloudformation"
_FEW_TRIES = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 3}))


class Target:
    """One deployed stack. ``local`` says that it is on this machine."""

    def __init__(
        self, session: boto3.Session, stack_name: str, endpoint_url: str | None = None
    ) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}
        self._making = Lock()
        self.stack_name = stack_name

    @classmethod
    def on_this_machine(cls) -> "Target":
        """The local stack that runs now.

        Raises:
            OpsError: none does.
        """
        try:
            stack = running_stack(LocalSettings.from_environment())
        except StackError as error:
            raise OpsError(f"{error}; for one on AWS give --profile") from None
        session = boto3.Session("test", "test", region_name=stack.aws_region)
        return cls(session, stack.stack_name, stack.aws_endpoint)

    @classmethod
    def on_aws(cls, profile: str, region: str | None, stack_name: str = STACK_NAME) -> "Target":
        """A stack on AWS, by a profile of the operator's.

        Raises:
            OpsError: there is no such profile, or it names no region.
        """
        try:
            session = boto3.Session(profile_name=profile, region_name=region)
        except BotoCoreError as error:
            raise OpsError(f"{error}: see `aws configure list-profiles`") from None
        if session.region_name is None:
            raise OpsError(f"profile {profile} names no region: give --region")
        return cls(session, stack_name)

    @property
    def local(self) -> bool:
        return self._endpoint_url is not None

    @property
    def region(self) -> str:
        region: str = self._session.region_name
        return region

    def client(self, service: str) -> Any:
        """The client of an AWS service, made once. Clients are for all threads, sessions aren't."""
        with self._making:
            if service not in self._clients:
                session: Any = self._session
                config = _FEW_TRIES if service == _ASKED_FIRST else _CONFIG
                made = session.client(service, endpoint_url=self._endpoint_url, config=config)
                explain_denials(made)
                self._clients[service] = made
        return self._clients[service]

    @cached_property
    def operator(self) -> str:
        """Who works here, for the log of what was changed."""
        if self.local:
            return getpass.getuser()
        return str(self.client("sts").get_caller_identity()["Arn"])

    def ensure_ours(self) -> None:
        """Refuse another stack, in which there would be nothing, and so nothing wrong.

        Raises:
            OpsError: it is one, or can't be read.
        """
        if "EventBusName" not in self._outputs:
            raise OpsError(
                f"stack {self.stack_name} in {self.region} isn't SCAI Billing's, or its first"
                " deployment hasn't ended: --stack-name says which"
            )

    @cached_property
    def outputs(self) -> Outputs:
        """What the stack says of itself; raises as ``ensure_ours`` does."""
        self.ensure_ours()
        return Outputs(self._outputs)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The stack's parameters, by name."""
        return {
            p["ParameterKey"]: p.get("ParameterValue", "")
            for p in self._stack.get("Parameters", [])
        }

    @cached_property
    def machines(self) -> dict[str, str]:
        """The state machines' ARNs by the lifecycle's name, such as ``payment_failure``."""
        return self.outputs.state_machines

    @cached_property
    def dead_letter_queues(self) -> dict[str, str]:
        """The dead-letter queues' URLs by name: ``events``, ``facts``, ``failures``, ``mails``."""
        return self.outputs.dead_letter_queues

    @cached_property
    def ports(self) -> Ports:
        """The stores, Stripe and the bus, as this stack's own functions have them."""
        return _StackPorts(self)

    @cached_property
    def _outputs(self) -> dict[str, str]:
        return {o["OutputKey"]: o["OutputValue"] for o in self._stack.get("Outputs", [])}

    @cached_property
    def _stack(self) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = self.client("cloudformation").describe_stacks(
                StackName=self.stack_name
            )["Stacks"][0]
        except ClientError as error:
            raise OpsError(
                f"stack {self.stack_name} can't be read in {self.region}:"
                f" {error.response['Error']['Message']}; --stack-name and --region say which"
            ) from None
        return found


class _StackPorts(Ports):
    """A stack's ports from outside: its settings by its outputs and parameters."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @cached_property
    def settings(self) -> Settings:
        try:
            return self._settings(self._target.outputs, self._target.parameters)
        except (KeyError, StackError) as error:
            raise OpsError(
                f"stack {self._target.stack_name} is of another version, it lacks {error}:"
                " deploy it anew, or use the scai-ops that it was deployed with"
            ) from None

    def _settings(self, outputs: Outputs, parameters: Mapping[str, str]) -> Settings:
        return Settings.model_validate(
            {
                "USERS_TABLE": outputs["UsersTableName"],
                "SUBSCRIPTIONS_TABLE": outputs["SubscriptionsTableName"],
                "CUSTOMERS_TABLE": outputs["CustomersTableName"],
                "EVENTS_TABLE": outputs["EventsTableName"],
                "EVENT_BUS": outputs["EventBusName"],
                "USERS_TABLE_KEY": parameters["UsersTableKey"],
                "STRIPE_SECRET_ID": parameters["StripeSecretId"],
                "STRIPE_API_BASE": parameters["StripeApiBase"],
                "LEDGER_TTL_DAYS": parameters["LedgerTtlDays"],
                "GRACE_PERIOD_DAYS": parameters["GracePeriodDays"],
                "PAUSED_COLLECTION_ACCESS": parameters["PausedCollectionAccess"],
                "PARTIAL_REFUND_ACCESS": parameters["PartialRefundAccess"],
            }
        )

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        client: DynamoDBClient = self._target.client("dynamodb")
        return client

    @cached_property
    def executions(self) -> Executions:
        return Executions(self._target.client("stepfunctions"))

    @cached_property
    def bus(self) -> Bus:
        return Bus(self.settings.event_bus, self._target.client("events"))

    @cached_property
    def secrets(self) -> SecretReader:
        client = self._target.client("secretsmanager")
        return SecretReader(self.settings.stripe_secret_id, client=client)

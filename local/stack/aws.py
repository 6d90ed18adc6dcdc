"""Clients of the embedded AWS, as its root."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from local.embedded_aws.process import REGION, ROOT_ACCESS_KEY

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_stepfunctions import SFNClient


class Aws:
    """The services of one embedded AWS that the stack itself talks to."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.Session(
            aws_access_key_id=ROOT_ACCESS_KEY,
            aws_secret_access_key=ROOT_ACCESS_KEY,
            region_name=REGION,
        )

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self._session.client("cloudformation", **self._options())

    @cached_property
    def cognito(self) -> "CognitoIdentityProviderClient":
        return self._session.client("cognito-idp", **self._options())

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return self._session.client("dynamodb", **self._options())

    @cached_property
    def events(self) -> "EventBridgeClient":
        return self._session.client("events", **self._options())

    @cached_property
    def functions(self) -> "LambdaClient":
        return self._session.client("lambda", **self._options())

    @cached_property
    def mail(self) -> Any:
        return self._session.client("sesv2", **self._options())

    @cached_property
    def s3(self) -> "S3Client":
        return self._session.client("s3", **self._options())

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        return self._session.client("secretsmanager", **self._options())

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        return self._session.client("stepfunctions", **self._options())

    def _options(self) -> dict[str, Any]:
        return {"endpoint_url": self._endpoint, "config": Config(retries={"total_max_attempts": 2})}

"""``Idempotency-Key``: the first answer to a key is the answer to every repeat of that request.

The whole answer of a POST is kept for a day, by Powertools' idempotency in DynamoDB, if it did
something: success, or a card that was declined. Any other refusal did nothing, and asks for another
try once its cause is mended. A function that dies leaves its key in progress, but only until its
own timeout.

Guards that nobody gets an answer of another's: a key counts for one route and one ``Caller``, which
is all that the routes judge by. So a repeat is told nothing that the route itself wouldn't tell.
"""

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.caller import caller_of
from api.ports import ApiPorts
from billing.domain.errors import IdempotencyKeyInvalid, IdempotencyKeyReused, RequestInProgress
from billing.observability import logger
from billing.store.dynamodb import client, errors_translated

Json = dict[str, Any]
Resolve = Callable[[Json, LambdaContext], Json]

_DAY = 24 * 60 * 60
#: Statuses of answers that are kept.
KEPT = frozenset({200, 402})
_VALID_KEY = re.compile(r"[ -~]{1,255}")


class _NotKept(Exception):
    """Has Powertools forget the key: nothing was done."""


class Idempotency:
    """Resolves a request that carries a key once; any other goes straight through."""

    def __init__(self, ports: ApiPorts) -> None:
        self._ports = ports

    @cached_property
    def _store(self) -> DynamoDBPersistenceLayer:
        table = self._ports.settings.idempotency_table
        return DynamoDBPersistenceLayer(table, boto3_client=client())

    def answer(self, event: Json, context: LambdaContext, resolve: Resolve) -> Json:
        """Give the answer that is kept for the request, or else resolve it.

        Raises:
            IdempotencyKeyInvalid: the key isn't one.
            IdempotencyKeyReused: the key belongs to a request with another body.
            RequestInProgress: the first request with the key isn't answered yet.
            StoreUnavailable: DynamoDB can't say whether there was one; nothing was done.
        """
        key = event.get("headers", {}).get("idempotency-key")
        if key is None or event["requestContext"]["http"]["method"] != "POST":
            return resolve(event, context)
        if not _VALID_KEY.fullmatch(key):
            raise IdempotencyKeyInvalid(f"a key of {len(key)} characters")
        caller = caller_of(event, self._ports.settings.user_id_claim)
        identity = [caller.user_id, caller.is_admin, event["rawPath"], key]
        return self._once({"identity": identity, "event": event}, context, resolve)

    def _once(self, request: Json, context: LambdaContext, resolve: Resolve) -> Json:
        answers: list[Json] = []

        def first(*, request: Json) -> Json:
            answer = resolve(request["event"], context)
            answers.append(answer)
            if answer["statusCode"] not in KEPT:
                raise _NotKept
            return answer

        once = idempotent_function(
            first,
            data_keyword_argument="request",
            persistence_store=self._store,
            config=_config(context),
            key_prefix="api",  # the default is a function's name, which may change
        )
        try:
            return once(request=request)  # type: ignore[no-any-return]  # Powertools says Any
        except _NotKept:
            return answers[-1]
        except IdempotencyValidationError as error:
            raise IdempotencyKeyReused("the first request had another body") from error
        except (IdempotencyAlreadyInProgressError, IdempotencyInconsistentStateError) as error:
            raise RequestInProgress("another invocation answers it") from error
        except IdempotencyPersistenceLayerError as error:
            return _without_store(error, answers)


def _config(context: LambdaContext) -> IdempotencyConfig:
    return IdempotencyConfig(
        event_key_jmespath="identity",
        payload_validation_jmespath="event.[body, isBase64Encoded]",
        hash_function="sha256",  # of what callers choose: it must be hard to collide
        expires_after_seconds=_DAY,
        lambda_context=context,
        response_hook=_replayed,
    )


def _replayed(response: Json, idempotent_data: DataRecord) -> Json:  # noqa: ARG001 - Powertools' names
    """Mark a repeated answer, as Stripe does."""
    return response | {"headers": response["headers"] | {"Idempotent-Replayed": "true"}}


def _without_store(error: IdempotencyPersistenceLayerError, answers: list[Json]) -> Json:
    """Give the answer although DynamoDB didn't keep it: it is true, and a repeat finds it so."""
    if not answers:
        with errors_translated():
            raise error.__cause__ or error
    logger.warning("answer not kept", reason=type(error.__cause__).__name__)
    return answers[-1]

"""Read DynamoDB streams into Lambdas by AWS's rules for failures.

AWS retries from the failed record (`ReportBatchItemFailures`), splits a failing batch
(`BisectBatchOnFunctionError`), and after `MaximumRetryAttempts` or `MaximumRecordAgeInSeconds`
sends the batch's position to the on-failure destination and goes on ("Configuring partial batch
response with DynamoDB and Lambda", "Retain discarded records", Lambda Developer Guide); its filters
are EventBridge's patterns. The package ignores all of the first three: it takes a reported failure
for a success and loses the record, or retries a poisonous batch for ever. It also makes one slow
function hold up every other mapping.
"""

import json
import threading
import time
from dataclasses import dataclass

from local.embedded_aws.answers import Json
from local.embedded_aws.package import dynamodb, eventbridge, lambda_svc
from local.embedded_aws.patching import replace, rewrite

# AWS backs off longer; here the shape is kept and the time is not.
FIRST_BACKOFF_SECONDS = 0.1
LONGEST_BACKOFF_SECONDS = 5.0


@dataclass
class Progress:
    """How often the batch at a mapping's position was tried, and how far it was split."""

    failures: int = 0
    size: int | None = None


@dataclass(frozen=True)
class Batch:
    """Records read from a stream, of which the filter kept some."""

    table: str
    position: int
    read: list[Json]
    kept: list[Json]

    def position_of(self, sequence_number: str) -> int | None:
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.read]
        if sequence_number not in numbers:
            return None
        return self.position + numbers.index(sequence_number)


_progress: dict[str, Progress] = {}


def apply() -> None:
    replace(lambda_svc, "_poll_dynamodb_streams", _poll)
    replace(lambda_svc, "_match_esm_filter", _matches)
    rewrite(
        lambda_svc,
        "_send_ddb_stream_failure_record",
        ('"approximateInvokeCount": 1', '"approximateInvokeCount": result["invocations"]'),
    )


def _matches(record: Json, pattern: Json) -> bool:
    alternatives = eventbridge._compiled_pattern(json.dumps(pattern))
    return any(eventbridge._matches_detail(record, one) for one in alternatives or [])


def _poll() -> bool:
    """Start one batch of every mapping that has records waiting; tell whether there was any."""
    started = False
    for account_id, region, mapping in lambda_svc._iter_all_esms():
        tokens = (
            lambda_svc._request_account_id.set(account_id),
            lambda_svc._request_region.set(region),
        )
        try:
            started = _start_next_batch(mapping) or started
        finally:
            lambda_svc._request_account_id.reset(tokens[0])
            lambda_svc._request_region.reset(tokens[1])
    return started


def _start_next_batch(mapping: Json) -> bool:
    identifier = mapping["UUID"]
    table = _table_of(mapping)
    function, _ = lambda_svc._get_func_record_for_qualifier(
        mapping["FunctionName"], mapping.get("Qualifier")
    )
    busy = identifier in lambda_svc._esm_inflight
    pausing = lambda_svc._esm_backoff_until.get(identifier, 0) > time.time()
    if table is None or function is None or busy or pausing or not mapping.get("Enabled", True):
        return False
    batch = _read(mapping, table)
    if batch is None:
        return False
    if not batch.kept:
        _go_on_at(mapping, batch.position + len(batch.read))
        return True
    lambda_svc._dispatch_esm_batch(identifier, _process, mapping, function, batch)
    return True


def _table_of(mapping: Json) -> str | None:
    """Name the table whose stream the mapping reads."""
    arn = mapping.get("EventSourceArn", "")
    if ":dynamodb:" not in arn or "/stream/" not in arn:
        return None
    name: str = arn.split("/stream/")[0].rsplit("/", 1)[-1]
    table = dynamodb._tables.get(name)
    return name if table and table.get("LatestStreamArn") == arn else None


def _read(mapping: Json, table: str) -> Batch | None:
    position = _position(mapping, table)
    size = _progress_of(mapping).size or int(mapping.get("BatchSize", 100))
    read = dynamodb.stream_records_since(table, position, size)
    return (
        Batch(table, position, read, lambda_svc._apply_filter_criteria(read, mapping))
        if read
        else None
    )


def _position(mapping: Json, table: str) -> int:
    """Where to read next; what has expired is skipped."""
    lambda_svc._init_stream_position(
        mapping["UUID"], mapping["EventSourceArn"], mapping.get("StartingPosition", "LATEST")
    )
    reached: int = lambda_svc._dynamodb_stream_positions[mapping["UUID"]]
    oldest: int = dynamodb.stream_start_position(table)
    return max(reached, oldest)


def _process(mapping: Json, function: Json, batch: Batch) -> None:
    result = lambda_svc._execute_function(function, {"Records": batch.kept})
    if result.get("throttle"):
        _pause(mapping, FIRST_BACKOFF_SECONDS)
        return
    failed_at = _failed_at(mapping, batch, result)
    if failed_at is None:
        mapping["LastProcessingResult"] = "OK"
        _go_on_at(mapping, batch.position + len(batch.read))
        return
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    if failed_at > batch.position:
        _go_on_at(mapping, failed_at)
    _retry_or_discard(mapping, function, batch, failed_at, result)


def _failed_at(mapping: Json, batch: Batch, result: Json) -> int | None:
    """Find the position to retry from: the batch's start, or the first record reported as failed.

    As on AWS, a report that can't be understood means that the whole batch failed.
    """
    if result.get("error"):
        return batch.position
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        return None
    answer = result.get("body")
    failures = (answer.get("batchItemFailures") if isinstance(answer, dict) else None) or []
    positions = [batch.position_of(failure.get("itemIdentifier", "")) for failure in failures]
    if not positions:
        return None
    return min((batch.position if at is None else at) for at in positions)


def _retry_or_discard(
    mapping: Json, function: Json, batch: Batch, failed_at: int, result: Json
) -> None:
    progress = _progress_of(mapping)
    remaining = batch.read[failed_at - batch.position :]
    if _is_true(mapping.get("BisectBatchOnFunctionError")) and len(remaining) > 1:
        progress.size = len(remaining) // 2
        return
    progress.failures += 1
    condition = _exhausted(mapping, remaining, progress.failures)
    if condition is None:
        _pause(mapping, FIRST_BACKOFF_SECONDS * 2.0 ** min(progress.failures - 1, 16))
        return
    lambda_svc._send_ddb_stream_failure_record(
        mapping,
        function,
        remaining,
        mapping["EventSourceArn"],
        result | {"invocations": progress.failures},
        condition,
    )
    _go_on_at(mapping, batch.position + len(batch.read))


def _exhausted(mapping: Json, records: list[Json], failures: int) -> str | None:
    attempts = int(mapping.get("MaximumRetryAttempts", -1))
    if 0 <= attempts < failures:
        return "RetryAttemptsExhausted"
    oldest = int(mapping.get("MaximumRecordAgeInSeconds", -1))
    created = float(records[0]["dynamodb"]["ApproximateCreationDateTime"])
    if 0 <= oldest < time.time() - created:
        return "RecordAgeExceeded"
    return None


def _go_on_at(mapping: Json, position: int) -> None:
    lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
    _progress.pop(mapping["UUID"], None)


def _pause(mapping: Json, seconds: float) -> None:
    seconds = min(seconds, LONGEST_BACKOFF_SECONDS)
    lambda_svc._esm_backoff_until[mapping["UUID"]] = time.time() + seconds
    timer = threading.Timer(seconds, lambda_svc._esm_wake.set)
    timer.daemon = True
    timer.start()


def _progress_of(mapping: Json) -> Progress:
    return _progress.setdefault(mapping["UUID"], Progress())


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"

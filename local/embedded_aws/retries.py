"""Wait between a Task's tries as the `Retry` field says.

AWS multiplies the interval by the backoff rate up to MaxDelaySeconds, and with JitterStrategy FULL
waits for a random part of that ("Retrying after an error", Step Functions Developer Guide). The
package ignores both and never waits for more than a minute.
"""

import random

from local.embedded_aws.answers import Json
from local.embedded_aws.package import stepfunctions
from local.embedded_aws.patching import provide, rewrite

LONGEST_DELAY_SECONDS = 31_622_400


def apply() -> None:
    provide(stepfunctions, retry_delay=delay_seconds)
    rewrite(
        stepfunctions,
        "_execute_task",
        ("_scaled_sleep(min(sleep_sec, 60))", "_scaled_sleep(retry_delay(retrier, count))"),
    )


def delay_seconds(retrier: Json, retries: int) -> float:
    """Give the wait before the next try, after so many retries."""
    longest = float(retrier.get("MaxDelaySeconds", LONGEST_DELAY_SECONDS))
    grown = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retries
    delay = min(float(grown), longest)
    # A random wait guards nothing here.
    return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay  # noqa: S311

"""Hand a queue's messages to a Lambda again as soon as it has room.

AWS goes on trying a batch whose function is throttled, for as long as its messages are invisible:
that is why their timeout should be six times the function's ("Creating and configuring an Amazon
SQS event source mapping", Lambda Developer Guide). The package counts it as a failure, and the
messages wait for the whole timeout and come nearer to the dead-letter queue.
"""

from local.embedded_aws.package import lambda_svc
from local.embedded_aws.patching import rewrite


def apply() -> None:
    """Use what `async_invocation` provides."""
    rewrite(
        lambda_svc,
        "_run_sqs_batch",
        (
            "result = _execute_function(func_rec, event)",
            "result = execute_when_not_throttled(func_rec, event)",
        ),
    )

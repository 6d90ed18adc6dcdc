"""Take out the package's fixed waits, so that nothing is slower than the work it does.

AWS starts an execution at once ("StartExecution", Step Functions API Reference) and a function that
logs nothing costs no more than one that does. The package sleeps 150 ms before every execution,
waits 50 ms for logs after every silent invocation, and pauses 50 ms between passes over the event
source mappings: a lifecycle of four Lambdas would take half a second to do nothing.
"""

from local.embedded_aws.package import lambda_runtime, lambda_svc, stepfunctions
from local.embedded_aws.patching import rewrite


def apply() -> None:
    rewrite(stepfunctions, "_run_execution", ("    time.sleep(0.15)\n", ""))
    rewrite(
        lambda_runtime.Worker,
        "_drain_stderr_bounded",
        ("first_line_wait: float = 0.050", "first_line_wait: float = 0.002"),
        ("idle_confirm: float = 0.005", "idle_confirm: float = 0.002"),
    )
    rewrite(
        lambda_svc, "_poll_loop", ("time.sleep(_ESM_IDLE_WAKE_GAP_SECONDS)", "time.sleep(0.002)")
    )

"""Name a Lambda's failure as AWS names it, so that `Retry` and `Catch` match.

AWS hands Step Functions the exception's class name, with a cause of errorMessage, errorType and
stackTrace ("Handling error conditions in Step Functions" and "AWS Lambda function errors in
Python", Developer Guides); a timeout is `Sandbox.Timedout`, a process that dies
`Runtime.ExitError`, a throttle `Lambda.TooManyRequestsException`. The package reports every
exception as `Runtime.HandlerError` and ends the process, so that no state could match an error by
name and every failure would cost a cold start.
"""

from local.embedded_aws.package import lambda_runtime, lambda_svc, stepfunctions
from local.embedded_aws.patching import provide, rewrite, substitute

_EXITED = '"error": "Runtime exited without providing a reason", "error_type": "Runtime.ExitError"'

_HANDLER_CALL = """
            result = handler_fn(event, context)
            _real_stdout.write(json.dumps({"status": "ok", "result": result}) + "\\n")
        except Exception as e:
            _real_stdout.write(json.dumps({"status": "error", "error": str(e), \
"trace": traceback.format_exc()}) + "\\n")
"""
_NAMED_HANDLER_CALL = """
            result = handler_fn(event, context)
            try:
                answer = json.dumps({"status": "ok", "result": result})
            except Exception as e:
                reason = "Unable to marshal response: " + str(e)
                answer = _ms_failure("Runtime.MarshalError", reason, e)
        except Exception as e:
            answer = _ms_failure(type(e).__name__, str(e), e)
        _real_stdout.write(answer + "\\n")
"""
_FAILURE = """
def _ms_failure(error_type, message, error):
    frames = traceback.extract_tb(error.__traceback__)[1:]
    return json.dumps({
        "status": "error", "error": message, "error_type": error_type,
        "trace": traceback.format_exc(), "stack_trace": traceback.format_list(frames),
    })

def run():
"""
_IMPORT_FAILED = """
    except Exception as e:
        _real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")
"""
_NAMED_IMPORT_FAILED = """
    except Exception as e:
        name = "Runtime.ImportModuleError" if isinstance(e, ImportError) else type(e).__name__
        _real_stdout.write(_ms_failure(name, str(e), e) + "\\n")
"""


class InitError(RuntimeError):
    """A function's module could not be imported."""

    def __init__(self, response: dict[str, str]):
        super().__init__(response.get("error", ""))
        self.error_type = response.get("error_type", "Runtime.ExitError")


def apply() -> None:
    _name_exceptions()
    _name_deaths()
    _report_names()


def _name_exceptions() -> None:
    lambda_runtime._PYTHON_WORKER_SCRIPT = substitute(
        "_PYTHON_WORKER_SCRIPT",
        lambda_runtime._PYTHON_WORKER_SCRIPT,
        ("\ndef run():\n", _FAILURE),
        (_IMPORT_FAILED, _NAMED_IMPORT_FAILED),
        (_HANDLER_CALL, _NAMED_HANDLER_CALL),
    )
    provide(lambda_runtime, InitError=InitError)
    rewrite(
        lambda_runtime.Worker,
        "_spawn",
        (
            """raise RuntimeError(f"Worker init failed: {response.get('error')}")""",
            "raise InitError(response)",
        ),
        (
            'raise RuntimeError(f"Worker process exited immediately. stderr: {stderr_out}")',
            """raise InitError({"error": f"Runtime exited during initialization: {stderr_out}"})""",
        ),
    )


def _name_deaths() -> None:
    rewrite(
        lambda_runtime.Worker,
        "invoke",
        # A handler's exception leaves the process as it is, as on AWS.
        (
            'if response.get("status") == "error":',
            'if response.get("error_type") == "Runtime.ExitError":',
        ),
        ('"error": "Worker process died"', _EXITED),
        ('"error": "Worker returned no response"', _EXITED),
        ('"error": "No JSON response from worker after 200 lines"', _EXITED),
        ('{"status": "error", "error": str(e)}', f'{{"status": "error", {_EXITED}}}'),
    )


def _report_names() -> None:
    rewrite(
        lambda_svc,
        "_execute_function_warm",
        (
            'error_type = "Runtime.HandlerError"\n',
            'error_type = result.get("error_type", "Runtime.HandlerError")\n',
        ),
        (
            '"errorType": error_type,\n',
            '"errorType": error_type,\n'
            '                    "requestId": request_id,\n'
            '                    "stackTrace": result.get("stack_trace", []),\n',
        ),
        (
            '"errorType": type(e).__name__',
            '"errorType": getattr(e, "error_type", type(e).__name__)',
        ),
    )
    rewrite(
        stepfunctions,
        "_call_lambda",
        (
            '    if result.get("error"):\n',
            '    if result.get("throttle"):\n'
            '        raise _ExecutionError("Lambda.TooManyRequestsException",\n'
            '                              result["body"]["message"])\n'
            '    if result.get("error"):\n',
        ),
    )

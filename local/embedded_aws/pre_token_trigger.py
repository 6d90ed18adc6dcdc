"""Refuse a sign-in whose pre-token trigger fails, as Cognito does.

AWS answers `UserLambdaValidationException` with the trigger's message ("Pre token generation Lambda
trigger" and "InitiateAuth", Cognito guides). The package issues the token without the trigger's
claims, or, told to be strict, answers an internal error that clients retry.
"""

from collections.abc import Callable

from local.embedded_aws.answers import Answer, Json, refusal
from local.embedded_aws.package import cognito
from local.embedded_aws.patching import provide, rewrite


class TriggerError(Exception):
    """The trigger failed, or can't be called."""


def apply() -> None:
    provide(cognito, TriggerError=TriggerError, answer_or_refuse=_answer_or_refuse)
    rewrite(
        cognito,
        "_apply_pretoken_trigger",
        ("        if strict:\n            raise\n", "        raise TriggerError(str(e)) from e\n"),
        (
            "        if strict:\n"
            "            raise RuntimeError(f\"PreTokenGeneration error: {result.get('body')}\")\n",
            '        raise TriggerError(result["body"]["errorMessage"])\n',
        ),
    )
    rewrite(
        cognito,
        "_run_idp_handler",
        ("    return handler(data)", "    return answer_or_refuse(handler, data)"),
    )


def _answer_or_refuse(handler: Callable[[Json], Answer], data: Json) -> Answer:
    try:
        return handler(data)
    except TriggerError as error:
        message = f"PreTokenGeneration failed with error {error}."
        return refusal("UserLambdaValidationException", message)

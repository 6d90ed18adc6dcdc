"""Give a Lambda the environment that its template declares, and no more.

On AWS a function sees Lambda's own variables and those of its configuration ("Working with Lambda
environment variables", Developer Guide). The package adds everything in the emulator's environment,
so a variable that the template forgot would be found here and missing in production.
"""

import os

from local.embedded_aws.package import lambda_runtime
from local.embedded_aws.patching import provide, rewrite

_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "SYSTEMROOT")


def apply() -> None:
    provide(lambda_runtime, inherited_environment=_inherited)
    rewrite(
        lambda_runtime.Worker,
        "_spawn",
        (
            "spawn_env = {**os.environ, **env_vars}",
            "spawn_env = {**inherited_environment(), **env_vars}",
        ),
    )


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}

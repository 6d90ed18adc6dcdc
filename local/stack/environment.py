"""Environment variables for child processes, and for ourselves, without the developer's AWS set-up.

Guards the developer's real AWS accounts: no profile, credential or endpoint of theirs is ever used.
"""

import os
from collections.abc import Mapping

#: Prefixes of variables that would point a tool at something of the developer's.
_FOREIGN = ("AWS_", "SAM_CLI_", "STRIPE_", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")


def isolated(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """A copy of the environment from which a child can reach no AWS account but ours."""
    kept = {name: value for name, value in environ.items() if not name.startswith(_FOREIGN)}
    direct = ",".join(filter(None, [environ.get("no_proxy", environ.get("NO_PROXY")), "127.0.0.1"]))
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }

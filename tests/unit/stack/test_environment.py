"""Nothing of the developer's AWS set-up reaches a child process."""

import os

from local.stack.environment import isolated


def test_no_aws_account_of_the_developer_is_reachable() -> None:
    environment = isolated(
        {
            "AWS_PROFILE": "production",
            "AWS_ACCESS_KEY_ID": "AKIA",
            "AWS_SESSION_TOKEN": "token",
            "AWS_CONFIG_FILE": "/home/user/.aws/config",
            "SAM_CLI_TELEMETRY": "1",
            "STRIPE_SECRET_KEY": "sk_test_1",
            "MAKEFLAGS": "-j8",
            "PATH": "/bin",
        }
    )

    assert environment["PATH"] == "/bin"
    assert environment["AWS_CONFIG_FILE"] == os.devnull
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert not environment.keys() & {
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SESSION_TOKEN",
        "SAM_CLI_TELEMETRY",
        "STRIPE_SECRET_KEY",
        "MAKEFLAGS",
    }


def test_this_machine_is_reached_past_a_proxy_and_the_developers_exceptions_stay() -> None:
    environment = isolated({"NO_PROXY": "intranet", "HTTP_PROXY": "http://proxy:3128"})

    assert environment["NO_PROXY"] == environment["no_proxy"] == "intranet,127.0.0.1"
    assert environment["HTTP_PROXY"] == "http://proxy:3128"

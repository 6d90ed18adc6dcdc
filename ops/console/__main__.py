"""``python -m ops.console``: the console of a local stack, as the stack itself starts it.

It is told where the stack's AWS is, because ``stack.json`` is written after everything answers. It
has no key: whoever reaches it reaches the stack's AWS too, which takes anybody's credentials.
"""

import argparse

import boto3

from local.stack.settings import STACK_NAME
from ops.console.app import create_app
from ops.console.serving import listen, serve
from ops.target import Target


def main() -> None:
    """Serve until the stack ends."""
    parser = argparse.ArgumentParser(prog="ops.console", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws-endpoint", required=True)
    parser.add_argument("--region", required=True)
    args = parser.parse_args()
    session = boto3.Session("test", "test", region_name=args.region)
    target = Target(session, STACK_NAME, args.aws_endpoint)
    serve(create_app(target, allow_writes=True, key=None), listen(args.port))


if __name__ == "__main__":
    main()

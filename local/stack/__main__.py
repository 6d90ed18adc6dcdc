"""`python -m local.stack run|up|down|status|demo`: what the Makefile's targets call.

Guards the terminal: Ctrl-C shows no traceback, even while the imports still take their second.
"""

import sys


def main() -> int:
    try:
        from local.stack import command_line  # noqa: PLC0415  within the guard

        return command_line.main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

"""`python -m local.stack run|up|down|status|demo`: what the Makefile's targets call.

Guards the terminal: Ctrl-C shows no traceback, even while the imports still take their second.
"""

import sys

from local.interrupts import EXIT_CODE, ending_at_once


def main() -> int:
    with ending_at_once():
        from local.stack import command_line  # noqa: PLC0415  within the guard
    try:
        return command_line.main()
    except KeyboardInterrupt:
        return EXIT_CODE


if __name__ == "__main__":
    sys.exit(main())

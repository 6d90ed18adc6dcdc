"""`python -m local.stripe_simulator`, as `make stripe` runs it; Ctrl-C ends it without a word."""

from local.interrupts import ending_at_once

if __name__ == "__main__":
    with ending_at_once():
        from local.stripe_simulator.command_line import main
    main()

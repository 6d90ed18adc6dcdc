"""What can go wrong with a local stack, each told in one line that says what to do."""


class StackError(Exception):
    """The stack can't start, go on or be used; the message is meant for the developer."""


class Stopped(Exception):
    """A signal asked the stack to stop while it was still starting."""

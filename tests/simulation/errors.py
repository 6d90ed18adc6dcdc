"""What the stand-ins of the simulation have in common."""


class NotSimulated(NotImplementedError):
    """A stand-in was asked for what it doesn't do: teach it, or don't use it."""

"""A named path through a machine: the states in order, and how the execution ends.

A Task stands with the name of its mocked responses, and with ``xn`` where it is tried n times::

    (("Claim Event x2", "DiesThenClaimed"), "Claimed?", …, "Payment Recorded", "SUCCEEDED")
"""

Case = tuple[str | tuple[str, str], ...]


def path_of(case: Case) -> list[str]:
    """The states entered, and last how it ended."""
    return [entered if isinstance(entered, str) else entered[0] for entered in case]


def mocks_of(case: Case) -> dict[str, str]:
    """The mocked responses of each Task, by name."""
    tasks = (entered for entered in case if not isinstance(entered, str))
    return {name.partition(" x")[0]: responses for name, responses in tasks}

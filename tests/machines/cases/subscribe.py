"""Every path of ``subscribe``."""

from tests.machines.recording import recording

CASES = recording(step="Record Subscription", end="Subscription Recorded")

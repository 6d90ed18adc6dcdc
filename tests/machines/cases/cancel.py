"""Every path of ``cancel``."""

from tests.machines.recording import recording

CASES = recording(step="Record Cancellation", end="Cancellation Recorded")

"""Every path of ``purchase``."""

from tests.machines.recording import recording

CASES = recording(step="Record Purchase", end="Purchase Recorded")

"""Every path of ``renew``."""

from tests.machines.recording import recording

CASES = recording(step="Record Payment", end="Payment Recorded")

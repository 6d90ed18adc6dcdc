"""Every path of ``sync_payment_methods``."""

from tests.machines.recording import recording

CASES = recording(step="Record Payment Methods", end="Payment Methods Recorded")

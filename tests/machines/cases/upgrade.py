"""Every path of ``upgrade``."""

from tests.machines.recording import recording

CASES = recording(step="Record Change", end="Change Recorded")

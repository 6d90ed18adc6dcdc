"""The steps that several machines share: one module, and one Lambda, per Task state."""

"""What every Lambda shares: pure decisions (domain), boundary models (contracts) and adapters."""

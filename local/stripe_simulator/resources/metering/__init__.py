"""Usage: meters, the events that they add up, and what that comes to for a customer."""

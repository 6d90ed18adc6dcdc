"""Pydantic models of everything that crosses a boundary: Stripe, the machines, the bus, the API."""

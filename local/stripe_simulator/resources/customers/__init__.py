"""Customers, and what belongs to each."""

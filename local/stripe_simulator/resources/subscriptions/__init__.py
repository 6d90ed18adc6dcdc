"""Subscriptions: their items, how they change, renew and end."""

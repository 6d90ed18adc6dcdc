"""Stripe, and nothing but Stripe."""

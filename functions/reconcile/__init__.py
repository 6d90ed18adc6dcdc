"""The machine ``reconcile``: what we hold against what Stripe holds, and heal it."""

"""The lifecycle ``payment_failure``: dunning, from a debt's first failed payment to its end."""

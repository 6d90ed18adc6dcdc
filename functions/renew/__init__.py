"""The lifecycle ``renew``: an invoice that is settled, at the first attempt or after dunning."""

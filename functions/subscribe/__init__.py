"""The lifecycle ``subscribe``: a customer's first subscription."""

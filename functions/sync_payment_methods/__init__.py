"""The lifecycle ``sync_payment_methods``: which payment methods a customer has."""

"""The lifecycle ``purchase``: what is bought once, and what of it is refunded or disputed."""

"""The relay: Stripe's webhook, put on our bus."""

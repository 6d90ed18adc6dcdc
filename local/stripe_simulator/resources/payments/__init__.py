"""How money moves: intents, payment methods, charges, refunds and disputes."""

"""The customer portal: what it may do, and a customer's sessions in it."""

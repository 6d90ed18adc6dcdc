"""The HTTP shell: Stripe's API, the payment page, the control path, and sending what is due."""

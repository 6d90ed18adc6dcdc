"""One module per Stripe resource: its shape, what changes it, and its routes.

A resource that also lives on by itself (an invoice, a subscription) has that in modules beside
its own (`invoice_collection`, `subscription_lifecycle`).

What many do alike (retrieve, list, change fields) is in `plain`.

A module imports only resources that it is built on (subscriptions on invoices on payment
intents …). What flows the other way is a reaction to an event, listed in `registry`.
"""

"""One module per Stripe resource: its shape, what changes it, and its routes.

Invoices and subscriptions, which also live on by themselves, have that in modules of their own
(`invoice_drafts`, `invoice_collection`, `subscription_lifecycle`).

A module imports only resources that it is built on (subscriptions on invoices on payment
intents …). What flows the other way is a reaction to an event, listed in `registry`.
"""

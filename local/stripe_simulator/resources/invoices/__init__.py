"""Invoices: what is billed, how it is finalized, collected and paid."""

"""Reconciliation: what we hold against what Stripe holds, a page at a time, healed where it may be.

Each phase looks at one page per call and answers with where to go on, so that memory stays the
same however many customers there are.
"""

"""A local Stripe: test mode at one API version, as a plain library with a thin HTTP shell.

`engine.Engine` is the library: synchronous, deterministic, without I/O. `python -m
local.stripe_simulator` serves it over HTTP. It exists so that the whole billing system can be
run and tested without a Stripe account; it holds no business logic of ours.
"""

"""What a payment method that is on file does from now on: decline, or spend what it has left.

Stripe's test cards always behave the same; a card in the world doesn't. For the control path.
"""

from __future__ import annotations

from dataclasses import replace

from local.stripe_simulator.cards import DECLINES, Refunds
from local.stripe_simulator.errors import invalid
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def set_card(
    world: World,
    method_id: str,
    *,
    declines: str | None = None,
    balance: int | None = None,
    refunds: Refunds = "succeed",
) -> Json:
    """Let every charge of a payment method from now on succeed, but for what is given here.

    Args:
        world: The account.
        method_id: A stored card or bank account.
        declines: The decline code with which every charge is refused (`cards.DECLINES`).
        balance: What it can spend before it has insufficient funds, in minor units.
        refunds: What becomes of refunds to it.

    Raises:
        StripeError: There is no such payment method or no such decline code.
    """
    method = world.store.get("payment_method", method_id)
    if declines is not None and declines not in DECLINES:
        known = ", ".join(sorted(DECLINES))
        raise invalid(f"Invalid decline code: {declines}. It must be one of {known}.", "declines")
    decline = DECLINES[declines] if declines is not None else None
    card = world.cards[method_id]
    world.cards[method_id] = replace(
        card, on_attach=None, on_charge=decline, balance=balance, refunds=refunds
    )
    return method

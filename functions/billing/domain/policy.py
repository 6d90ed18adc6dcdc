"""What the business decides and Stripe doesn't: how long grace lasts, what a pause leaves."""

from typing import Literal

from billing.domain.record import Value


class Policy(Value):
    """The policies; the template's parameters set them."""

    grace_days: int = 7
    paused_collection: Literal["full", "restricted"] = "full"
    partial_refund: Literal["keep", "revoke"] = "keep"

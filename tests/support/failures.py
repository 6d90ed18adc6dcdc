"""Executions of the deployed stack that really fail, and may go well once they are retried."""

import uuid

from tests.support.deployed import Deployed, Json


class Failed:
    """An event that names a user whom there isn't yet: its execution fails after its retries.

    ``user_id`` may be any text: the event is Stripe's, and what is in it anybody's.
    """

    def __init__(self, deployed: Deployed, user_id: str | None = None) -> None:
        self.deployed = deployed
        self.user_id = user_id or f"user-{uuid.uuid4().hex[:12]}"
        self.customer_id, subscription = deployed.subscribed_customer()
        self.event = deployed.subscription_event(subscription, self.user_id)
        deployed.deliver(self.event)

    def has_failed(self) -> str:
        """Wait until it has; give its execution's ARN."""
        arn: str = self.deployed.ended(self.event, "failed")["lease_execution"]
        return arn

    def mend(self) -> None:
        """Make the user."""
        email = f"{self.user_id}@example.test"
        self.deployed.add_user(_id=self.user_id, email=email)

    def went_well(self, deliveries: int = 1) -> Json:
        """Wait until the event is done, by so many executions; give its entry."""
        return self.deployed.ended(self.event, deliveries=deliveries)


def malformed(deployed: Deployed, customer_id: str, **stripe_object: object) -> str:
    """Have an event fail that no step can read, at once and for ever; give its execution's ARN."""
    broken = {"id": "sub_1", "object": "subscription", "customer": customer_id, "items": 7}
    event = deployed.event("customer.subscription.created", broken | stripe_object)
    deployed.deliver(event)
    arn: str = deployed.ended(event, "failed")["lease_execution"]
    return arn

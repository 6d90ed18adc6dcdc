"""Every error a step or route may raise, named as the state machines' Retry and Catch name them.

Step Functions matches the Python class name, so renaming a class here changes a state machine;
a test checks that each name used in ``statemachines/`` stands in this file.
"""


class BillingError(Exception):
    """Base of all errors that this product raises on purpose."""


class ConfigurationError(BillingError):
    """A setting or secret is missing or malformed. Never retried: somebody must mend it."""


class ContractViolation(BillingError):
    """An event or a Stripe object isn't of the shape we know. Never retried."""


class UserNotFound(BillingError):
    """An event names a user that doesn't exist (yet): retried, then left for a redrive."""


class UserConflict(BillingError):
    """The user is linked with another customer that Stripe still has."""


class LeaseLost(BillingError):
    """Another execution holds the event. Retried: it either finishes the event or fails."""


class RecordContended(BillingError):
    """Other writers won the record too many times in a row. Retried."""


class RecordRejected(BillingError):
    """DynamoDB will never take a record as it is now: it is too large, say. Never retried."""


class StoreUnavailable(BillingError):
    """DynamoDB throttled, timed out or was unreachable. Retried."""


class BusUnavailable(BillingError):
    """EventBridge did not take an event, or whether it did is unknown. Retried."""


class MailDeferred(BillingError):
    """SES takes no mail right now, and took none of this one. Retried."""


class StripeUnavailable(BillingError):
    """Stripe answered 429, 409 lock or 5xx, or didn't answer. Retried with the same key.

    ``saved`` says that this idempotency key will never give another answer: Stripe kept a 5xx for
    it, or has seen it with other parameters. Only another key gets on, once it is known what the
    first one made.
    """

    def __init__(self, message: str, retry_after: int = 1, *, saved: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.saved = saved


class StripeRejected(BillingError):
    """Stripe refused a call that we made wrongly, or our key. Never retried.

    ``param`` is the parameter that Stripe names as the reason, if it does.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class StripeNotFound(StripeRejected):
    """Stripe has no such object (``resource_missing``)."""


class PaymentDeclined(BillingError):
    """Stripe declined a payment: an outcome for the customer, never retried."""

    def __init__(self, message: str, decline_code: str | None) -> None:
        super().__init__(message)
        self.decline_code = decline_code


class AlreadySubscribed(BillingError):
    """The user has a subscription: it is changed, not bought again."""


class SubscriptionNotFound(BillingError):
    """The user has no subscription that hasn't ended."""


class SubscriptionNotActive(BillingError):
    """The subscription's plan can't be changed now: its first payment is open, or it is paused."""


class SubscriptionEnding(BillingError):
    """The subscription ends before the change that is wanted would begin."""


class PaymentOverdue(BillingError):
    """A payment of the subscription is overdue: that comes before any change of plan."""


class PaymentProcessing(BillingError):
    """A change's payment is under way: until it has arrived or failed, no other can begin."""


class QuoteRefused(BillingError):
    """It is no quote that we gave to this user for this change."""


class QuoteOutdated(BillingError):
    """The quote has expired, or what it was worked out from has changed since."""


class PriceNotOffered(BillingError):
    """No price of the catalogue that is sold this way has this id."""


class NewPriceNotOffered(BillingError):
    """There is no such plan for this customer to change to."""


class PromotionCodeNotValid(BillingError):
    """There is no such promotion code, or this customer can't use it for this."""


class TrialTooLong(BillingError):
    """The trial asked for is longer than the policy allows."""


class CurrencyMismatch(BillingError):
    """The price's currency isn't the customer's: Stripe bills a customer in one only."""


class CursorNotFound(BillingError):
    """A list is to go on from what isn't in it: it is another user's, or nobody's."""


class CheckoutSessionNotFound(BillingError):
    """There is no such Checkout Session, or it is another user's."""


class PaymentMethodNotFound(BillingError):
    """The customer has no such payment method: it is another's, or nobody's any more."""


class PaymentMethodInUse(BillingError):
    """A subscription is paid with the payment method: another must take its place first."""


class IdempotencyKeyInvalid(BillingError):
    """An ``Idempotency-Key`` isn't 1 to 255 printable ASCII characters."""


class IdempotencyKeyReused(BillingError):
    """An ``Idempotency-Key`` was used before, with another body."""


class RequestInProgress(BillingError):
    """The request with this ``Idempotency-Key`` has no answer yet."""

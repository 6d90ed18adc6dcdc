"""Reconciliation in unit tests: customers at the local Stripe, the machine's loop in process."""

from billing.contracts.reconcile import ClaimRunInput, ReconcileInput, Run, RunInput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import StoreUnavailable, StripeUnavailable
from billing.linking import link_customer
from billing.store.ledger import Entry
from billing.store.runs import RunEntry
from reconcile.claim_run import claim_run
from reconcile.compare_page import compare_page
from reconcile.start_successor import start_successor
from tests.support.api import EnginePorts
from tests.support.aws import add_user
from tests.support.definitions import tasks_of

EVERYTHING = ReconcileInput(scope="all")
EVENT = "arn:aws:states:us-east-1:1:execution:scai-billing-renew:event"
MACHINE = "arn:aws:states:us-east-1:1:execution:scai-billing-reconcile"


def arn(name: str) -> str:
    """The ARN of an execution of the machine."""
    return f"{MACHINE}:{name}"


class Account:
    """Stripe's side and ours, of customers whose events never came."""

    def __init__(self, ports: EnginePorts) -> None:
        self.ports = ports
        self._prices = ports.at_stripe("GET", "/v1/prices", {"limit": 100})["data"]

    def price(self, lookup_key: str) -> str:
        found = (p["id"] for p in self._prices if p["lookup_key"] == lookup_key)
        price_id: str = next(found)
        return price_id

    def clock(self) -> str:
        """A test clock that stands at the account's time."""
        made = self.ports.at_stripe(
            "POST", "/v1/test_helpers/test_clocks", {"frozen_time": self.ports.now()}
        )
        clock_id: str = made["id"]
        return clock_id

    def customer(self, user_id: str | None = None, **fields: object) -> str:
        """A customer with a card; a user's, if one is named, and known as theirs."""
        made = self.ports.at_stripe("POST", "/v1/customers", fields)
        customer_id: str = made["id"]
        card = self.ports.at_stripe(
            "POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": customer_id}
        )
        settings = {"invoice_settings": {"default_payment_method": card["id"]}}
        self.ports.at_stripe("POST", f"/v1/customers/{customer_id}", settings)
        if user_id is not None:
            add_user(user_id)
            link_customer(self.ports.users, self.ports.customers, user_id, customer_id)
        return customer_id

    def subscribe(
        self, customer_id: str, lookup_key: str = "standard_monthly", **fields: object
    ) -> str:
        items = {"0": {"price": self.price(lookup_key)}}
        made = self.ports.at_stripe(
            "POST", "/v1/subscriptions", {"customer": customer_id, "items": items, **fields}
        )
        subscription_id: str = made["id"]
        return subscription_id

    def change(self, subscription_id: str, **params: object) -> None:
        self.ports.at_stripe("POST", f"/v1/subscriptions/{subscription_id}", params)

    def cancel(self, subscription_id: str) -> None:
        self.ports.at_stripe("DELETE", f"/v1/subscriptions/{subscription_id}")

    def known(self, user_id: str, **fields: object) -> str:
        """A subscribed customer whose record is as Stripe has it; give the subscription."""
        customer_id = self.customer(user_id, **fields)
        subscription_id = self.subscribe(customer_id)
        self.ports.reducer.sync_customer(user_id, customer_id)
        return subscription_id

    def events_are_over(self) -> None:
        """Let what happened so far be too old to be on its way."""
        self.ports.clock.advance(3_600)

    def took_every_event(self) -> None:
        """Let our ledger know every event so far: none of them was lost."""
        for event in self.ports.engine.world.store.newest_first("event"):
            opened = StripeEvent.model_validate(event)
            self.ports.ledger.open(opened, "scai.stripe", EVENT, self.ports.now())
            done = Entry(event_id=opened.id, execution=EVENT, user_id="u", outcome="stale", at=0)
            self.ports.ledger.close(done)


def reconcile(ports: EnginePorts, asked: ReconcileInput = EVERYTHING, name: str = "a") -> RunEntry:
    """Run the machine to its end in one execution after another; give the run's entry."""
    run = claim_run(ClaimRunInput(request=asked, execution=arn(name)), ports)
    while run.outcome == "more":
        run = compare_page(RunInput(run=run, execution=arn(name)), ports)
    if run.outcome == "full":
        successor = start_successor(RunInput(run=run, execution=arn(name)), ports).successor
        going_on = ReconcileInput.model_validate_json(ports.executions.successors[successor])
        return reconcile(ports, going_on, successor)
    entry = ports.runs.find(run.key)
    assert entry is not None
    return entry


def claimed(ports: EnginePorts, asked: ReconcileInput = EVERYTHING, name: str = "a") -> Run:
    """Claim a run and do no more."""
    return claim_run(ClaimRunInput(request=asked, execution=arn(name)), ports)


def tries_of_a_page() -> int:
    """How often the machine tries a page that Stripe fails."""
    (retry,) = (
        retry
        for retry in tasks_of("reconcile")["Compare Page"]["Retry"]
        if StripeUnavailable.__name__ in retry["ErrorEquals"]
    )
    return 1 + int(retry["MaxAttempts"])


def look_again_and_again(ports: EnginePorts, run: Run, name: str = "a") -> Run:
    """Look at a page as often as the machine would; the last try's error is the caller's."""
    request = RunInput(run=run, execution=arn(name))
    for _ in range(tries_of_a_page() - 1):
        try:
            return compare_page(request, ports)
        except (StripeUnavailable, StoreUnavailable):
            continue
    return compare_page(request, ports)


def reconcile_patiently(ports: EnginePorts, name: str = "a") -> RunEntry:
    """Compare everything, in one execution that tries each page as often as the machine would."""
    run = claimed(ports, name=name)
    while run.outcome == "more":
        run = look_again_and_again(ports, run, name)
    entry = ports.runs.find(run.key)
    assert entry is not None
    return entry

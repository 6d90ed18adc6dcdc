"""Write presence.json: which keys Stripe sends as null, and which it leaves out instead.

Python's `Optional` can't tell the two apart; the declarations of Stripe's Node SDK can. Run it
when the pinned stripe-python moves to another API version:

    npm pack stripe@23.1.0 && tar xzf stripe-23.1.0.tgz
    python tests/contracts/stripe_simulator/generate_presence.py package
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).with_name("presence.json")
# The module of each resource that the simulator serves, below `cjs/resources`.
SERVED = (
    "Accounts",
    "Balance",
    "BalanceTransactions",
    "Billing/Alerts",
    "Billing/CreditBalanceSummary",
    "Billing/CreditBalanceTransactions",
    "Billing/CreditGrants",
    "Billing/MeterEventAdjustments",
    "Billing/MeterEventSummaries",
    "Billing/MeterEvents",
    "Billing/Meters",
    "BillingPortal/Configurations",
    "BillingPortal/Sessions",
    "CashBalances",
    "Charges",
    "Checkout/Sessions",
    "Coupons",
    "CreditNoteLineItems",
    "CreditNotes",
    "CustomerBalanceTransactions",
    "CustomerSessions",
    "Customers",
    "Discounts",
    "Disputes",
    "Entitlements/ActiveEntitlementSummaries",
    "Entitlements/ActiveEntitlements",
    "Entitlements/Features",
    "Events",
    "InvoiceItems",
    "InvoiceLineItems",
    "InvoicePayments",
    "InvoiceRenderingTemplates",
    "Invoices",
    "LineItems",
    "Mandates",
    "PaymentIntents",
    "PaymentMethods",
    "Plans",
    "Prices",
    "ProductFeatures",
    "Products",
    "PromotionCodes",
    "Refunds",
    "Reviews",
    "SetupAttempts",
    "SetupIntents",
    "ShippingRates",
    "SubscriptionItems",
    "SubscriptionSchedules",
    "Subscriptions",
    "TaxCodes",
    "TaxIds",
    "TaxRates",
    "TestHelpers/TestClocks",
    "Tokens",
    "WebhookEndpoints",
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
OPENING = re.compile(r"^(?:export )?(?:declare )?(interface|namespace|class) (\w+).*\{$")
EVENT_TYPE = re.compile(r"\w+Event(\.|$)")
PARAMETERS = re.compile(r"Params?$")
PROPERTY = re.compile(r"^(\w+)(\??): (.*)$")
# What a key that is declared (optional, nullable) does when there is nothing to say.
KINDS = {
    (False, False): "never empty",
    (False, True): "null",
    (True, False): "omitted",
    (True, True): "either",
}

Presence = dict[str, dict[str, list[str]]]


def generate(package: Path) -> str:
    """The file's text: one class on each line, so that a change of API version reads as a diff."""
    classes: Presence = {}
    for module in ("shared", *(f"resources/{each}" for each in SERVED)):
        source = (package / "cjs" / f"{module}.d.ts").read_text()
        prefix = module.split("/")[1:-1]
        for name, key, optional, declared in properties(source, prefix):
            _note(classes, name, key, optional=optional, declared=declared)
    version = re.findall(r"'(.*?)'", (package / "cjs/apiVersion.js").read_text())[0]
    sdk = json.loads((package / "package.json").read_text())["version"]
    lines = (f"{json.dumps(name)}: {json.dumps(classes[name])}" for name in sorted(classes))
    header = f'"api_version": "{version}", "node_sdk": "{sdk}", "classes": {{'
    return "{" + header + "\n" + ",\n".join(lines) + "\n}}\n"


def properties(source: str, prefix: list[str]) -> Iterator[tuple[str, str, bool, str]]:
    """Every property of every response interface: (class, key, whether optional, its type)."""
    open_blocks: list[str | None] = []
    statement = ""
    for line in COMMENT.sub("", source).splitlines():
        statement = f"{statement} {line.strip()}".strip()
        if not statement.endswith(("{", ";", "}")):
            continue
        if (found := PROPERTY.match(statement)) and _is_response(open_blocks):
            name = ".".join([*prefix, *(block for block in open_blocks if block)])
            yield name, found[1], bool(found[2]), found[3]
        if opening := OPENING.match(statement):
            open_blocks.append(opening[2] if opening[1] != "class" else None)
        elif statement.endswith("{"):
            open_blocks.append(None)
        elif statement.startswith("}"):
            open_blocks.pop()
        statement = ""


def _is_response(open_blocks: list[str | None]) -> bool:
    """Whether the innermost block is an interface of an answer, not of parameters."""
    return all(block is not None and not PARAMETERS.search(block) for block in open_blocks)


def _note(classes: Presence, name: str, key: str, *, optional: bool, declared: str) -> None:
    nullable = declared.rstrip(";").endswith("| null")
    kind = KINDS[optional, nullable]
    if EVENT_TYPE.match(name):
        return  # the Node SDK's class for one event type; they all share EventBase
    classes.setdefault(name.replace("EventBase", "Event"), {}).setdefault(kind, []).append(key)


if __name__ == "__main__":
    TARGET.write_text(generate(Path(sys.argv[1])))

"""The customer portal: configurations, and sessions for every errand."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account

URL = "/v1/billing_portal"


def use(stripe: Account) -> None:
    price = stripe.price()
    products = [{"product": price["product"], "prices": [price["id"]]}]
    configuration = stripe.post(
        f"{URL}/configurations",
        name="Small",
        default_return_url="https://app.example.com/account",
        business_profile={"headline": "Your plan"},
        features={
            "invoice_history": {"enabled": "true"},
            "subscription_update": {
                "enabled": "true",
                "default_allowed_updates": ["price"],
                "products": products,
                "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
            },
        },
    )
    path = f"{URL}/configurations/{configuration['id']}"
    stripe.post(
        path, metadata={"size": "small"}, features={"invoice_history": {"enabled": "false"}}
    )
    stripe.get(path)
    subscription = stripe.subscribe()
    customer = subscription["customer"]
    stripe.post(f"{URL}/sessions", customer=customer, configuration=configuration["id"])
    named = {"subscription": subscription["id"]}
    items = [{"id": subscription["items"]["data"][0]["id"], "price": price["id"], "quantity": 2}]
    after = {"type": "redirect", "redirect": {"return_url": "https://app.example.com/done"}}
    for flow in (
        {"type": "payment_method_update"},
        {"type": "subscription_cancel", "subscription_cancel": named, "after_completion": after},
        {"type": "subscription_update", "subscription_update": named},
        {
            "type": "subscription_update_confirm",
            "subscription_update_confirm": {**named, "items": items},
            "after_completion": {"type": "hosted_confirmation"},
        },
    ):
        stripe.post(
            f"{URL}/sessions",
            customer=customer,
            flow_data=flow,
            return_url="https://app.example.com/account",
            expand=["configuration"],
        )
    stripe.get(f"{URL}/configurations", is_default="true")

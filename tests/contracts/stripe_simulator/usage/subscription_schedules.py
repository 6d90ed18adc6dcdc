"""Subscription schedules: planned, changed, released, canceled, and run to their end."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import DAY, START, Account


def use(stripe: Account) -> None:
    url = "/v1/subscription_schedules"
    cheaper = stripe.price(900)
    subscription = stripe.subscribe()
    schedule = stripe.post(url, from_subscription=subscription["id"])
    now = schedule["phases"][0]
    kept = {"start_date": now["start_date"], "end_date": now["end_date"]}
    stripe.post(
        f"{url}/{schedule['id']}",
        end_behavior="cancel",
        metadata={"plan": "cheaper"},
        default_settings={"invoice_settings": {"days_until_due": 5}, "description": "Standard"},
        phases=[
            {**kept, "items": [{"price": now["items"][0]["price"], "quantity": 1}]},
            {"items": [{"price": cheaper["id"]}], "automatic_tax": {"enabled": "true"}},
        ],
    )
    stripe.get(f"{url}/{schedule['id']}", expand=["subscription", "phases.items.price"])
    ahead = {
        "customer": stripe.customer()["id"],
        "start_date": START + 2 * DAY,
        "phases": [{"items": [{"price": cheaper["id"]}], "duration": {"interval": "week"}}],
    }
    for end in ("cancel", "release"):
        waiting = stripe.post(url, **ahead)
        stripe.post(f"{url}/{waiting['id']}/{end}")
    stripe.post(url, **{**ahead, "start_date": "now"})
    stripe.post(url, from_subscription=stripe.subscribe()["id"])
    stripe.get(url, expand=["data.subscription"])
    stripe.wait(31 * DAY)
    stripe.wait(31 * DAY)

"""What a random sequence is made of: one small class for each kind of thing that clients do.

An action draws what it does from the run, and asks for it whatever the state of what it picks: so
most are legal and many are not. `weight` says how often one is taken.
"""

from __future__ import annotations

from typing import Any, ClassVar

from local.stripe_simulator.cards import CARDS
from tests.properties.stripe_simulator.recorded import filled, recorded
from tests.properties.stripe_simulator.run import Run

HOUR, DAY = 3600, 86400
GOOD_CARDS = ("pm_card_visa",) * 6 + ("pm_card_mastercard", "pm_card_amex")
CHALLENGED_CARDS = ("pm_card_threeDSecure2Required", "pm_card_authenticationRequired")
ALL_CARDS = tuple(f"pm_card_{card.name}" for card in CARDS)


class Action:
    weight: ClassVar[int] = 4
    needs: ClassVar[str] = ""  # a type of which there must be an object

    def do(self, run: Run) -> None:
        raise NotImplementedError


def card(run: Run) -> str:
    """A card that pays, one that asks for 3D Secure, or any."""
    if run.chance(0.55):
        return run.one_of(GOOD_CARDS)
    return run.one_of(CHALLENGED_CARDS if run.chance(0.25) else ALL_CARDS)


def items_of(run: Run, subscription: dict[str, Any]) -> list[str]:
    return [item["id"] for item in (subscription.get("items") or {}).get("data", [])]


def price(run: Run, *, recurring: bool = True) -> str:
    """A price that fits, rather; now and then any."""
    for _ in range(4):
        found = run.object_of("price")
        if found.get("currency") == "usd" and bool(found.get("recurring")) is recurring:
            return str(found["id"])
    return run.id_of("price")


def price_item(run: Run) -> dict[str, Any]:
    return {
        "price": price(run),
        **run.maybe(0.4, quantity=run.one_of((0, 1, 2, 3, 10))),
    }


class MakePrice(Action):
    def do(self, run: Run) -> None:
        recurring = {
            "interval": run.one_of(("day", "week", "month", "month", "month", "year")),
            **run.maybe(0.2, interval_count=run.one_of((1, 2, 3, 6))),
        }
        run.post(
            "/v1/prices",
            currency=run.one_of(("usd", "usd", "usd", "usd", "eur", "jpy")),
            unit_amount=run.one_of((0, 1, 49, 500, 999, 1900, 4900, 99999999)),
            **run.option({"product": run.id_of("product")}, {"product_data": {"name": "New"}}),
            **run.maybe(0.8, recurring=recurring),
        )


class MakeCustomer(Action):
    weight = 6

    def do(self, run: Run) -> None:
        customer = run.post(
            "/v1/customers",
            email="customer@example.test",
            test_clock=run.perhaps(0.25, "test_helpers.test_clock"),
            **run.maybe(0.15, balance=run.one_of((-5000, -700, 300))),
        )
        if "id" not in customer or run.chance(0.1):
            return
        method = run.post(f"/v1/payment_methods/{card(run)}/attach", customer=customer["id"])
        if "id" in method:
            default = {"default_payment_method": method["id"]}
            run.post(f"/v1/customers/{customer['id']}", invoice_settings=default)


class ChangeCustomer(Action):
    needs = "customer"

    def do(self, run: Run) -> None:
        customer = run.id_of("customer")
        path = f"/v1/customers/{customer}"
        change = run.one_of(("metadata", "card", "balance", "discount", "detach", "transaction"))
        if change == "metadata":
            run.post(path, metadata={run.one_of("abc"): run.one_of(("", "1", "💥"))})
        elif change == "card":
            method = run.post(f"/v1/payment_methods/{card(run)}/attach", customer=customer)
            if "id" in method:
                run.post(path, invoice_settings={"default_payment_method": method["id"]})
        elif change == "balance":
            run.post(path, balance=run.one_of((-2500, 0, 400)))
        elif change == "discount":
            run.delete(f"{path}/discount")
        elif change == "detach":
            run.post(f"/v1/payment_methods/{run.id_of('payment_method')}/detach")
        else:
            amount = run.one_of((-1900, -100, 250))
            run.post(f"{path}/balance_transactions", amount=amount, currency="usd")


class DeleteCustomer(Action):
    weight = 1
    needs = "customer"

    def do(self, run: Run) -> None:
        run.delete(f"/v1/customers/{run.id_of('customer')}")


class BuyByCheckout(Action):
    """Open a session, and pay it with any card, twice, expire it or leave it."""

    weight = 8

    def do(self, run: Run) -> None:
        mode = run.one_of(("subscription", "subscription", "subscription", "payment", "setup"))
        session = run.post(
            "/v1/checkout/sessions",
            mode=mode,
            success_url="https://app.example.com/done",
            customer=run.perhaps(0.7, "customer"),
            **({"currency": "usd"} if mode == "setup" else {"line_items": [self.line(run, mode)]}),
            **(self.subscription_data(run) if mode == "subscription" else {}),
            discounts=[{"coupon": run.perhaps(0.1, "coupon")}],
            **run.maybe(0.1, expires_at=run.now() + run.one_of((1800, 7200, DAY))),
        )
        path = f"/v1/payment_pages/{session.get('id')}/confirm"
        for _ in range(run.one_of((0, 1, 1, 1, 2, 3))):
            run.post(path, payment_method=card(run))
            if run.latest("payment_intent", "requires_action") and run.chance(0.8):
                Authenticate().do(run)
        if run.chance(0.1):
            run.post(f"/v1/checkout/sessions/{session.get('id')}/expire")

    def line(self, run: Run, mode: str) -> dict[str, Any]:
        bought = price(run, recurring=mode == "subscription")
        return {"price": bought, "quantity": run.one_of((1, 1, 1, 2, 5))}

    def subscription_data(self, run: Run) -> dict[str, Any]:
        trial = {"trial_period_days": run.one_of((1, 7, 30))}
        return run.maybe(0.3, subscription_data=trial)


class Subscribe(Action):
    weight = 12

    def do(self, run: Run) -> None:
        run.post(
            "/v1/subscriptions",
            customer=run.id_of("customer"),
            items=[price_item(run) for _ in range(run.one_of((1, 1, 1, 2)))],
            **run.maybe(
                0.5,
                payment_behavior=run.one_of(
                    (
                        "allow_incomplete",
                        "default_incomplete",
                        "error_if_incomplete",
                        "pending_if_incomplete",
                    )
                ),
            ),
            **run.maybe(0.2, trial_period_days=run.one_of((1, 3, 14))),
            **run.maybe(0.1, trial_end=run.now() + run.one_of((-1, 5, 40)) * DAY),
            **run.maybe(0.1, cancel_at=run.now() + run.one_of((3, 45)) * DAY),
            **run.maybe(0.1, cancel_at_period_end=True),
            **run.maybe(0.1, collection_method="send_invoice", days_until_due=7),
            discounts=[{"coupon": run.perhaps(0.15, "coupon")}],
            **run.maybe(0.1, add_invoice_items=[{"price": price(run, recurring=False)}]),
            default_tax_rates=[run.perhaps(0.1, "tax_rate")],
            **run.maybe(0.1, metadata={"user": "1"}),
        )


class ChangeSubscription(Action):
    weight = 14
    needs = "subscription"

    def do(self, run: Run) -> None:
        subscription = run.object_of("subscription")
        path = f"/v1/subscriptions/{subscription.get('id')}"
        run.post(path, **self.change(run, items_of(run, subscription)))

    def change(self, run: Run, items: list[str]) -> dict[str, Any]:
        item = run.one_of(items) if items else "si_none"
        proration = run.one_of(("create_prorations", "always_invoice", "none"))
        return run.option(
            {"items": [{"id": item, "price": price(run)}]},
            {"items": [{"id": item, "quantity": run.one_of((0, 1, 2, 7))}]},
            {"items": [price_item(run)]},
            {"items": [{"id": item, "deleted": True}]},
            {"cancel_at_period_end": run.one_of((True, False))},
            {"cancel_at": run.one_of(("", run.now() + 20 * DAY, "min_period_end"))},
            {"trial_end": run.one_of(("now", run.now() + 10 * DAY, run.now() + 60 * DAY))},
            {"default_payment_method": run.id_of("payment_method")},
            {"pause_collection": run.one_of(({"behavior": "void"}, ""))},
            {"billing_cycle_anchor": {"type": "now"}},
            {"discounts": [{"coupon": run.id_of("coupon")}]},
            {"metadata": {"a": run.one_of(("1", ""))}},
        ) | run.maybe(0.5, proration_behavior=proration)


class ChangeItem(Action):
    needs = "subscription_item"

    def do(self, run: Run) -> None:
        path = f"/v1/subscription_items/{run.id_of('subscription_item')}"
        choice = run.one_of(("add", "change", "remove"))
        if choice == "add":
            subscription = run.id_of("subscription")
            run.post("/v1/subscription_items", subscription=subscription, **price_item(run))
        elif choice == "change":
            run.post(path, quantity=run.one_of((1, 2, 5)), **run.maybe(price=price(run)))
        else:
            run.delete(path)


class EndSubscription(Action):
    weight = 5
    needs = "subscription"

    def do(self, run: Run) -> None:
        path = f"/v1/subscriptions/{run.id_of('subscription')}"
        choice = run.one_of(("cancel", "cancel", "pause", "resume"))
        if choice == "cancel":
            run.delete(path, **run.maybe(0.3, invoice_now=True), **run.maybe(0.3, prorate=True))
        else:
            run.post(f"{path}/{choice}")


class Schedule(Action):
    def do(self, run: Run) -> None:
        choices = ("from", "new", "update", "release", "cancel")
        choice = run.one_of(choices if run.has("subscription_schedule") else choices[:2])
        path = f"/v1/subscription_schedules/{run.id_of('subscription_schedule')}"
        phases = [self.phase(run) for _ in range(run.one_of((1, 2)))]
        if choice == "from":
            subscription = run.id_of("subscription")
            run.post("/v1/subscription_schedules", from_subscription=subscription)
        elif choice == "new":
            run.post(
                "/v1/subscription_schedules",
                customer=run.id_of("customer"),
                start_date=run.one_of(("now", run.now() + 5 * DAY)),
                end_behavior=run.one_of(("release", "cancel")),
                phases=phases,
            )
        elif choice == "update":
            schedule = run.object_of("subscription_schedule")
            current = [self.shown(phase) for phase in (schedule.get("phases") or [])[:1]]
            run.post(f"/v1/subscription_schedules/{schedule.get('id')}", phases=[*current, *phases])
        else:
            run.post(f"{path}/{choice}")

    def phase(self, run: Run) -> dict[str, Any]:
        duration = {"interval": run.one_of(("day", "month")), "interval_count": 2}
        return {"items": [price_item(run)], "duration": duration}

    def shown(self, phase: dict[str, Any]) -> dict[str, Any]:
        items = [{"price": item["price"], "quantity": item["quantity"]} for item in phase["items"]]
        return {"items": items, "start_date": phase["start_date"], "end_date": phase["end_date"]}


class Invoice(Action):
    weight = 8
    needs = "invoice"

    def do(self, run: Run) -> None:
        invoice = run.id_of("invoice")
        choice = run.one_of(
            ("pay", "pay", "finalize", "void", "mark_uncollectible", "send", "delete", "update")
        )
        if choice == "delete":
            run.delete(f"/v1/invoices/{invoice}")
        elif choice == "update":
            run.post(f"/v1/invoices/{invoice}", description="💥", **run.maybe(auto_advance=True))
        elif choice == "pay":
            out_of_band = run.maybe(0.15, paid_out_of_band=True)
            method = run.maybe(0.5, payment_method=card(run))
            run.post(f"/v1/invoices/{invoice}/pay", **(out_of_band or method))
        else:
            run.post(f"/v1/invoices/{invoice}/{choice}")


class BillByHand(Action):
    """Invoice items, and an invoice for them."""

    weight = 6

    def do(self, run: Run) -> None:
        customer = run.id_of("customer")
        for _ in range(run.one_of((0, 1, 1, 3))):
            run.post(
                "/v1/invoiceitems",
                customer=customer,
                currency="usd",
                amount=run.one_of((-5000, -100, 0, 30, 1999, 250000)),
                subscription=run.perhaps(0.2, "subscription"),
                discounts=[{"coupon": run.perhaps(0.2, "coupon")}],
                tax_rates=[run.perhaps(0.2, "tax_rate")],
            )
        if run.chance(0.2):
            run.delete(f"/v1/invoiceitems/{run.id_of('invoiceitem')}")
        run.post(
            "/v1/invoices",
            customer=customer,
            **run.maybe(0.5, auto_advance=run.one_of((True, False))),
            **run.maybe(0.3, collection_method="send_invoice", days_until_due=3),
            subscription=run.perhaps(0.2, "subscription"),
        )


class PreviewAndChange(Action):
    """What a preview promises is what the same change then bills, to the cent."""

    weight = 6
    needs = "subscription"

    def do(self, run: Run) -> None:
        subscription = run.object_of("subscription")
        items = items_of(run, subscription)
        if not items:
            return
        details = {
            "items": [{"id": run.one_of(items), "quantity": run.one_of((1, 2, 5))}],
            "proration_behavior": "always_invoice",
        }
        preview = run.exactly(
            "/v1/invoices/create_preview",
            subscription=subscription["id"],
            subscription_details=details,
        )
        run.expect_invoice(subscription, preview, details)


class MakeDiscount(Action):
    def do(self, run: Run) -> None:
        off = run.option(
            {"percent_off": run.one_of((10, 33.3, 50, 100))},
            {"amount_off": run.one_of((1, 500, 100000)), "currency": "usd"},
        )
        duration = run.option(
            {"duration": "once"},
            {"duration": "forever"},
            {"duration": "repeating", "duration_in_months": 2},
        )
        coupon = run.post("/v1/coupons", **off, **duration, **run.maybe(0.1, max_redemptions=1))
        if run.chance(0.4):
            promotion = {"type": "coupon", "coupon": coupon.get("id", "none")}
            run.post("/v1/promotion_codes", promotion=promotion)
        if run.chance(0.1):
            run.delete(f"/v1/coupons/{run.id_of('coupon')}")


class MakeTaxRate(Action):
    weight = 2

    def do(self, run: Run) -> None:
        inclusive = run.one_of((True, False))
        percentage = run.one_of((0, 7.7, 19, 20.625))
        run.post("/v1/tax_rates", display_name="VAT", inclusive=inclusive, percentage=percentage)


class PayAnIntent(Action):
    weight = 6

    def do(self, run: Run) -> None:
        intent = run.post(
            "/v1/payment_intents",
            amount=run.one_of((50, 1999, 500000)),
            currency="usd",
            customer=run.perhaps(0.5, "customer"),
            **run.maybe(0.3, confirm=True, payment_method=card(run)),
            **run.maybe(0.2, capture_method="manual"),
        )
        intent_id = intent.get("id") if run.chance(0.8) else run.id_of("payment_intent")
        path = f"/v1/payment_intents/{intent_id}"
        for step in run.one_of(((), ("confirm",), ("confirm", "capture"), ("cancel",))):
            run.post(
                f"{path}/{step}", **({"payment_method": card(run)} if step == "confirm" else {})
            )


class SetUpACard(Action):
    weight = 2

    def do(self, run: Run) -> None:
        intent = run.post("/v1/setup_intents", customer=run.perhaps(0.7, "customer"))
        path = f"/v1/setup_intents/{intent.get('id')}"
        run.post(f"{path}/confirm", payment_method=card(run))
        if run.chance(0.3):
            run.post(f"{path}/cancel")


class Authenticate(Action):
    """What the customer answers to a bank's 3D Secure challenge."""

    needs = "payment_intent"

    def do(self, run: Run) -> None:
        kind = "setup_intent" if run.chance(0.3) else self.needs
        intent = run.latest(kind, "requires_action") or run.id_of(kind)
        outcome = run.one_of(("completed", "completed", "failed"))
        run.post(f"/v1/3ds2/{intent}/authenticate", outcome=outcome)


class Refund(Action):
    weight = 5
    needs = "charge"

    def do(self, run: Run) -> None:
        what = run.one_of(("charge", "payment_intent"))
        amount = run.maybe(0.6, amount=run.one_of((1, 100, 950, 99999999)))
        refund = run.post("/v1/refunds", **{what: run.id_of(what)}, **amount)
        if run.chance(0.1):
            run.post(f"/v1/refunds/{refund.get('id')}/cancel")


class Dispute(Action):
    weight = 1
    needs = "dispute"

    def do(self, run: Run) -> None:
        path = f"/v1/disputes/{run.id_of('dispute')}"
        if run.chance(0.5):
            run.post(f"{path}/close")
        else:
            evidence = {"uncategorized_text": run.one_of(("winning_evidence", "losing_evidence"))}
            run.post(path, evidence=evidence, **run.maybe(submit=True))


class TestClock(Action):
    def do(self, run: Run) -> None:
        clock = run.object_of("test_helpers.test_clock")
        path = f"/v1/test_helpers/test_clocks/{clock.get('id')}"
        choice = run.one_of(("make", "advance", "advance", "delete")) if clock else "make"
        if choice == "make":
            run.post(
                "/v1/test_helpers/test_clocks", frozen_time=run.now() + run.one_of((0, 9)) * DAY
            )
        elif choice == "advance":
            seconds = run.one_of((0, HOUR, DAY, 32 * DAY, 62 * DAY, 800 * DAY))
            run.post(f"{path}/advance", frozen_time=clock.get("frozen_time", 0) + seconds)
        elif run.chance(0.3):
            run.delete(path)


class Wait(Action):
    weight = 12

    def do(self, run: Run) -> None:
        run.wait(run.one_of((60, HOUR, HOUR, 23 * HOUR, DAY, 3 * DAY, 8 * DAY, 31 * DAY, 32 * DAY)))


class WaitForYears(Action):
    weight = 1

    def do(self, run: Run) -> None:
        run.wait(400 * DAY)


class Anything(Action):
    """Any request that the contract tests make, with ids and values of this run."""

    weight = 20

    def do(self, run: Run) -> None:
        request = run.one_of(recorded())
        run.ask(request.method, filled(request.path, run), filled(request.params, run))


ACTIONS = tuple(action() for action in Action.__subclasses__())
WEIGHTS = [action.weight for action in ACTIONS]

import assert from "node:assert/strict";
import { pay, stripe, subscriptionSession } from "../client.mjs";

const customer = await stripe.customers.create({
  email: "customer@example.test",
  metadata: { user: "1" },
});
const session = await subscriptionSession({ customer: customer.id });
assert.equal(session.status, "open");
await pay(session);

const paid = await stripe.checkout.sessions.retrieve(session.id, {
  expand: ["subscription.latest_invoice.payments", "customer"],
});
assert.equal(paid.payment_status, "paid");
assert.equal(paid.customer.email, "customer@example.test");
const { subscription } = paid;
assert.equal(subscription.status, "active");
const item = subscription.items.data[0];
assert.equal(item.price.unit_amount, 1900);
assert.ok(item.current_period_end > item.current_period_start);
const invoice = subscription.latest_invoice;
assert.equal(invoice.parent.subscription_details.subscription, subscription.id);
assert.equal(invoice.amount_paid, 1900);
assert.equal(invoice.payments.data[0].status, "paid");

const ending = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
assert.equal(ending.cancel_at, item.current_period_end);
const canceled = await stripe.subscriptions.cancel(subscription.id);
assert.equal(canceled.status, "canceled");

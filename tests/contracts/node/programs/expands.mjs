import assert from "node:assert/strict";
import { pay, stripe, subscriptionSession } from "../client.mjs";

const session = await subscriptionSession();
await pay(session);

const [listed] = (
  await stripe.subscriptions.list({
    expand: ["data.customer", "data.latest_invoice.payments"],
  })
).data;
assert.equal(listed.customer.object, "customer");
assert.equal(listed.latest_invoice.payments.data[0].object, "invoice_payment");

const plain = await stripe.subscriptions.retrieve(listed.id);
assert.equal(plain.customer, listed.customer.id);
assert.equal(plain.latest_invoice, listed.latest_invoice.id);

const created = await stripe.checkout.sessions.retrieve(session.id, { expand: ["line_items"] });
assert.equal(created.line_items.data[0].quantity, 1);
await assert.rejects(stripe.subscriptions.retrieve(listed.id, { expand: ["nothing"] }), {
  type: "StripeInvalidRequestError",
  message: /cannot be expanded \(nothing\)/,
});

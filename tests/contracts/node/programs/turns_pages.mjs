import assert from "node:assert/strict";
import { stripe } from "../client.mjs";

const customer = await stripe.customers.create({ name: "Test Customer" });
const made = [];
for (let i = 0; i < 5; i += 1) {
  made.push((await stripe.setupIntents.create({ customer: customer.id })).id);
}
const newestFirst = made.toReversed();

const first = await stripe.setupIntents.list({ customer: customer.id, limit: 2 });
assert.equal(first.has_more, true);
assert.equal(first.url, "/v1/setup_intents");
assert.deepEqual(first.data.map((intent) => intent.id), newestFirst.slice(0, 2));

const before = { customer: customer.id, ending_before: newestFirst[2], limit: 1 };
assert.deepEqual((await stripe.setupIntents.list(before)).data.map((intent) => intent.id), [
  newestFirst[1],
]);

const turned = [];
for await (const intent of stripe.setupIntents.list({ customer: customer.id, limit: 2 })) {
  turned.push(intent.id);
}
assert.deepEqual(turned, newestFirst);

const all = await stripe.setupIntents
  .list({ customer: customer.id, limit: 3 })
  .autoPagingToArray({ limit: 100 });
assert.deepEqual(all.map((intent) => intent.id), newestFirst);

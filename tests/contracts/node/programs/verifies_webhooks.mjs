import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import Stripe from "stripe";
import { stripe } from "../client.mjs";

const server = createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const endpoint = await stripe.webhookEndpoints.create({
  url: `http://127.0.0.1:${server.address().port}/webhook`,
  enabled_events: ["customer.created"],
});
const delivery = once(server, "request");
const customer = await stripe.customers.create({ name: "Tëst Cüstomer" });

const [request, response] = await delivery;
const body = (await request.setEncoding("utf8").toArray()).join("");
response.end();
server.close();

const signature = request.headers["stripe-signature"];
const event = stripe.webhooks.constructEvent(body, signature, endpoint.secret);
assert.equal(event.type, "customer.created");
assert.deepEqual(event.data.object, JSON.parse(JSON.stringify(customer)));
assert.equal(event.api_version, "2026-10-28.endive");

const { StripeSignatureVerificationError } = Stripe.errors;
for (const [forged, secret] of [
  [body.replace("customer.created", "customer.deleted"), endpoint.secret],
  [body, "whsec_other"],
]) {
  assert.throws(
    () => stripe.webhooks.constructEvent(forged, signature, secret),
    StripeSignatureVerificationError,
  );
}
await stripe.webhookEndpoints.del(endpoint.id);

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import Stripe from "stripe";
import { stripe } from "../client.mjs";

const idempotencyKey = randomUUID();
const first = await stripe.customers.create({ name: "Test Customer" }, { idempotencyKey });
const second = await stripe.customers.create({ name: "Test Customer" }, { idempotencyKey });
assert.equal(second.id, first.id);
assert.equal(second.lastResponse.headers["idempotent-replayed"], "true");
assert.equal(second.lastResponse.headers["original-request"], first.lastResponse.requestId);
assert.equal(first.lastResponse.headers["idempotent-replayed"], undefined);
assert.equal(first.lastResponse.apiVersion, "2026-10-28.endive");

await assert.rejects(
  stripe.customers.create({ name: "Other Customer" }, { idempotencyKey }),
  Stripe.errors.StripeIdempotencyError,
);

import assert from "node:assert/strict";
import Stripe from "stripe";
import { client, pay, stripe, subscriptionSession } from "../client.mjs";

const { errors } = Stripe;

async function failure(promise) {
  return promise.then(() => assert.fail("it succeeded"), (error) => error);
}

const session = await subscriptionSession();
const declined = await failure(pay(session, "pm_card_visa_chargeDeclinedInsufficientFunds"));
assert.ok(declined instanceof errors.StripeCardError);
assert.equal(declined.statusCode, 402);
assert.equal(declined.code, "card_declined");
assert.equal(declined.decline_code, "insufficient_funds");
assert.match(declined.requestId, /^req_/);

const missing = await failure(stripe.customers.retrieve("cus_none"));
assert.ok(missing instanceof errors.StripeInvalidRequestError);
assert.equal(missing.statusCode, 404);
assert.equal(missing.code, "resource_missing");
assert.equal(missing.param, "id");

const unknown = await failure(stripe.customers.create({ nickname: "x" }));
assert.ok(unknown instanceof errors.StripeInvalidRequestError);
assert.equal(unknown.code, "parameter_unknown");
assert.equal(unknown.param, "nickname");

const live = await failure(client({}, "sk_live_abcdefghij").customers.list());
assert.ok(live instanceof errors.StripeAuthenticationError);

const publishable = await failure(client({}, "pk_test_abcdefghij").customers.list());
assert.ok(publishable instanceof errors.StripePermissionError);

const nobody = await failure(client({ port: 9 }).customers.list());
assert.ok(nobody instanceof errors.StripeConnectionError);

// The official SDK, pointed at the local Stripe, and what several programs need first.

import Stripe from "stripe";

const address = new URL(process.env.STRIPE_SIMULATOR_URL);

export const client = (options = {}, key = "sk_test_node") =>
  new Stripe(key, {
    protocol: "http",
    host: address.hostname,
    port: address.port,
    telemetry: false,
    maxNetworkRetries: 0,
    ...options,
  });

export const stripe = client();

export async function standardPrice() {
  const product = await stripe.products.create({ name: "Standard" });
  return stripe.prices.create({
    product: product.id,
    currency: "usd",
    unit_amount: 1900,
    recurring: { interval: "month" },
  });
}

export async function subscriptionSession(params = {}) {
  const price = await standardPrice();
  return stripe.checkout.sessions.create({
    mode: "subscription",
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: "https://app.example.com/?s={CHECKOUT_SESSION_ID}",
    ...params,
  });
}

export const pay = (session, card = "pm_card_visa") =>
  stripe.rawRequest("POST", `/v1/payment_pages/${session.id}/confirm`, { payment_method: card });

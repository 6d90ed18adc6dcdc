// What a frontend does, on a deployed API: asserts for itself, and ends with an error where it fails.
import assert from 'node:assert/strict';
import { env } from 'node:process';

import { client, createCheckoutSession, getConfig, getDashboard } from '@scai/billing-client';

const userId = env.USER_ID;
const priceId = env.PRICE_ID;
client.setConfig({ baseUrl: env.API_URL });

const config = await getConfig({ throwOnError: true });
assert.ok(config.data.prices.some((price) => price.priceId === priceId));

const unsigned = await getDashboard({ path: { userId } });
assert.equal(unsigned.response?.status, 401);
assert.ok(unsigned.error && 'message' in unsigned.error);

client.setConfig({ auth: () => env.TOKEN });

const { data } = await getDashboard({ path: { userId }, throwOnError: true });
assert.equal(data.currentUser.userId, userId);
assert.equal(data.subscription, null);

const foreign = await getDashboard({ path: { userId: 'somebody else' } });
assert.deepEqual(foreign.error, { detail: 'User not found', code: 'user_not_found' });

const buy = () =>
  createCheckoutSession({
    body: { userId, priceId, metadata: { page: 'pricing', visit: 2 } },
    headers: { 'Idempotency-Key': 'typescript-client' },
    throwOnError: true,
  });
const first = await buy();
const again = await buy();
assert.deepEqual(again.data, first.data);
assert.equal(again.response.headers.get('Idempotent-Replayed'), 'true');

const refused = await createCheckoutSession({ body: { userId, priceId, quantity: 0 } });
assert.equal(refused.response?.status, 422);
assert.ok(refused.error && 'detail' in refused.error);
assert.deepEqual(refused.error.detail[0], {
  loc: ['body', 'quantity'],
  msg: 'Input should be greater than or equal to 1',
  type: 'greater_than_equal',
});

import assert from 'node:assert/strict';
import autocannon from 'autocannon';

/**
 * Asks for the route on so many connections, each the next time when it is answered.
 *
 * @param {import('./serve.mjs').WayIn} way
 * @param {{ connections: number, seconds?: number, requests?: number }} load for so long, or so often
 * @returns {Promise<{ requests: number, seconds: number }>} which were all answered with 200
 */
export async function load({ port, path, headers }, { connections, seconds, requests }) {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${path}`,
    headers,
    connections,
    ...(requests === undefined ? { duration: seconds } : { amount: requests }),
  });
  const { errors, timeouts, non2xx, '2xx': answered, duration } = result;
  assert.deepEqual({ errors, timeouts, non2xx }, { errors: 0, timeouts: 0, non2xx: 0 });
  assert.ok(answered > 0);
  return { requests: answered, seconds: duration };
}

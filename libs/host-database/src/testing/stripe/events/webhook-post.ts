import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** Longer than any receiver should take, and long enough for one whose machine stands still. */
const TIMEOUT_MS = 60_000;

/** Sends a webhook and returns the status of the answer. Rejects where there is none. */
export function postWebhook(
  url: string,
  { payload, signature }: { readonly payload: string; readonly signature: string },
): Promise<number> {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? httpsRequest : httpRequest)(
      target,
      {
        method: 'POST',
        // A connection of its own: none is left open when a test ends.
        agent: false,
        timeout: TIMEOUT_MS,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'content-length': Buffer.byteLength(payload),
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
          'stripe-signature': signature,
        },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', reject);
      },
    );
    request.once('timeout', () => request.destroy(new Error(`No answer within ${TIMEOUT_MS} ms.`)));
    request.once('error', reject);
    request.end(payload);
  });
}

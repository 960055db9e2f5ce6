import { createHmac } from 'node:crypto';

/**
 * The `stripe-signature` header of a payload, with a signature for each secret, as Stripe sends while a secret is rolled. The same as
 * `stripe.webhooks.generateTestHeaderString()` makes, without the SDK.
 *
 * @param timestamp in seconds
 */
export function webhookSignature(
  payload: string,
  { secrets, timestamp }: { readonly secrets: readonly string[]; readonly timestamp: number },
): string {
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${timestamp}.${payload}`).digest('hex')}`,
  );
  return [`t=${timestamp}`, ...signatures].join(',');
}

import { assertWholeOption, InvalidOptionError, withDefaults } from '../../common/index.js';

/** Where the API is, for a Stripe of your own: `FakeStripe.clientOptions` is one. */
export interface StripeConnection {
  readonly host: string;
  readonly port: number;
  readonly protocol: 'http' | 'https';
}

/** How Stripe is reached, and how it is believed. */
export interface StripeOptions {
  /** The secret or restricted key: `sk_…` or `rk_…`. Whether it is real money is told from it. */
  readonly apiKey: string;
  /** The signing secrets of the webhook endpoint, `whsec_…`: two while one is rolled. */
  readonly webhookSecrets: readonly string[];
  /** How old a webhook may be, in seconds, 1 to 3600. @default 300 */
  readonly webhookToleranceSeconds?: number;
  /** Where Stripe posts its events. @default 'webhooks/stripe' */
  readonly webhookPath?: string;
  /** How many calls a process makes in a second at most. Stripe allows 25 for each endpoint. @default 20 */
  readonly requestsPerSecond?: number;
  /** For how long an answer is waited for. @default 30_000 */
  readonly timeoutMs?: number;
  /** For how long the events of one subscription are gathered before Stripe is asked how it stands. @default 500 */
  readonly gatherMs?: number;
  /** How often an event is tried that cannot be applied, before it is a dead letter. @default 12, about half a day */
  readonly maxAttempts?: number;
  /** @default Stripe's own */
  readonly connection?: StripeConnection;
}

export interface ResolvedStripeOptions extends Required<Omit<StripeOptions, 'connection'>> {
  readonly connection: StripeConnection | undefined;
  /** Whether it is real money. Events of the other mode are refused. */
  readonly livemode: boolean;
}

const KEY_PATTERN = /^(sk|rk)_(test|live)_\S+$/;
const DEFAULTS = {
  webhookToleranceSeconds: 300,
  webhookPath: 'webhooks/stripe',
  requestsPerSecond: 20,
  timeoutMs: 30_000,
  gatherMs: 500,
  maxAttempts: 12,
};
const LEAST = { webhookToleranceSeconds: 1, requestsPerSecond: 1, timeoutMs: 1, gatherMs: 0, maxAttempts: 1 } as const;
const TOLERANCE_MAX = 3600;

/** @throws InvalidOptionError naming the option that is wrong. A secret is never part of the message. */
export function resolveStripeOptions(given: StripeOptions | undefined): ResolvedStripeOptions | undefined {
  if (given === undefined) return undefined;
  const { apiKey, webhookSecrets, connection, ...others } = given;
  const options = withDefaults({ ...DEFAULTS }, others);
  const [, , mode] = (typeof apiKey === 'string' && KEY_PATTERN.exec(apiKey)) || [];
  if (mode === undefined) {
    throw new InvalidOptionError('billing.stripe.apiKey', 'is no secret key. Pass one that begins with sk_ or rk_.');
  }
  if (!Array.isArray(webhookSecrets) || webhookSecrets.length === 0 || !webhookSecrets.every(isSecret)) {
    throw new InvalidOptionError(
      'billing.stripe.webhookSecrets',
      'must name at least one signing secret, which begins with whsec_: webhooks are never believed without.',
    );
  }
  for (const [name, least] of Object.entries(LEAST)) {
    assertWholeOption(`billing.stripe.${name}`, options[name as keyof typeof LEAST], least);
  }
  if (options.webhookToleranceSeconds > TOLERANCE_MAX) {
    throw new InvalidOptionError('billing.stripe.webhookToleranceSeconds', `must be 1 to ${TOLERANCE_MAX}.`);
  }
  return { ...options, apiKey, webhookSecrets: [...webhookSecrets], connection, livemode: mode === 'live' };
}

function isSecret(secret: unknown): boolean {
  return typeof secret === 'string' && /^whsec_\S{8,}$/.test(secret);
}

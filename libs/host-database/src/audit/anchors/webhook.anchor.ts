import { createHmac } from 'node:crypto';
import { AuditWebhookFailedError } from '../audit.errors.js';
import type { AnchoredCheckpoint, AnchorKeepOptions, AuditAnchor } from '../audit.options.js';

/** Where checkpoints are sent, and how the receiver knows who sends them. */
export interface WebhookAnchorOptions {
  readonly url: string | URL;
  /** Sent with each request: an `authorization`, for one. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Signs each request: `x-audit-signature` is `v1=` and the HMAC-SHA256, in hex, of `<x-audit-timestamp>.<body>`. */
  readonly secret?: string;
  /** When a request is given up. @default 10000 */
  readonly timeoutMs?: number;
  /** @default 'webhook' */
  readonly name?: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Sends checkpoints to an HTTP endpoint: `POST` with `{ "checkpoints": [{ id, scope, seq, body, signature }] }`. What answers 2xx has kept
 * them; anything else is tried again. The receiver may get a checkpoint more than once: its `id` tells.
 */
export class WebhookAnchor implements AuditAnchor {
  readonly name: string;
  private readonly url: URL;
  private readonly headers: Readonly<Record<string, string>>;
  // A private field of the language, so that neither a log line nor an inspection shows it.
  readonly #secret: string | undefined;
  private readonly timeoutMs: number;

  /** @throws TypeError if the URL is none */
  constructor({ url, headers = {}, secret, timeoutMs = TIMEOUT_MS, name = 'webhook' }: WebhookAnchorOptions) {
    this.url = new URL(url);
    this.headers = headers;
    this.#secret = secret;
    this.timeoutMs = timeoutMs;
    this.name = name;
  }

  /** @throws AuditWebhookFailedError */
  async keep(checkpoints: readonly AnchoredCheckpoint[], { signal }: AnchorKeepOptions = {}): Promise<void> {
    const body = JSON.stringify({
      checkpoints: checkpoints.map(({ id, scope, seq, body: text, signature }) => ({ id, scope, seq, body: text, signature })),
    });
    const status = await this.post(body, signal);
    if (status < 200 || status > 299) throw new AuditWebhookFailedError(this.url.origin, status);
  }

  private async post(body: string, ending: AbortSignal | undefined): Promise<number> {
    const timeout = AbortSignal.timeout(this.timeoutMs);
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: { ...this.headers, 'content-type': 'application/json', ...this.signatureOf(body) },
        body,
        // What is elsewhere was not configured, and would get the headers too.
        redirect: 'manual',
        signal: ending ? AbortSignal.any([timeout, ending]) : timeout,
      });
      await response.body?.cancel();
      return response.status;
    } catch (cause) {
      throw new AuditWebhookFailedError(this.url.origin, undefined, { cause });
    }
  }

  private signatureOf(body: string): Record<string, string> {
    if (this.#secret === undefined) return {};
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', this.#secret).update(`${timestamp}.${body}`).digest('hex');
    return { 'x-audit-timestamp': timestamp, 'x-audit-signature': `v1=${signature}` };
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { stripeId } from '../account/ids.js';
import type { StripeAccount } from '../account/stripe-account.js';
import { FakeStripeRefusedError } from '../stripe.errors.js';
import type { FakeStripeApiFaults } from './api-faults.js';
import { Expansion } from './expansion.js';
import { type FormObject, parseForm } from './form-body.js';
import type { IdempotencyKeys, StoredAnswer } from './idempotency.js';
import { Params } from './params.js';
import type { FakeStripeRequest } from './request-log.js';
import type { Router } from './router.js';

/** What the API is made of. */
export interface ApiParts {
  readonly account: StripeAccount;
  readonly router: Router;
  readonly faults: FakeStripeApiFaults;
  readonly idempotency: IdempotencyKeys;
  readonly apiKey: string;
  readonly apiVersion: string;
  readonly requests: FakeStripeRequest[];
}

interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly values: FormObject;
  readonly idempotencyKey: string | undefined;
  readonly requestId: string;
}

/** What a call has come to. */
interface Answer extends StoredAnswer {
  readonly isReplayed?: boolean;
  /** Whether another call under the same idempotency key has not been answered yet. */
  readonly isConflict?: boolean;
  /** The idempotency key under which it is kept, once it is given. */
  readonly key?: string;
}

/** Answers calls of the API, as Stripe does. */
export class ApiServer {
  private readonly expansion: Expansion;

  constructor(private readonly parts: ApiParts) {
    this.expansion = new Expansion(parts.account);
  }

  async handle(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const { requests, faults, idempotency, apiVersion } = this.parts;
    const incoming = read(request, body);
    const version = header(request, 'stripe-version');
    const record = {
      method: incoming.method,
      path: incoming.path,
      params: incoming.values,
      idempotencyKey: incoming.idempotencyKey,
      apiVersion: version,
    };
    const position = requests.push({ ...record, status: undefined }) - 1;
    const fault = faults.take(incoming.method, incoming.path);
    const answer = fault && fault.afterEffect !== true ? failureOf(500) : this.answer(incoming, request);
    // Whoever comes second under a key is told so while the first still waits.
    if (!answer.isConflict) await faults.wait();
    if (answer.key !== undefined) idempotency.end(answer.key, answer);
    if (fault?.with === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    const sent = fault ? failureOf(fault.with) : answer;
    requests[position] = { ...record, status: sent.status };
    response.writeHead(sent.status, {
      'content-type': 'application/json',
      'request-id': incoming.requestId,
      'stripe-version': version ?? apiVersion,
      ...(incoming.idempotencyKey !== undefined && { 'idempotency-key': incoming.idempotencyKey }),
      ...(sent.isReplayed && { 'idempotent-replayed': 'true' }),
    });
    response.end(sent.body);
  }

  private answer(incoming: Incoming, request: IncomingMessage): Answer {
    try {
      this.authenticate(request);
      return this.once(incoming);
    } catch (error) {
      if (!(error instanceof FakeStripeRefusedError)) throw error;
      return { ...refusal(error, incoming.requestId), isConflict: error.status === 409 };
    }
  }

  private once(incoming: Incoming): Answer {
    const { idempotency } = this.parts;
    const key = incoming.method === 'POST' ? incoming.idempotencyKey : undefined;
    if (key === undefined) return this.execute(incoming);
    const before = idempotency.begin(key, JSON.stringify([incoming.path, incoming.values]));
    if (before) return { ...before, isReplayed: true };
    return { ...this.execute(incoming), key };
  }

  private execute({ method, path, values, requestId, idempotencyKey }: Incoming): StoredAnswer {
    const { account, router, faults } = this.parts;
    try {
      const found = router.find(method, path);
      if (!found)
        throw new FakeStripeRefusedError(
          `Unrecognized request URL (${method}: ${path}), or one that the fake Stripe does not play.`,
          { status: 404 },
        );
      if (faults.exceeds(`${method} ${found.route.path}`)) {
        throw new FakeStripeRefusedError('Too many requests hit the API too quickly.', { status: 429, stripeCode: 'rate_limit' });
      }
      account.timeline.runDue();
      account.events.cause = { id: requestId, idempotencyKey: idempotencyKey ?? null };
      const params = new Params(values);
      const result = found.route.handle({ params, id: found.id, path });
      return { status: 200, body: JSON.stringify(this.expansion.expand(result, params.texts('expand') ?? [])) };
    } catch (error) {
      if (error instanceof FakeStripeRefusedError) return refusal(error, requestId);
      throw error;
    } finally {
      account.events.cause = null;
    }
  }

  private authenticate(request: IncomingMessage): void {
    const sent = header(request, 'authorization') ?? '';
    const basic = /^Basic (.+)$/i.exec(sent)?.[1];
    const key = basic === undefined ? /^Bearer (.+)$/i.exec(sent)?.[1] : Buffer.from(basic, 'base64').toString().split(':')[0];
    if (key === this.parts.apiKey) return;
    throw new FakeStripeRefusedError(key === undefined ? 'You did not provide an API key.' : 'Invalid API Key provided.', {
      status: 401,
    });
  }
}

function read(request: IncomingMessage, body: string): Incoming {
  const url = new URL(request.url ?? '/', 'http://stripe.invalid');
  const method = request.method ?? 'GET';
  return {
    method,
    path: url.pathname,
    values: { ...parseForm(url.search.slice(1)), ...parseForm(body) },
    idempotencyKey: header(request, 'idempotency-key'),
    requestId: stripeId('req', 14),
  };
}

function refusal(error: FakeStripeRefusedError, requestId: string): StoredAnswer {
  const { type, stripeCode: code, declineCode, param, message, status } = error;
  const body = {
    type,
    message,
    ...(code && { code }),
    ...(declineCode && { decline_code: declineCode }),
    ...(param && { param }),
    request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}`,
  };
  return { status, body: JSON.stringify({ error: body }) };
}

function failureOf(status: 'reset' | 429 | 500 | 503): Answer {
  const error =
    status === 429
      ? { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests hit the API too quickly.' }
      : { type: 'api_error', message: 'An unknown error occurred.' };
  return { status: status === 'reset' ? 500 : status, body: JSON.stringify({ error }) };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text as textOf } from 'node:stream/consumers';
import type { INestApplication } from '@nestjs/common';
import type { ProbeRequest } from './isolation-probe.js';

/** What an application has answered. */
export interface ProbeAnswer {
  /** For messages: `GET /notes`. */
  readonly name: string;
  readonly status: number;
  readonly body: string;
  /** The header and the body. */
  readonly text: string;
  readonly cacheControl: string;
}

const STREAM_MAX_MS = 10_000;

/** Who asks: what they send with it, and how messages call it, if it is not plain from the path. */
export interface ProbeSender {
  readonly headers?: Readonly<Record<string, string>>;
  readonly note?: string;
}

/** Asks an application over HTTP, as a visitor or as nobody. */
export class ProbeClient {
  requests = 0;

  private constructor(private readonly origin: string) {}

  /** The application listens from now on, if it does not yet: on a free port of this machine. */
  static async of(app: INestApplication): Promise<ProbeClient> {
    const server = app.getHttpServer() as { listening?: boolean };
    if (server.listening !== true) await app.listen(0, '127.0.0.1');
    return new ProbeClient((await app.getUrl()).replace('[::1]', 'localhost').replace(/\/$/, ''));
  }

  async ask(request: ProbeRequest, { headers = {}, note = '' }: ProbeSender = {}): Promise<ProbeAnswer> {
    this.requests++;
    const response = await this.send(request, headers);
    const head = Object.entries(response.headers).map(([name, value]) => `${name}: ${String(value)}`);
    const body = await textOf(response);
    return {
      name: nameOf(request) + note,
      status: response.statusCode ?? 0,
      body,
      text: `${head.join('\n')}\n\n${body}`,
      cacheControl: response.headers['cache-control'] ?? '',
    };
  }

  /** Opens a stream; what it has sent so far is in `text()`. */
  async open(request: ProbeRequest, { headers = {} }: ProbeSender) {
    this.requests++;
    const closing = new AbortController();
    const response = await this.send(request, headers, AbortSignal.any([closing.signal, AbortSignal.timeout(STREAM_MAX_MS)]));
    const state = { text: '', isOver: false };
    const waiting: (() => void)[] = [];
    const wake = () => waiting.splice(0).forEach((waiter) => waiter());
    const decoder = new TextDecoder();
    const read = async () => {
      for await (const chunk of response) {
        state.text += decoder.decode(chunk as Uint8Array, { stream: true });
        wake();
      }
    };
    const ended = read()
      .catch(() => undefined)
      .finally(() => {
        state.isOver = true;
        wake();
      });
    return {
      name: nameOf(request),
      text: () => state.text,
      /** Resolves when it has sent this text, or sends no more: whether it has. */
      async said(wanted: string): Promise<boolean> {
        while (!state.text.includes(wanted) && !state.isOver) await new Promise<void>((resolve) => waiting.push(resolve));
        return state.text.includes(wanted);
      },
      async close(): Promise<void> {
        closing.abort();
        await ended;
      },
    };
  }

  /** Not with `fetch()`, which would not send a `host`. */
  private send(
    { method = 'GET', path, body }: ProbeRequest,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const url = new URL(this.origin + path);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const type = body !== undefined && { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      send(url, { method, headers: { ...type, ...headers }, ...(signal && { signal }) }, resolve)
        .on('error', reject)
        .end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

function nameOf({ method = 'GET', path }: ProbeRequest): string {
  return `${method} ${path}`;
}

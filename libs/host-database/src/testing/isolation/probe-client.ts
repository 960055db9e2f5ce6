import type { INestApplication } from '@nestjs/common';
import type { ProbeRequest, ProbeVisitor } from './isolation-probe.js';

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

  async ask(request: ProbeRequest, visitor?: ProbeVisitor): Promise<ProbeAnswer> {
    this.requests++;
    const response = await this.send(request, visitor);
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    const body = await response.text();
    return {
      name: nameOf(request),
      status: response.status,
      body,
      text: `${headers}\n\n${body}`,
      cacheControl: response.headers.get('cache-control') ?? '',
    };
  }

  /** Opens a stream; what it has sent so far is in `text()`. */
  async open(request: ProbeRequest, visitor: ProbeVisitor) {
    this.requests++;
    const closing = new AbortController();
    const response = await this.send(request, visitor, AbortSignal.any([closing.signal, AbortSignal.timeout(STREAM_MAX_MS)]));
    const state = { text: '', isOver: false };
    const waiting: (() => void)[] = [];
    const wake = () => waiting.splice(0).forEach((waiter) => waiter());
    const decoder = new TextDecoder();
    const read = async () => {
      for await (const chunk of response.body ?? []) {
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

  private send({ method = 'GET', path, body }: ProbeRequest, visitor?: ProbeVisitor, signal?: AbortSignal): Promise<Response> {
    return fetch(this.origin + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...visitor?.headers },
      redirect: 'manual',
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }
}

function nameOf({ method = 'GET', path }: ProbeRequest): string {
  return `${method} ${path}`;
}

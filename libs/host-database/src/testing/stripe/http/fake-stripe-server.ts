import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StripePages } from '../pages/stripe-pages.js';
import { FakeStripeStoppedError } from '../stripe.errors.js';
import type { ApiServer } from './api-server.js';

const HOST = '127.0.0.1';

/** The HTTP server: the API, and the pages beside it. */
export class FakeStripeServer {
  private readonly server: Server;
  private address: string | undefined;

  constructor(
    private readonly api: ApiServer,
    private readonly pages: StripePages,
  ) {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  get url(): string {
    if (this.address === undefined) throw new FakeStripeStoppedError();
    return this.address;
  }

  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, HOST, resolve);
    });
    this.address = `http://${HOST}:${(this.server.address() as AddressInfo).port}`;
    return this.address;
  }

  async close(): Promise<void> {
    this.address = undefined;
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      // Clients keep theirs open for the next call, which does not come.
      this.server.closeAllConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await textOf(request);
      if (/^\/v[12]\//.test(request.url ?? '')) await this.api.handle(request, response, body);
      else await this.pages.handle(request, response, body);
    } catch (error) {
      // A mistake of the fake itself: told to whoever called, or their call would never end.
      const message = error instanceof Error ? error.message : String(error);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json', 'stripe-should-retry': 'false' });
      response.end(JSON.stringify({ error: { type: 'api_error', message: `The fake Stripe has failed: ${message}` } }));
    }
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A webhook, as it came in. */
export interface ReceivedWebhook {
  readonly body: string;
  readonly signature: string;
  readonly event: { readonly id: string; readonly type: string; readonly object: string };
}

/** Receives webhooks, and answers what a test wants it to. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  /** What it answers. */
  status = 200;
  /** Answers only once so many wait for it. */
  answersAt = 1;
  private readonly waiting: (() => void)[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        this.received.push({ body, signature: String(request.headers['stripe-signature']), event: JSON.parse(body) });
        this.waiting.push(() => response.writeHead(this.status).end());
        if (this.waiting.length >= this.answersAt) for (const answer of this.waiting.splice(0)) answer();
      });
    });
  }

  static async start(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await new Promise<void>((resolve) => {
      receiver.server.listen(0, '127.0.0.1', resolve);
    });
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/webhooks`;
  }

  get types(): string[] {
    return this.received.map(({ event }) => event.type);
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

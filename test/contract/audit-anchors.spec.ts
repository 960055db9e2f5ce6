import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import {
  type AnchoredCheckpoint,
  AuditAnchorFailedError,
  AuditAnchoringService,
  AuditSealer,
  AuditVerifier,
  AuditWebhookFailedError,
  FileAnchor,
  readFileAnchor,
  WebhookAnchor,
} from 'nestjs-host-database/audit';
import { createSealedHost, executeOn, MemoryAnchor, recordRows, type SealedHost, withoutGuards } from '../support/audit-log.js';

/** An endpoint that keeps checkpoints, or answers what a test says. */
class Receiver {
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  status = 204;
  private readonly server: Server = createServer((request, response) => {
    void this.answer(request, response);
  });

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push({ headers: request.headers, body: await text(request) });
    response.writeHead(this.status, { location: '/elsewhere' }).end();
  }

  async start(): Promise<void> {
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/audit?token=s3cr3t`;
  }

  get checkpoints(): AnchoredCheckpoint[] {
    return this.requests.flatMap(({ body }) => (JSON.parse(body) as { checkpoints: AnchoredCheckpoint[] }).checkpoints);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const toPlaces = (checkpoints: readonly AnchoredCheckpoint[]) => checkpoints.map(({ scope, seq }) => `${scope} ${seq}`);

describe.each(['sqlite', 'postgresql'] as const)(`${AuditAnchoringService.name} on %s`, (database) => {
  const tenantId = genId();
  const receiver = new Receiver();
  let directory: string;
  let path: string;
  let memory: MemoryAnchor;
  let webhook: WebhookAnchor;
  let host: SealedHost;
  let sut: AuditAnchoringService;

  beforeEach(async () => {
    receiver.requests.length = 0;
    receiver.status = 204;
    await receiver.start();
    directory = await mkdtemp(join(tmpdir(), 'audit-anchor-'));
    path = join(directory, 'checkpoints.jsonl');
    memory = new MemoryAnchor();
    webhook = new WebhookAnchor({ url: receiver.url, headers: { authorization: 'Bearer x' }, secret: 'key' });
    host = await createSealedHost(database, { rowsPerCheckpoint: 2, anchors: [new FileAnchor({ path }), memory, webhook] });
    sut = host.get(AuditAnchoringService);
  });
  afterEach(async () => {
    await host.close();
    await receiver.stop();
    await rm(directory, { recursive: true });
  });

  const seal = async (rows: number) => {
    await recordRows(host, rows);
    await recordRows(host, rows, tenantId);
    await host.get(AuditSealer).seal();
  };
  const inFile = async () => {
    const checkpoints: AnchoredCheckpoint[] = [];
    for await (const checkpoint of readFileAnchor(path)) checkpoints.push(checkpoint);
    return checkpoints;
  };

  it('hands each anchor each checkpoint once, a chain in its order', async () => {
    await seal(4);
    const kept = ['file', 'memory', 'webhook'].map((anchor) => ({ anchor, kept: 4 }));
    expect(await sut.anchor()).toEqual(kept);
    await seal(2);
    await sut.anchor();
    expect(await sut.anchor()).toEqual(kept.map(({ anchor }) => ({ anchor, kept: 0 })));

    const places = [`${tenantId} 1`, `${tenantId} 2`, 'host 1', 'host 2', `${tenantId} 3`, 'host 3'];
    expect(toPlaces(await inFile())).toEqual(places);
    expect(toPlaces(memory.kept)).toEqual(places);
    expect(toPlaces(receiver.checkpoints)).toEqual(places);
    expect(await inFile()).toEqual(receiver.checkpoints);
    const stored = await executeOn(host)(`select id, scope, seq, body, signature from sys_audit_checkpoints order by id`);
    expect((await inFile()).toSorted((one, other) => (one.id < other.id ? -1 : 1))).toEqual(stored);
    expect(await host.get(AuditVerifier).verify({ kept: readFileAnchor(path) })).toMatchObject({ ok: true });
  });

  it('goes on with the others while one is down, and hands that what it has missed when it is back', async () => {
    memory.isDown = true;
    receiver.status = 503;
    await seal(2);
    const [file, ...failed] = await sut.anchor();
    expect(file).toEqual({ anchor: 'file', kept: 2 });
    expect(failed.map(({ kept, error }) => ({ kept, is: error instanceof AuditAnchorFailedError }))).toEqual([
      { kept: 0, is: true },
      { kept: 0, is: true },
    ]);
    expect(failed[1]?.error?.cause).toMatchObject({ code: 'AUDIT_WEBHOOK_FAILED', status: 503 });
    await seal(2);

    memory.isDown = false;
    receiver.status = 200;
    receiver.requests.length = 0;
    expect(await sut.anchor()).toEqual([
      { anchor: 'file', kept: 2 },
      { anchor: 'memory', kept: 4 },
      { anchor: 'webhook', kept: 4 },
    ]);
    expect(toPlaces(memory.kept)).toEqual([`${tenantId} 1`, `${tenantId} 2`, 'host 1', 'host 2']);
    expect(toPlaces(receiver.checkpoints)).toEqual(toPlaces(memory.kept));
  });

  describe(WebhookAnchor.name, () => {
    it('signs what it sends', async () => {
      await seal(1);
      await sut.anchor();
      const [{ headers, body } = { headers: {}, body: '' }] = receiver.requests;
      const hmac = createHmac('sha256', 'key')
        .update(`${String(headers['x-audit-timestamp'])}.${body}`)
        .digest('hex');
      expect(headers).toMatchObject({ authorization: 'Bearer x', 'x-audit-signature': `v1=${hmac}` });
      expect(Math.abs(Date.now() / 1_000 - Number(headers['x-audit-timestamp']))).toBeLessThan(60);
    });

    it('takes neither a redirect nor silence for a yes, and shows no secret', async () => {
      receiver.status = 307;
      await expect(webhook.keep([])).rejects.toMatchObject({ status: 307 });
      const { url } = receiver;
      await receiver.stop();
      const error: unknown = await new WebhookAnchor({ url, timeoutMs: 500 }).keep([]).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(AuditWebhookFailedError);
      expect(String(error)).not.toContain('s3cr3t');
      expect(error).toMatchObject({ status: undefined, origin: new URL(url).origin });
      await receiver.start();
    });
  });

  it('is what the log is compared with, by itself: a cut-off end is found', async () => {
    await seal(2);
    await sut.anchor();
    const verifier = host.get(AuditVerifier);
    expect(await verifier.verify()).toMatchObject({ ok: true, keptCheckpoints: 2 });
    await withoutGuards(host, async (execute) => {
      for (const table of ['logs', 'checkpoints', 'unsealed']) await execute(`delete from sys_audit_${table}`);
    });
    expect(await verifier.verify({ kept: [] })).toMatchObject({ ok: true, keptCheckpoints: 0 });
    const { reports } = await verifier.verify();
    expect(reports.map(({ findingsByKind }) => findingsByKind)).toEqual([{ truncated: 1 }, { truncated: 1 }]);
    expect(await verifier.lastResult()).toMatchObject({ ok: false, keptCheckpoints: 2, findings: 2 });
  });

  it('passes over a line in the file that a process left unfinished', async () => {
    await seal(2);
    await sut.anchor();
    await appendFile(path, '{"id":"01a2');
    await seal(2);
    await sut.anchor();
    expect(toPlaces(await inFile())).toEqual([`${tenantId} 1`, 'host 1', `${tenantId} 2`, 'host 2']);
  });
});

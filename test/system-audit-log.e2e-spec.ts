import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import {
  type AuditCloudEvent,
  AuditSealer,
  AuditVerifier,
  Ed25519Signer,
  FileAnchor,
  generateSigningKey,
  verifyInclusion,
} from 'nestjs-host-database/audit';
import { type Client, HTTP_ADAPTERS, type ReferenceApp, startReferenceApp } from './support/reference-app.js';
import { until } from './support/until.js';

const { privateKey, publicKey, keyId } = generateSigningKey();
const publicKeys = { [keyId]: publicKey };

describe.each(HTTP_ADAPTERS)('the audit log of the installation on %s', (adapter) => {
  let app: ReferenceApp;
  let directory: string;
  let root: Client;
  let owner: Client;
  let workspaceId: string;
  let otherId: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'anchor-'));
    const anchorFile = join(directory, 'anchor.jsonl');
    const sealing = {
      signer: new Ed25519Signer(privateKey),
      publicKeys,
      anchors: [new FileAnchor({ path: anchorFile })],
      verifyAt: false,
    } as const;
    const encryption = { keyId: 'test', keys: { test: randomBytes(32) } };
    app = await startReferenceApp({ adapter, anchorFile, audit: { sealing, encryption } });
    root = await app.signUp('root@example.com');
    owner = await app.signUp('owner@example.com');
    await app.host.get(ContextService).run({}, () =>
      app.host.run(async () => {
        (await app.host.hostDatabase.globalUsers.findOneOrFail({ email: 'root@example.com' })).isSysAdmin = true;
      }),
    );
    workspaceId = await owner.newWorkspace();
    otherId = await root.newWorkspace('Others');
    await app.host.get(AuditSealer).seal();
  });
  afterAll(async () => {
    await app.host.close();
    await rm(directory, { recursive: true, force: true });
  });

  const rowsOf = async (query: string) => (await root.get(`/audit-log?${query}`).expect(200)).body.rows as Row[];

  it('is for system administrators alone, and remembers whom it has refused', async () => {
    const [row] = await rowsOf('limit=1');
    const routes = ['', '/feed', `/${row?.id}/proof`, '/verification', `/verifications/${genId()}`];
    for (const route of routes) {
      expect((await owner.get(`/audit-log${route}`).expect(403)).body.code).toBe('ACCESS_SYSTEM_ADMIN_REQUIRED');
      await app.anyone.get(`/audit-log${route}`).expect(401);
    }
    await owner.post('/audit-log/verifications').expect(403);

    const refused = await rowsOf('eventType=access.system-admin-denied&outcome=denied');
    expect(refused).toHaveLength(routes.length + 1);
  });

  it('shows the rows of the host, of a workspace or of all', async () => {
    expect(new Set((await rowsOf('limit=1000')).map(({ tenantId }) => tenantId))).toEqual(new Set([null]));
    expect(new Set((await rowsOf(`scope=${workspaceId}`)).map(({ tenantId }) => tenantId))).toEqual(new Set([workspaceId]));
    const all = new Set((await rowsOf('scope=all&limit=1000')).map(({ tenantId }) => tenantId));
    expect(all).toEqual(new Set([null, workspaceId, otherId]));
    expect((await root.get('/audit-log?scope=everything').expect(400)).body.code).toBe('COMMON_INVALID_ID');
  });

  it('is read page by page', async () => {
    const first = await root.get('/audit-log?scope=all&limit=2&order=oldest').expect(200);
    const second = await root.get(`/audit-log?scope=all&limit=2&order=oldest&after=${first.body.next}`).expect(200);
    const ids = [...first.body.rows, ...second.body.rows].map(({ id }: Row) => id);

    expect(new Set(ids).size).toBe(4);
    expect((await root.get(`/audit-log?limit=2&order=oldest&after=${first.body.next}`).expect(400)).body.code).toBe(
      'AUDIT_INVALID_CURSOR',
    );
  });

  it('is followed as CloudEvents', async () => {
    const events: AuditCloudEvent[] = [];
    for (let after = ''; ;) {
      const { body } = await root.get(`/audit-log/feed?limit=3${after}`).expect(200);
      if (body.events.length === 0) break;
      events.push(...body.events);
      after = `&after=${body.cursor}`;
    }

    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events.map(({ data }) => data.tenantId)).toEqual(expect.arrayContaining([null, workspaceId, otherId]));
    expect(events[0]).toMatchObject({ specversion: '1.0', source: '/audit-log', datacontenttype: 'application/json' });
    await root.get('/audit-log/feed?limit=1001').expect(400);
  });

  it('proves a row to somebody who has the public key alone', async () => {
    const [row] = await rowsOf(`scope=${workspaceId}&order=oldest`);
    const { body: proof } = await root.get(`/audit-log/${row?.id}/proof`).expect(200);

    expect(verifyInclusion(proof, publicKeys)).toMatchObject({ valid: true, record: { id: row?.id } });
    expect(verifyInclusion({ ...proof, canonical: proof.canonical.replace('"v":1', '"v":2') }, publicKeys).valid).toBe(false);
    expect((await root.get(`/audit-log/${genId()}/proof`).expect(404)).body.code).toBe('AUDIT_ROW_NOT_FOUND');
    await root.get('/audit-log/no-id/proof').expect(400);
  });

  it('proves a row to the admins of its workspace, and no other', async () => {
    const [own] = await rowsOf(`scope=${workspaceId}&order=oldest`);
    const [foreign] = await rowsOf(`scope=${otherId}&order=oldest`);
    const path = `/workspaces/${workspaceId}/audit-log`;
    const { body: proof } = await owner.get(`${path}/${own?.id}/proof`).expect(200);

    expect(verifyInclusion(proof, publicKeys)).toMatchObject({ valid: true, record: { id: own?.id, tenantId: workspaceId } });
    expect((await owner.get(`${path}/${foreign?.id}/proof`).expect(404)).body.code).toBe('AUDIT_ROW_NOT_FOUND');
    await root.get(`${path}/${own?.id}/proof`).expect(403);
  });

  it('is verified by a job, which says how far it is and what it has found', async () => {
    expect((await root.get('/audit-log/verification').expect(404)).body.code).toBe('AUDIT_LOG_NOT_VERIFIED');
    const { body: asked } = await root.post('/audit-log/verifications').expect(202);
    const url = `/audit-log/verifications/${asked.id}`;
    await until(async () => (await root.get(url).expect(200)).body.status === 'completed', 20_000);

    expect(asked).toMatchObject({ progress: 0, findings: null });
    expect((await root.get(url)).body).toMatchObject({ id: asked.id, progress: 1, findings: 0 });
    const { body: result } = await root.get('/audit-log/verification').expect(200);
    expect(result).toMatchObject({ ok: true, findings: 0 });
    expect(result.scopes).toBeGreaterThanOrEqual(3);
    expect((await root.get(`/audit-log/verifications/${genId()}`).expect(404)).body.code).toBe('AUDIT_VERIFICATIONS_NOT_FOUND');
  });

  it('tells how far a verification is, one scope after the other', async () => {
    const told: { scopes: number; total: number }[] = [];
    const { scopes } = await app.host.get(AuditVerifier).verify({ onProgress: (progress) => void told.push(progress) });

    expect(told).toEqual(Array.from({ length: scopes }, (_, index) => ({ scopes: index + 1, total: scopes })));
  });

  it('is compared with what the anchor has kept', async () => {
    await appendFile(join(directory, 'anchor.jsonl'), `${JSON.stringify({ body: 'not ours', signature: 'nobody' })}\n`);
    const { body: asked } = await root.post('/audit-log/verifications').expect(202);
    const url = `/audit-log/verifications/${asked.id}`;
    await until(async () => (await root.get(url).expect(200)).body.status === 'completed', 20_000);

    expect((await root.get(url)).body.findings).toBeGreaterThan(0);
    expect((await root.get('/audit-log/verification').expect(200)).body).toMatchObject({ ok: false });
  });
});

interface Row {
  readonly id: string;
  readonly tenantId: string | null;
}

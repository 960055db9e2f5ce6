import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { JobsService } from 'nestjs-host-database/jobs';
import type { Response } from 'supertest';
import { parseCsv } from './support/parse-csv.js';
import { type Client, HTTP_ADAPTERS, type ReferenceApp, startReferenceApp } from './support/reference-app.js';
import { until } from './support/until.js';

describe.each(HTTP_ADAPTERS)('the audit log of a workspace on %s', (adapter) => {
  let app: ReferenceApp;
  let exportDirectory: string;
  let owner: Client;
  let admin: Client;
  let member: Client;
  let stranger: Client;
  let workspaceId: string;
  let otherId: string;
  let path: string;

  beforeAll(async () => {
    exportDirectory = await mkdtemp(join(tmpdir(), 'exports-'));
    app = await startReferenceApp({ adapter, exportDirectory });
    [owner, admin, member, stranger] = [
      await app.signUp('owner@example.com'),
      await app.signUp('admin@example.com'),
      await app.signUp('member@example.com'),
      await app.signUp('stranger@example.com'),
    ];
    workspaceId = await owner.newWorkspace();
    otherId = await stranger.newWorkspace('Others');
    path = `/workspaces/${workspaceId}`;
    for (const role of ['admin', 'member'])
      await owner.post(`${path}/members`, { email: `${role}@example.com`, role }).expect(201);
    for (const tenantId of [workspaceId, workspaceId, workspaceId, otherId]) await record(tenantId, '=1+1');
  });
  afterAll(async () => {
    await app.host.close();
    await rm(exportDirectory, { recursive: true, force: true });
  });

  const record = (tenantId: string, reason: string) =>
    app.host.run(() =>
      app.host.get(AuditService).record({
        eventType: 'audit.legal-hold-placed',
        tenantId,
        targetId: reason,
        outcome: 'denied',
        details: { reason },
      }),
    );
  const holds = 'eventType=audit.legal-hold-placed';

  /** Has an export made and waits for it. */
  async function completed(body: object) {
    const { body: made } = await admin.post(`${path}/audit-exports`, body).expect(202);
    const url = `${path}/audit-exports/${made.id}`;
    await until(async () => (await admin.get(url).expect(200)).body.status === 'completed');
    return { url, made, state: (await admin.get(url)).body };
  }

  it('is read page by page by an owner or admin', async () => {
    const first = await owner.get(`${path}/audit-log?${holds}&limit=2`).expect(200);
    const second = await admin.get(`${path}/audit-log?${holds}&limit=2&after=${first.body.next}`).expect(200);
    const ids = [...first.body.rows, ...second.body.rows].map(({ id }: { id: string }) => id);

    expect(ids).toHaveLength(3);
    expect(ids).toEqual([...new Set(ids)].toSorted().toReversed());
    expect(second.body.next).toBeNull();
    expect(first.body.rows[0]).toMatchObject({
      eventType: 'audit.legal-hold-placed',
      outcome: 'denied',
      details: { reason: '=1+1' },
    });
  });

  it('is filtered', async () => {
    const count = async (query: string) => (await admin.get(`${path}/audit-log?${query}`).expect(200)).body.rows.length;

    expect(await count(`${holds}&outcome=denied&targetId=${encodeURIComponent('=1+1')}&from=2029-12-31T00:00:00Z`)).toBe(3);
    expect(await count(`${holds}&outcome=failure`)).toBe(0);
    expect(await count(`${holds}&to=2029-12-31T00:00:00Z`)).toBe(0);
    expect(await count('eventType=workspaces.*&eventType=audit.legal-hold-placed')).toBe(5);
  });

  it("does not show another workspace's rows", async () => {
    const own = await stranger.get(`/workspaces/${otherId}/audit-log?${holds}`).expect(200);
    const smuggled = await admin.get(`${path}/audit-log?scope=all`).expect(400);
    const foreign = await stranger.get(`/workspaces/${otherId}/audit-log?${holds}&limit=1`);
    const cursor = await admin.get(`${path}/audit-log?${holds}&limit=1`);

    expect(own.body.rows).toHaveLength(1);
    expect(foreign.body.next).toBeNull();
    expect(smuggled.body.code).toBe('REQUEST_INVALID');
    const response = await stranger.get(`/workspaces/${otherId}/audit-log?${holds}&after=${cursor.body.next}`).expect(400);
    expect(response.body.code).toBe('AUDIT_INVALID_CURSOR');
  });

  it('tells what was changed in the database of the workspace, and by whom', async () => {
    const project = (await member.post(`${path}/projects`, { name: 'Moon' }).expect(201)).body;
    const task = (await member.post(`${path}/projects/${project.id}/tasks`, { title: 'Land' }).expect(201)).body;
    await admin.post(`${path}/projects/${project.id}/tasks/${task.id}/complete`).expect(200);
    await admin.delete(`${path}/projects/${project.id}`).expect(204);
    const rowsOf = async (of: Client, workspace: string) =>
      (await of.get(`/workspaces/${workspace}/audit-log?eventType=projects.*&eventType=tasks.*`).expect(200)).body.rows;
    // They come from the workspace's database, a moment after the change.
    await until(async () => (await rowsOf(owner, workspaceId)).length === 5);

    const rows: { eventType: string; targetId: string; actorUserId: string; details: object }[] = await rowsOf(
      owner,
      workspaceId,
    );
    const created = rows.find(({ eventType }) => eventType === 'projects.created');
    const done = rows.find(({ eventType }) => eventType === 'tasks.updated');
    expect(rows.map(({ eventType }) => eventType).toSorted()).toEqual([
      'projects.created',
      'projects.deleted',
      'tasks.created',
      'tasks.deleted',
      'tasks.updated',
    ]);
    expect(created).toMatchObject({ targetId: project.id, details: { before: null, after: { name: 'Moon' } } });
    expect(done).toMatchObject({ targetId: task.id, details: { before: { completedAt: null } } });
    expect(created?.actorUserId).not.toBe(done?.actorUserId);
    expect(await rowsOf(stranger, otherId)).toEqual([]);
  });

  it('is for owners and admins alone', async () => {
    const { made } = await completed({ format: 'csv', eventType: ['audit.legal-hold-placed'] });
    const reads = ['audit-log', 'audit-log.csv', `audit-exports/${made.id}`, `audit-exports/${made.id}/file`];
    for (const read of reads) {
      expect((await member.get(`${path}/${read}`).expect(403)).body.code).toBe('ACCESS_PERMISSION_REQUIRED');
      expect((await stranger.get(`${path}/${read}`).expect(403)).body.code).toBe('ACCESS_TENANT_DENIED');
      await app.anyone.get(`${path}/${read}`).expect(401);
      await owner.get(`${path}/${read}`).expect(200);
    }
    await member.post(`${path}/audit-exports`, { format: 'csv' }).expect(403);
    await stranger.post(`${path}/audit-exports`, { format: 'csv' }).expect(403);
  });

  it('comes as CSV at once, and remembers that', async () => {
    const response = await admin
      .get(`${path}/audit-log.csv?${holds}`)
      .expect(200)
      .expect('content-type', 'text/csv; charset=utf-8')
      .expect('content-disposition', 'attachment; filename="audit-log.csv"');
    const [header = [], ...rows] = parseCsv(response.text);

    expect(rows.map((row) => row[header.indexOf('targetId')])).toEqual(["'=1+1", "'=1+1", "'=1+1"]);
    await until(async () => (await exported()).some(({ details }) => details.format === 'csv' && details.rows === 3));
  });

  it('is exported by a job, with its progress, and fetched as a file', async () => {
    const { url, made, state } = await completed({ format: 'jsonl', eventType: ['audit.legal-hold-placed'] });
    const file = await admin
      .get(`${url}/file`)
      .buffer(true)
      .parse(asText)
      .expect(200)
      .expect('content-type', /application\/jsonl/);

    expect(made).toMatchObject({ format: 'jsonl', rows: 0 });
    expect(state).toMatchObject({ id: made.id, status: 'completed', rows: 3, progress: 1 });
    const lines = String(file.body).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { tenantId: string }).tenantId)).toEqual([
      workspaceId,
      workspaceId,
      workspaceId,
    ]);
    const [row] = await exported();
    const users = await app.host.run(() => app.host.hostDatabase.globalUsers.findAll());
    expect(row).toMatchObject({
      actorUserId: users.find(({ email }) => email === 'admin@example.com')?.id,
      details: { format: 'jsonl-with-proofs', rows: 3, complete: true },
    });
  });

  it('has no file before the export is completed, nor after its day', async () => {
    const job = await app.host.run(() =>
      app.host
        .get(JobsService)
        .enqueue('audit-exports.write-file', { format: 'csv', filter: {} }, { tenantId: workspaceId, delayMs: 600_000 }),
    );
    const early = await admin.get(`${path}/audit-exports/${job.id}/file`).expect(409);
    const { url, made } = await completed({ format: 'csv' });
    expect(await readdir(exportDirectory)).toContain(`${made.id}.csv`);
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(exportDirectory, `${made.id}.csv`), longAgo, longAgo);
    await app.host.run(() => app.host.get(JobsService).enqueue('audit-exports.remove-files', null));
    await until(async () => !(await readdir(exportDirectory)).includes(`${made.id}.csv`));
    const late = await admin.get(`${url}/file`).expect(410);

    expect([early.body.code, late.body.code]).toEqual(['AUDIT_EXPORTS_NOT_READY', 'AUDIT_EXPORTS_EXPIRED']);
  });

  it("has no export of another workspace, nor one that is another kind of job's", async () => {
    const { made } = await completed({ format: 'csv' });
    const foreign = await stranger.get(`/workspaces/${otherId}/audit-exports/${made.id}`).expect(404);
    const unknown = await admin.get(`${path}/audit-exports/${genId()}`).expect(404);
    const provisioning = await app.host.run(() => app.host.hostDatabase.systemJobs.findOneOrFail({ tenantId: workspaceId }));
    await admin.get(`${path}/audit-exports/${provisioning.id}`).expect(404);

    expect([foreign.body.code, unknown.body.code]).toEqual(['AUDIT_EXPORTS_NOT_FOUND', 'AUDIT_EXPORTS_NOT_FOUND']);
  });

  it('refuses what it does not know', async () => {
    const invalid = [
      'limit=0',
      'limit=1001',
      'order=random',
      'outcome=perhaps',
      'from=yesterday',
      'from=%2B010000-01-01',
      'to=-000001-01-01',
      'actor=me',
    ];
    for (const query of invalid) {
      expect((await admin.get(`${path}/audit-log?${query}`).expect(400)).body.code).toBe('REQUEST_INVALID');
    }
    expect((await admin.get(`${path}/audit-log?after=no`).expect(400)).body.code).toBe('AUDIT_INVALID_CURSOR');
    await admin.post(`${path}/audit-exports`, { format: 'xml' }).expect(400);
  });

  async function exported(): Promise<{ actorUserId: string; details: { format: string; rows: number } }[]> {
    return (await admin.get(`${path}/audit-log?eventType=audit.log-exported`)).body.rows;
  }
});

/** supertest does not know this type of content to be text. */
function asText(response: Response, done: (error: Error | null, body: string) => void): void {
  const stream = response as unknown as Readable;
  let body = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => (body += part));
  stream.on('end', () => done(null, body));
}

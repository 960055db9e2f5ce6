import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import { TenantDeletionParts } from 'nestjs-host-database/tenants';
import { WorkspaceControlService } from '../src/workspaces/workspace-control.service.js';
import { type Client, HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';
import { until } from './support/until.js';

const DAY_MS = 86_400_000;

describe.each(HTTP_ADAPTERS)('the life of a workspace on %s', (adapter) => {
  let app: ReferenceApp;
  let parent: string;
  let root: Client;
  let owner: Client;
  let id: string;

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'workspace-exports-'));
    app = await startReferenceApp({ adapter, exportDirectory: join(parent, 'exports') });
    root = await app.signUp('root@example.com');
    owner = await app.signUp('owner@example.com');
    await app.host.get(ContextService).run({}, () =>
      app.host.run(async () => {
        (await app.host.hostDatabase.globalUsers.findOneOrFail({ email: 'root@example.com' })).isSysAdmin = true;
      }),
    );
    id = await owner.newWorkspace();
    await owner.newProject(id);
  });
  afterAll(async () => {
    await app.host.close();
    await rm(parent, { recursive: true, force: true });
  });

  async function signIn(email: string): Promise<Client> {
    const response = await app.anyone.post('/auth/sign-in', { email, password: PASSWORD }).expect(200);
    return app.as((response.body as { token: string }).token);
  }

  const projects = () => owner.get(`/workspaces/${id}/projects`);

  it('is suspended and reactivated by system administrators alone', async () => {
    await owner.post(`/workspaces/${id}/suspend`, {}).expect(403);
    const suspended = await root.post(`/workspaces/${id}/suspend`, { reason: 'The invoice is overdue' }).expect(200);
    expect(suspended.body).toEqual({ id, status: 'suspended', deleteAfter: null });
    await projects().expect(423);
    await root.post(`/workspaces/${id}/suspend`, {}).expect(409);
    await owner.post(`/workspaces/${id}/reactivate`).expect(403);
    await root.post(`/workspaces/${id}/reactivate`).expect(200);
    await projects().expect(200);
  });

  it('is archived and restored by its owner', async () => {
    await owner.post(`/workspaces/${id}/archive`, { drain: false }).expect(200);
    await projects().expect(423);
    const restored = await owner.post(`/workspaces/${id}/restore`).expect(200);
    expect(restored.body).toMatchObject({ status: 'active' });
    await projects().expect(200);
  });

  /** What an owner is told of each thing that only administrators may do now. */
  async function expectHeld(): Promise<void> {
    const tried = [
      ...['archive', 'restore', 'deletion'].map((action) => owner.post(`/workspaces/${id}/${action}`, {})),
      owner.get(`/workspaces/${id}/deletion-plan`),
    ];
    for (const attempt of tried) expect((await attempt.expect(403)).body.code).toBe('WORKSPACES_HELD');
  }

  it('stays as the administrators have left it, whatever its owner tries', async () => {
    const suspend = () => root.post(`/workspaces/${id}/suspend`, { reason: 'The invoice is overdue' });
    await suspend().expect(200);
    await expectHeld();
    const refusals = await app.host.run(() => app.host.hostDatabase.auditLogs.count({ eventType: 'workspaces.control-refused' }));
    expect(refusals).toBe(4);
    await root.post(`/workspaces/${id}/archive`, {}).expect(200);
    await expectHeld();
    await root.post(`/workspaces/${id}/restore`).expect(200);
    await root.post(`/workspaces/${id}/reactivate`).expect(200);

    // By an administrator whom the owner makes a member, too.
    for (const action of ['archive', 'deletion']) {
      await root.post(`/workspaces/${id}/${action}`, {}).expect(action === 'archive' ? 200 : 202);
      await owner.post(`/workspaces/${id}/members`, { email: 'root@example.com', role: 'owner' });
      await expectHeld();
      await root.post(`/workspaces/${id}/restore`).expect(200);
    }

    // What is put away does not escape.
    for (const action of ['archive', 'deletion']) {
      await owner.post(`/workspaces/${id}/${action}`, {}).expect(action === 'archive' ? 200 : 202);
      await suspend().expect(200);
      await expectHeld();
      expect((await root.post(`/workspaces/${id}/restore`).expect(200)).body).toMatchObject({ status: 'suspended' });
      await root.post(`/workspaces/${id}/reactivate`).expect(200);
    }
    await projects().expect(200);
  });

  it('is counted once for all who ask for the plan of its deletion at the same time', async () => {
    const gate = Promise.withResolvers<void>();
    let plans = 0;
    app.host.get(TenantDeletionParts).add({
      name: 'slow',
      count: async () => {
        plans++;
        await gate.promise;
        return {};
      },
      remove: () => Promise.resolve({}),
    });
    const admitted = jest.spyOn(app.host.get(WorkspaceControlService), 'require');
    const asking = Promise.all([owner, root, owner].map(async (one) => one.get(`/workspaces/${id}/deletion-plan`).expect(200)));
    await until(() => admitted.mock.results.length === 3);
    await Promise.all(admitted.mock.results.map(({ value }) => value));
    admitted.mockRestore();
    gate.resolve();
    const [one, ...others] = (await asking).map(({ body }) => body as object);
    expect(one).toMatchObject({ tables: { projects: 1 } });
    for (const other of others) expect(other).toEqual(one);
    expect(plans).toBe(1);
    await owner.get(`/workspaces/${id}/deletion-plan`).expect(200);
    expect(plans).toBe(2);
  });

  it('is taken back by one owner from what another one has done', async () => {
    const partner = await app.signUp('partner@example.com');
    await owner.post(`/workspaces/${id}/members`, { email: 'partner@example.com', role: 'owner' }).expect(201);
    await partner.post(`/workspaces/${id}/archive`, {}).expect(200);
    await owner.post(`/workspaces/${id}/restore`).expect(200);
  });

  it('is deleted sooner than usual by administrators alone', async () => {
    for (const graceDays of [0, 29]) {
      const refused = await owner.post(`/workspaces/${id}/deletion`, { graceDays }).expect(400);
      expect(refused.body).toMatchObject({ code: 'COMMON_INVALID_INPUT' });
    }
    await projects().expect(200);
    await root.post(`/workspaces/${id}/deletion`, { graceDays: 1 }).expect(202);
    await root.post(`/workspaces/${id}/restore`).expect(200);
  });

  it.each([
    ['suspend', { drain: 'no' }],
    ['archive', { reason: '' }],
    ['deletion', { graceDays: -1 }],
    ['deletion', { graceDays: 366 }],
    ['deletion', { export: 1 }],
  ])('is refused %s with %j', async (action, body) => {
    await root.post(`/workspaces/${id}/${action}`, body).expect(400);
    await projects().expect(200);
  });

  it('is for nobody else to end', async () => {
    const stranger = await app.signUp('stranger@example.com');
    await stranger.get(`/workspaces/${id}/deletion-plan`).expect(403);
    for (const action of ['archive', 'restore', 'deletion']) await stranger.post(`/workspaces/${id}/${action}`, {}).expect(403);
    await root.post(`/workspaces/${genId()}/deletion`, {}).expect(404);
    await root.post('/workspaces/no-id/deletion', {}).expect(400);
    await owner.post(`/workspaces/${id}/restore`).expect(409);
  });

  it('can be taken back from its deletion, and ends with it', async () => {
    const request = await owner.post(`/workspaces/${id}/deletion`, { graceDays: 30, export: true }).expect(202);
    expect(request.body).toMatchObject({
      status: 'pending_deletion',
      deleteAfter: new Date(app.host.clock.now().getTime() + 30 * DAY_MS).toISOString(),
    });
    await projects().expect(410);
    await owner.post(`/workspaces/${id}/restore`).expect(200);
    await projects().expect(200);

    await owner.post(`/workspaces/${id}/deletion`, { graceDays: 30, export: true }).expect(202);
    const plan = await owner.get(`/workspaces/${id}/deletion-plan`).expect(200);
    expect(plan.body).toMatchObject({
      status: 'pending_deletion',
      isExported: true,
      tables: { projects: 1, tasks: 0 },
      others: { core_memberships: 3 },
    });
    app.host.clock.advance(30 * DAY_MS);
    // No session lasts that long.
    [root, owner] = [await signIn('root@example.com'), await signIn('owner@example.com')];
    await owner.post(`/workspaces/${id}/restore`).expect(410);
    await app.host.runJobs();
    await until(async () => (await root.get(`/workspaces/${id}/deletion-plan`).expect(200)).body.status === 'deleted');
    const deleted = await root.post(`/workspaces/${id}/restore`).expect(409);
    expect(deleted.body).toMatchObject({ code: 'TENANTS_STATUS_CONFLICT' });
    // Not below the directory of the log's exports, which is cleared.
    expect(await readdir(join(parent, 'exports-of-deleted-workspaces', id))).toContain('manifest.json');
    expect((await owner.get('/workspaces').expect(200)).body).toEqual([]);
  });
});

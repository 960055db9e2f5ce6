import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContextService, genId } from 'nestjs-host-database';
import { TenantAccess } from 'nestjs-host-database/access';
import { AuditService, defineAuditEvents, detailsOf } from 'nestjs-host-database/audit';
import { WorkspaceControlService } from '../src/workspaces/workspace-control.service.js';
import { type Client, HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';
import { until } from './support/until.js';

const otherEvents = defineAuditEvents({ 'invoices.sent': { details: detailsOf<undefined>() } });
const encryption = { keyId: 'test', keys: { test: randomBytes(32) } };

describe.each(HTTP_ADAPTERS)('what is refused on %s', (adapter) => {
  let app: ReferenceApp;
  let owner: Client;
  let member: Client;
  let stranger: Client;
  let workspaceId: string;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter, audit: { events: [otherEvents], encryption } });
    [owner, member, stranger] = [
      await app.signUp('owner@example.com'),
      await app.signUp('member@example.com'),
      await app.signUp('stranger@example.com'),
    ];
    workspaceId = await owner.newWorkspace();
    await owner.post(`/workspaces/${workspaceId}/members`, { email: 'member@example.com', role: 'member' }).expect(201);
  });
  afterAll(() => app.host.close());

  const rows = (eventType: string) =>
    app.host.run(() => app.host.hostDatabase.auditLogs.find({ eventType }, { orderBy: { id: 'asc' }, disableIdentityMap: true }));
  const idOf = async (email: string) => (await app.host.run(() => app.host.hostDatabase.globalUsers.findOneOrFail({ email }))).id;

  it('leaves the event types that were handed in', async () => {
    const audit = app.host.get(AuditService);
    await app.host.run(() => audit.recordUnchecked({ eventType: 'invoices.sent' }));

    expect(await rows('invoices.sent')).toHaveLength(1);
  });

  it('records a sign-in with a wrong password, with the address as data of that person and no password', async () => {
    await app.anyone.post('/auth/sign-in', { email: 'Owner@example.com', password: 'wrong horse battery' }).expect(401);
    const row = (await rows('users.sign-in-failed')).at(-1);

    expect(row).toMatchObject({
      outcome: 'failure',
      targetType: 'GlobalUser',
      targetId: await idOf('owner@example.com'),
      tenantId: null,
    });
    expect(row?.details).toEqual({ email: expect.stringMatching(/^enc:/) });
    expect(JSON.stringify(row)).not.toMatch(/horse|owner@/i);
  });

  it('records a sign-in as nobody without the address', async () => {
    await app.anyone.post('/auth/sign-in', { email: 'nobody@example.com', password: PASSWORD }).expect(401);
    const row = (await rows('users.sign-in-failed')).at(-1);

    expect(row).toMatchObject({ outcome: 'failure', targetId: null, details: null });
    expect(JSON.stringify(row)).not.toMatch(/nobody|horse/);
  });

  it('records who is no member, in the log of the workspace', async () => {
    const before = (await rows('access.tenant-denied')).length;
    await stranger.get(`/workspaces/${workspaceId}/projects`).expect(403);
    await stranger.get(`/workspaces/${workspaceId}/members`).expect(403);
    const denied = (await rows('access.tenant-denied')).slice(before);

    expect(denied).toHaveLength(2);
    for (const row of denied) {
      expect(row).toMatchObject({
        outcome: 'denied',
        actorUserId: await idOf('stranger@example.com'),
        tenantId: workspaceId,
        targetType: 'tenant',
        targetId: workspaceId,
      });
    }
    const { body } = await owner.get(`/workspaces/${workspaceId}/audit-log?eventType=access.tenant-denied`).expect(200);
    expect(body.rows).toHaveLength(2);
  });

  it('begins no log for a workspace that there is not', async () => {
    const unknown = genId();
    await stranger.get(`/workspaces/${unknown}/projects`).expect(403);

    expect((await rows('access.tenant-denied')).at(-1)).toMatchObject({ tenantId: null, targetId: unknown });
  });

  it('records a permission that is missing, and a role that is not enough', async () => {
    await member.post(`/workspaces/${workspaceId}/members`, { email: 'stranger@example.com', role: 'owner' }).expect(403);
    await member.post(`/workspaces/${workspaceId}/archive`, {}).expect(403);

    const denied = { outcome: 'denied', actorUserId: await idOf('member@example.com'), tenantId: workspaceId };
    expect((await rows('access.requirement-denied')).at(-1)).toMatchObject({
      ...denied,
      details: { requires: 'members.manage' },
    });
    expect((await rows('workspaces.control-refused')).at(-1)).toMatchObject({ ...denied, details: { heldRole: 'member' } });
  });

  it('keeps the rows when the transaction of the request is rolled back', async () => {
    const types = ['access.tenant-denied', 'workspaces.control-refused'];
    const count = async () => Promise.all(types.map(async (type) => (await rows(type)).length));
    const before = await count();
    const attempt = async (code: string, email: string, work: () => Promise<unknown>) => {
      const actorUserId = await idOf(email);
      const { hostDatabase } = app.host;
      const request = app.host.get(ContextService).run({ actorUserId }, () =>
        app.host.run(() =>
          hostDatabase.transactional(async () => {
            await app.host.get(AuditService).recordUnchecked({ eventType: 'invoices.sent', targetId: 'rolled back' });
            await work();
          }),
        ),
      );
      await expect(request).rejects.toMatchObject({ code });
    };
    await attempt('ACCESS_TENANT_DENIED', 'stranger@example.com', () =>
      app.host.get(TenantAccess).requireMembership(workspaceId),
    );
    await attempt('ACCESS_ROLE_REQUIRED', 'member@example.com', () => app.host.get(WorkspaceControlService).require(workspaceId));

    expect((await rows('invoices.sent')).filter(({ targetId }) => targetId === 'rolled back')).toEqual([]);
    // On SQLite they are written when the transaction has ended.
    await until(async () => (await count()).every((found, index) => found === before[index]! + 1));
    expect(await count()).toEqual(before.map((found) => found + 1));
  });
});

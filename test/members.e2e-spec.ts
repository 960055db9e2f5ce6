import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditService } from 'nestjs-host-database/audit';
import { type Client, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

describe('the members of a workspace', () => {
  let app: ReferenceApp;
  let owner: Client;
  let admin: Client;
  let member: Client;
  let stranger: Client;
  let workspaceId: string;
  let path: string;

  beforeAll(async () => {
    app = await startReferenceApp();
    [owner, admin, member, stranger] = [
      await app.signUp('owner@example.com'),
      await app.signUp('admin@example.com'),
      await app.signUp('member@example.com'),
      await app.signUp('stranger@example.com'),
    ];
    workspaceId = await owner.newWorkspace();
    path = `/workspaces/${workspaceId}/members`;
    await owner.post(path, { email: 'admin@example.com', role: 'admin' }).expect(201);
    await admin.post(path, { email: 'member@example.com', role: 'member' }).expect(201);
  });

  afterAll(async () => {
    await app.host.close();
  });

  it('refuses a second membership', async () => {
    const response = await owner.post(path, { email: 'Member@Example.com', role: 'admin' }).expect(409);

    expect(response.body.code).toBe('MEMBERSHIPS_DUPLICATE');
  });

  it('does not let a member add members, nor an admin owners', async () => {
    const byMember = await member.post(path, { email: 'stranger@example.com', role: 'member' }).expect(403);
    const byAdmin = await admin.post(path, { email: 'stranger@example.com', role: 'owner' }).expect(403);

    expect([byMember.body.code, byAdmin.body.code]).toEqual(['WORKSPACES_ROLE_REQUIRED', 'WORKSPACES_ROLE_REQUIRED']);
    await stranger.get(path).expect(403);
  });

  it('does not let a stranger in', async () => {
    const response = await stranger.post(path, { email: 'stranger@example.com', role: 'owner' }).expect(403);

    expect(response.body.code).toBe('ACCESS_TENANT_DENIED');
  });

  it('refuses a person who has not signed up, and a role that there is not', async () => {
    const unknown = await owner.post(path, { email: 'nobody@example.com', role: 'member' }).expect(404);
    const role = await owner.post(path, { email: 'stranger@example.com', role: 'king' }).expect(400);

    expect(unknown.body.code).toBe('WORKSPACES_UNKNOWN_EMAIL');
    expect(role.body).toMatchObject({ code: 'REQUEST_INVALID', errors: [{ field: 'role' }] });
  });

  it('records who has let whom in', async () => {
    const rows = await app.host.run(() => app.host.get(AuditService).findByTarget(workspaceId));
    const users = await app.host.run(() => app.host.hostDatabase.globalUsers.findAll());
    const idOf = (email: string) => users.find((user) => user.email === email)?.id;

    expect(rows.find(({ details }) => details?.role === 'member')).toMatchObject({
      eventType: 'workspaces.member-added',
      actorUserId: idOf('admin@example.com'),
      details: { userId: idOf('member@example.com') },
      ipAddress: expect.stringContaining('127.0.0.1'),
    });
  });
});

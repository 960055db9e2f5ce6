import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { AuditService } from 'nestjs-host-database/audit';
import { type Client, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const NAMES = ['owner', 'partner', 'admin', 'member', 'stranger'] as const;
type Name = (typeof NAMES)[number];

describe('the members of a workspace', () => {
  let app: ReferenceApp;
  let people: Record<Name, Client>;
  let workspaceId: string;
  let path: string;
  let ids: Record<Name, string>;

  beforeAll(async () => {
    app = await startReferenceApp();
    const entries: [Name, Client][] = [];
    for (const name of NAMES) entries.push([name, await app.signUp(`${name}@example.com`)]);
    people = Object.fromEntries(entries) as Record<Name, Client>;
    const users = await app.host.run(() => app.host.hostDatabase.globalUsers.findAll());
    ids = Object.fromEntries(users.map(({ id, email }) => [email.split('@')[0], id])) as Record<Name, string>;
  });
  afterAll(() => app.host.close());

  beforeEach(async () => {
    workspaceId = await people.owner.newWorkspace();
    path = `/workspaces/${workspaceId}/members`;
    await people.owner.post(path, { email: 'admin@example.com', role: 'admin' }).expect(201);
    await people.admin.post(path, { email: 'member@example.com', role: 'member' }).expect(201);
  });

  async function roles(): Promise<Record<string, string>> {
    const { body } = await people.member.get(path).expect(200);
    const members = body as { user: { email: string }; role: string }[];
    return Object.fromEntries(members.map(({ user, role }) => [user.email.split('@')[0], role]));
  }

  it('are listed for each of them, by the slug of the workspace too', async () => {
    expect(await roles()).toEqual({ owner: 'owner', admin: 'admin', member: 'member' });
    const slug = `engines-${workspaceId.slice(-12)}`;
    const { body } = await people.owner.post('/workspaces', { name: 'Engines', slug }).expect(201);
    const members = await people.owner.get(`/workspaces/${slug}/members`).expect(200);

    expect(members.body).toMatchObject([{ user: { id: ids.owner }, role: 'owner', customRoleId: null }]);
    await people.stranger.get(`/workspaces/${slug}/members`).expect(403);
    expect((await people.owner.get(`/workspaces/${body.id}x/members`).expect(404)).body.code).toBe('TENANTS_NOT_FOUND');
  });

  it('are added by those who may, and given no more than these have', async () => {
    const stranger = { email: 'stranger@example.com', role: 'member' };
    const byMember = await people.member.post(path, stranger).expect(403);
    const byAdmin = await people.admin.post(path, { ...stranger, role: 'owner' }).expect(403);
    const byStranger = await people.stranger.post(path, stranger).expect(403);
    const again = await people.owner.post(path, { email: 'Member@Example.com', role: 'admin' }).expect(409);

    expect([byMember, byAdmin, byStranger, again].map(({ body }) => body.code)).toEqual([
      'ACCESS_PERMISSION_REQUIRED',
      'MEMBERSHIPS_INSUFFICIENT_AUTHORITY',
      'ACCESS_TENANT_DENIED',
      'MEMBERSHIPS_DUPLICATE',
    ]);
    expect(Object.keys(await roles())).not.toContain('stranger');
  });

  it('have signed up, and have a role that there is', async () => {
    const unknown = await people.owner.post(path, { email: 'nobody@example.com', role: 'member' }).expect(404);
    const role = await people.owner.post(path, { email: 'stranger@example.com', role: 'king' }).expect(400);
    const custom = { email: 'stranger@example.com', role: 'member', customRoleId: genId() };

    expect(unknown.body.code).toBe('WORKSPACES_UNKNOWN_EMAIL');
    expect(role.body).toMatchObject({ code: 'REQUEST_INVALID', errors: [{ field: 'role' }] });
    expect((await people.owner.post(path, custom).expect(404)).body.code).toBe('MEMBERSHIPS_ROLE_NOT_FOUND');
  });

  it('get another role, which counts from their next request on', async () => {
    const { stranger } = people;
    await people.member.post(path, { email: 'stranger@example.com', role: 'member' }).expect(403);
    const promoted = await people.owner.patch(`${path}/${ids.member}`, { role: 'admin' }).expect(200);

    expect(promoted.body).toMatchObject({ user: { id: ids.member, email: 'member@example.com' }, role: 'admin' });
    await people.member.post(path, { email: 'stranger@example.com', role: 'member' }).expect(201);
    await stranger.get(path).expect(200);
    await people.owner.patch(`${path}/${ids.member}`, { role: 'member' }).expect(200);
    await people.member.delete(`${path}/${ids.stranger}`).expect(403);
  });

  it('touch nobody who is above them', async () => {
    const demoted = await people.admin.patch(`${path}/${ids.owner}`, { role: 'member' }).expect(403);
    const removed = await people.admin.delete(`${path}/${ids.owner}`).expect(403);
    const promoted = await people.admin.patch(`${path}/${ids.admin}`, { role: 'owner' }).expect(403);

    const codes = [demoted, removed, promoted].map(({ body }) => body.code);
    expect(codes).toEqual(codes.map(() => 'MEMBERSHIPS_INSUFFICIENT_AUTHORITY'));
    expect(await roles()).toMatchObject({ owner: 'owner', admin: 'admin' });
    await people.admin.delete(`${path}/${ids.member}`).expect(204);
  });

  it('are out from their next request on, once they are removed or have left', async () => {
    await people.admin.get(path).expect(200);
    await people.member.get(path).expect(200);
    await people.owner.delete(`${path}/${ids.member}`).expect(204);
    await people.admin.post(`${path}/leave`).expect(204);

    for (const former of [people.admin, people.member]) {
      expect((await former.get(path).expect(403)).body.code).toBe('ACCESS_TENANT_DENIED');
    }
    expect((await people.owner.delete(`${path}/${ids.member}`).expect(404)).body.code).toBe('MEMBERSHIPS_NOT_FOUND');
    expect((await people.owner.delete(`${path}/nobody`).expect(400)).body.code).toBe('COMMON_INVALID_ID');
  });

  it('always have an owner among them', async () => {
    const tried = [
      await people.owner.post(`${path}/leave`).expect(409),
      await people.owner.delete(`${path}/${ids.owner}`).expect(409),
      await people.owner.patch(`${path}/${ids.owner}`, { role: 'admin' }).expect(409),
    ];
    expect(tried.map(({ body }) => body.code)).toEqual(tried.map(() => 'MEMBERSHIPS_LAST_OWNER'));

    await people.owner.post(path, { email: 'partner@example.com', role: 'owner' }).expect(201);
    await people.owner.post(`${path}/leave`).expect(204);
    await people.partner.get(path).expect(200);
  });

  it('get the workspace from its owner, and from nobody else', async () => {
    const transfer = { toUserId: ids.member, becomes: 'member' };
    expect((await people.admin.post(`${path}/transfer-ownership`, transfer).expect(403)).body.code).toBe(
      'ACCESS_PERMISSION_REQUIRED',
    );
    const toStranger = await people.owner.post(`${path}/transfer-ownership`, { toUserId: ids.stranger }).expect(404);
    const wrong = await people.owner.post(`${path}/transfer-ownership`, { ...transfer, becomes: 'owner' }).expect(400);
    expect([toStranger.body.code, wrong.body.code]).toEqual(['MEMBERSHIPS_NOT_FOUND', 'REQUEST_INVALID']);

    const { body } = await people.owner.post(`${path}/transfer-ownership`, transfer).expect(200);
    expect(body).toMatchObject({ user: { email: 'member@example.com' }, role: 'owner' });
    expect(await roles()).toEqual({ owner: 'member', admin: 'admin', member: 'owner' });
  });

  it('are known by who has let them in', async () => {
    const rows = await app.host.run(() => app.host.get(AuditService).findByTarget(workspaceId));

    expect(rows.find(({ details }) => details?.role === 'member')).toMatchObject({
      eventType: 'workspaces.member-added',
      actorUserId: ids.admin,
      details: { userId: ids.member },
      ipAddress: expect.stringContaining('127.0.0.1'),
    });
  });
});

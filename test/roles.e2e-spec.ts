import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { type Client, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

describe("a workspace's own roles", () => {
  let app: ReferenceApp;
  let owner: Client;
  let admin: Client;
  let member: Client;
  let memberId: string;
  let workspace: string;
  let path: string;

  beforeAll(async () => {
    app = await startReferenceApp();
    owner = await app.signUp('owner@example.com');
    admin = await app.signUp('admin@example.com');
    member = await app.signUp('member@example.com');
  });
  afterAll(() => app.host.close());

  beforeEach(async () => {
    workspace = `/workspaces/${await owner.newWorkspace()}`;
    path = `${workspace}/roles`;
    await owner.post(`${workspace}/members`, { email: 'admin@example.com', role: 'admin' }).expect(201);
    const { body } = await owner.post(`${workspace}/members`, { email: 'member@example.com', role: 'member' }).expect(201);
    memberId = (body as { user: { id: string } }).user.id;
  });

  async function newRole(permissions: string[], name = 'Reviewer'): Promise<string> {
    const { body } = await admin.post(path, { name, permissions }).expect(201);
    return (body as { id: string }).id;
  }
  const give = (customRoleId: string | null) =>
    owner.patch(`${workspace}/members/${memberId}`, { role: 'member', customRoleId }).expect(200);

  it('are made, listed, changed and removed', async () => {
    const id = await newRole(['projects.write', 'projects.read', 'projects.read']);
    const listed = await member.get(path).expect(200);
    expect(listed.body).toMatchObject([{ id, name: 'Reviewer', permissions: ['projects.read', 'projects.write'] }]);

    const changed = await admin.patch(`${path}/${id}`, { name: 'Reader', permissions: ['projects.read'] }).expect(200);
    expect(changed.body).toMatchObject({ id, name: 'Reader', permissions: ['projects.read'] });

    await admin.delete(`${path}/${id}`).expect(204);
    expect((await member.get(path).expect(200)).body).toEqual([]);
    expect((await admin.delete(`${path}/${id}`).expect(404)).body.code).toBe('MEMBERSHIPS_ROLE_NOT_FOUND');
  });

  it('say exactly what their members may do, from the next request on', async () => {
    const projects = `${workspace}/projects`;
    await member.post(projects, { name: 'Analytical engine' }).expect(201);
    const id = await newRole(['projects.read']);
    expect((await give(id)).body).toMatchObject({ role: 'member', customRoleId: id });

    await member.get(projects).expect(200);
    const refused = await member.post(projects, { name: 'Second engine' }).expect(403);
    expect(refused.body.code).toBe('ACCESS_PERMISSION_REQUIRED');
    await member.get(`${workspace}/audit-log`).expect(403);

    await owner.patch(`${path}/${id}`, { permissions: ['projects.write', 'audit-log.read'] }).expect(200);
    await member.post(projects, { name: 'Second engine' }).expect(201);
    await member.get(`${workspace}/audit-log`).expect(200);
    await member.get(projects).expect(403);

    await give(null);
    await member.get(projects).expect(200);
    await member.get(`${workspace}/audit-log`).expect(403);
  });

  it('are for nobody to make who may do less', async () => {
    const { body } = await admin.post(path, { name: 'Heir', permissions: ['tenant.transfer'] }).expect(403);
    expect(body.code).toBe('MEMBERSHIPS_INSUFFICIENT_AUTHORITY');
    await owner.post(path, { name: 'Heir', permissions: ['tenant.transfer'] }).expect(201);
    const byMember = await member.post(path, { name: 'Mine', permissions: ['members.manage'] }).expect(403);
    expect(byMember.body.code).toBe('ACCESS_PERMISSION_REQUIRED');
  });

  it('stay while somebody has them', async () => {
    const id = await newRole(['projects.read']);
    await give(id);
    expect((await admin.delete(`${path}/${id}`).expect(409)).body.code).toBe('MEMBERSHIPS_ROLE_IN_USE');
    await give(null);
    await admin.delete(`${path}/${id}`).expect(204);
  });

  it.each([
    ['a permission that there is not', { name: 'Reader', permissions: ['projects.raed'] }, 400, 'MEMBERSHIPS_UNKNOWN_PERMISSION'],
    ['permissions that are no list', { name: 'Reader', permissions: 'projects.read' }, 400, 'REQUEST_INVALID'],
    ['a permission that is no text', { name: 'Reader', permissions: [1] }, 400, 'REQUEST_INVALID'],
    ['no name', { permissions: [] }, 400, 'REQUEST_INVALID'],
    ['the name of a role that every workspace has', { name: 'Admin', permissions: [] }, 400, 'COMMON_INVALID_INPUT'],
    ['a name that is taken', { name: 'Reviewer', permissions: [] }, 409, 'MEMBERSHIPS_DUPLICATE_ROLE_NAME'],
  ])('are refused with %s', async (_what, role, status, code) => {
    await newRole([]);
    expect((await admin.post(path, role).expect(status)).body.code).toBe(code);
  });

  it('are those of one workspace', async () => {
    const id = await newRole(['projects.read']);
    const other = `/workspaces/${await member.newWorkspace('Others')}/roles`;

    expect((await member.get(other).expect(200)).body).toEqual([]);
    await member.patch(`${other}/${id}`, { name: 'Mine' }).expect(404);
    await member.delete(`${other}/${id}`).expect(404);
    await member.delete(`${other}/${genId()}`).expect(404);
    expect((await admin.get(path).expect(200)).body).toMatchObject([{ id, name: 'Reviewer' }]);
  });
});

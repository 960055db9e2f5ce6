import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { Task } from '../src/projects/task.entity.js';
import { type Client, HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const PROBLEM = /^application\/problem\+json/;

describe.each(HTTP_ADAPTERS)('the main job on %s', (adapter) => {
  let app: ReferenceApp;
  let ada: Client;
  let grace: Client;
  let workspaceId: string;
  let projectId: string;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter });
  });

  afterAll(async () => {
    await app.host.close();
  });

  it('signs people up', async () => {
    const response = await app.anyone.post('/auth/sign-up', { email: 'Ada@Example.com', password: PASSWORD }).expect(201);

    expect(response.body).toEqual({
      token: expect.any(String),
      expiresAt: expect.any(String),
      user: { id: expect.stringMatching(/^[0-9a-f]{32}$/), email: 'ada@example.com' },
    });
    grace = await app.signUp('grace@example.com');
  });

  it('signs them in', async () => {
    const response = await app.anyone.post('/auth/sign-in', { email: 'ADA@example.com', password: PASSWORD }).expect(200);

    ada = app.as(response.body.token);
    expect(response.body.user).toMatchObject({ email: 'ada@example.com' });
  });

  it('makes a workspace that can be used at once', async () => {
    const response = await ada.post('/workspaces', { name: 'Engines', slug: 'engines' }).expect(201);

    expect(response.body).toMatchObject({ name: 'Engines', slug: 'engines', role: 'owner', status: 'active' });
    workspaceId = response.body.id;
  });

  it('shows people their own workspaces', async () => {
    const own = await ada.get('/workspaces').expect(200);
    const others = await grace.get('/workspaces').expect(200);

    expect(own.body).toEqual([expect.objectContaining({ id: workspaceId, name: 'Engines', role: 'owner', status: 'active' })]);
    expect(others.body).toEqual([]);
  });

  it('creates, lists, reads and changes projects', async () => {
    const path = `/workspaces/${workspaceId}/projects`;
    const created = await ada.post(path, { name: 'Difference engine', description: 'Tabulates' }).expect(201);
    projectId = created.body.id;
    const renamed = await ada.patch(`${path}/${projectId}`, { name: 'Analytical engine' }).expect(200);
    const read = await ada.get(`${path}/${projectId}`).expect(200);
    const listed = await ada.get(path).expect(200);

    expect(renamed.body).toEqual({ ...created.body, name: 'Analytical engine' });
    expect(read.body).toEqual(renamed.body);
    expect(listed.body).toEqual([renamed.body]);
  });

  it('adds, completes and lists tasks', async () => {
    const path = `/workspaces/${workspaceId}/projects/${projectId}/tasks`;
    const added = await ada.post(path, { title: 'Order the gears' }).expect(201);
    const completed = await ada.post(`${path}/${added.body.id}/complete`).expect(200);
    const again = await ada.post(`${path}/${added.body.id}/complete`).expect(200);
    const listed = await ada.get(path).expect(200);

    expect(added.body).toMatchObject({ title: 'Order the gears', completedAt: null });
    expect(completed.body).toEqual({ ...added.body, completedAt: app.host.clock.now().toISOString() });
    expect(again.body).toEqual(completed.body);
    expect(listed.body).toEqual([completed.body]);
  });

  it('keeps the data of two workspaces apart', async () => {
    const otherId = await grace.newWorkspace('Compilers');
    const listed = await grace.get(`/workspaces/${otherId}/projects`).expect(200);

    expect(listed.body).toEqual([]);
    await grace.newProject(otherId, 'Analytical engine');
    await grace.get(`/workspaces/${otherId}/projects/${projectId}`).expect(404);
  });

  it.each([
    ['get', (path: string) => grace.get(path)],
    ['patch', (path: string) => grace.patch(path, { name: 'Mine' })],
    ['delete', (path: string) => grace.delete(path)],
  ] as const)("refuses to %s a project in another's workspace", async (_method, send) => {
    const path = `/workspaces/${workspaceId}/projects/${projectId}`;
    const response = await send(path).expect(403).expect('content-type', PROBLEM);

    expect(response.body).toMatchObject({ code: 'ACCESS_TENANT_DENIED', status: 403, title: 'Forbidden', instance: path });
    expect(response.text).not.toContain('engine');
    await ada.get(path).expect(200);
  });

  it("tells nothing of another's workspace", async () => {
    const paths = ['projects', `projects/${projectId}/tasks`, 'members'].map((part) => `/workspaces/${workspaceId}/${part}`);
    const refused = await Promise.all(paths.map((path) => grace.get(path).expect(403)));
    const unknown = await grace.get(`/workspaces/${genId()}/projects`).expect(403);

    // The same answer whether there is such a workspace or not.
    expect([...refused, unknown].map(({ body }) => body.code)).toEqual(Array.from({ length: 4 }, () => 'ACCESS_TENANT_DENIED'));
    for (const { text } of refused) expect(text).not.toMatch(/engine|gears|ada@/i);
  });

  it('lets a new member in', async () => {
    const path = `/workspaces/${workspaceId}/members`;
    await ada.post(path, { email: 'Grace@example.com', role: 'member' }).expect(201);
    const members = await grace.get(path).expect(200);
    const projects = await grace.get(`/workspaces/${workspaceId}/projects`).expect(200);

    expect(members.body.map(({ user, role }: { user: { email: string }; role: string }) => [user.email, role])).toEqual([
      ['ada@example.com', 'owner'],
      ['grace@example.com', 'member'],
    ]);
    expect(projects.body).toHaveLength(1);
  });

  it('deletes a project with its tasks', async () => {
    const path = `/workspaces/${workspaceId}/projects/${projectId}`;
    await ada.delete(path).expect(204);
    const project = await ada.get(path).expect(404);
    const tasks = await app.host.get(TenantDatabases).run(workspaceId, (em) => em.count(Task));

    expect(project.body.code).toBe('PROJECTS_NOT_FOUND');
    expect(tasks).toBe(0);
  });
});

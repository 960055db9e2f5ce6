import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { genId, HostDatabase } from 'nestjs-host-database';
import { TenantsService } from 'nestjs-host-database/tenants';
import { type Client, HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const PROBLEM = /^application\/problem\+json/;

describe.each(HTTP_ADAPTERS)('problems on %s', (adapter) => {
  let app: ReferenceApp;
  let ada: Client;
  let workspaceId: string;
  let projectId: string;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter });
    ada = await app.signUp('ada@example.com');
    workspaceId = await ada.newWorkspace();
    projectId = await ada.newProject(workspaceId);
  });

  afterAll(async () => {
    await app.host.close();
  });

  it('tells every wrong field of a request', async () => {
    const body = { email: 'ada', password: 'short', isSysAdmin: true };
    const response = await app.anyone.post('/auth/sign-up', body).expect(400).expect('content-type', PROBLEM);

    expect(response.body).toMatchObject({ code: 'REQUEST_INVALID', title: 'Bad Request', type: 'about:blank' });
    expect(response.body.errors.map(({ field }: { field: string }) => field).toSorted()).toEqual([
      'email',
      'isSysAdmin',
      'password',
    ]);
  });

  it.each([
    ['project', () => `/workspaces/${workspaceId}/projects/${projectId.toUpperCase()}`],
    ['project, among its tasks', () => `/workspaces/${workspaceId}/projects/1/tasks`],
  ])('refuses a malformed id of a %s', async (_what, path) => {
    const response = await ada.get(path()).expect(400).expect('content-type', PROBLEM);

    expect(response.body.code).toBe('COMMON_INVALID_ID');
  });

  it('takes what is no id of a workspace for its name in addresses', async () => {
    const response = await ada.get('/workspaces/nonsense/projects').expect(404).expect('content-type', PROBLEM);

    expect(response.body.code).toBe('TENANTS_NOT_FOUND');
  });

  it.each([
    ['project', 'get', (): string => `/workspaces/${workspaceId}/projects/${genId()}`, 'PROJECTS_NOT_FOUND'],
    ['project, for its tasks', 'get', (): string => `/workspaces/${workspaceId}/projects/${genId()}/tasks`, 'PROJECTS_NOT_FOUND'],
    [
      'task',
      'post',
      (): string => `/workspaces/${workspaceId}/projects/${projectId}/tasks/${genId()}/complete`,
      'PROJECTS_TASK_NOT_FOUND',
    ],
    ['workspace, by its slug', 'get', (): string => '/workspaces/nonsense/members', 'TENANTS_NOT_FOUND'],
    ['route', 'get', (): string => '/nowhere', 'HTTP_NOT_FOUND'],
  ] as const)('does not find an unknown %s', async (_what, method, path, code) => {
    const response = await ada[method](path()).expect(404).expect('content-type', PROBLEM);

    expect(response.body.code).toBe(code);
  });

  it('refuses a second project with the same name, made or renamed', async () => {
    const path = `/workspaces/${workspaceId}/projects`;
    const otherId = await ada.newProject(workspaceId, 'Loom');
    const made = await ada.post(path, { name: 'Loom' }).expect(409).expect('content-type', PROBLEM);
    const renamed = await ada.patch(`${path}/${projectId}`, { name: 'Loom' }).expect(409);

    expect([made.body.code, renamed.body.code]).toEqual(['PROJECTS_DUPLICATE_NAME', 'PROJECTS_DUPLICATE_NAME']);
    await ada.delete(`${path}/${otherId}`).expect(204);
  });

  it.each([[null], [''], [' \n'], ['a\0b'], ['x'.repeat(101)], [1], [['a']]])('refuses the name %j', async (name) => {
    const path = `/workspaces/${workspaceId}/projects/${projectId}`;
    const response = await ada.patch(path, { name }).expect(400);

    expect(response.body).toMatchObject({ code: 'REQUEST_INVALID', errors: [{ field: 'name' }] });
  });

  it('refuses a second workspace with the same slug, and one that is no slug', async () => {
    await ada.post('/workspaces', { name: 'One', slug: `one-${adapter}` }).expect(201);
    const taken = await ada.post('/workspaces', { name: 'Two', slug: `one-${adapter}` }).expect(409);
    const malformed = await ada.post('/workspaces', { name: 'Three', slug: 'No slug' }).expect(400);

    expect(taken.body.code).toBe('TENANTS_DUPLICATE_SLUG');
    expect(malformed.body.code).toBe('COMMON_INVALID_INPUT');
  });

  it('locks a suspended workspace, and opens it again', async () => {
    const path = `/workspaces/${workspaceId}/projects`;
    const tenants = app.host.get(TenantsService);
    await app.host.run(() => tenants.suspend(workspaceId));
    const response = await ada.get(path).expect(423).expect('content-type', PROBLEM);
    const listed = await ada.get('/workspaces').expect(200);
    await app.host.run(() => tenants.reactivate(workspaceId));

    expect(response.body).toMatchObject({ code: 'TENANTS_NOT_ACTIVE', title: 'Locked' });
    expect(listed.body[0]).toMatchObject({ id: workspaceId, status: 'suspended' });
    await ada.get(path).expect(200);
  });

  it('refuses what is not JSON', async () => {
    const response = await app.anyone
      .post('/auth/sign-in')
      .set('content-type', 'application/json')
      .send('{"email":')
      .expect(400)
      .expect('content-type', PROBLEM);

    expect(response.body).toMatchObject({ code: 'HTTP_BAD_REQUEST', status: 400, requestId: expect.any(String) });
    expect(response.headers['x-request-id']).toBe(response.body.requestId);
  });

  it('refuses a body that is too large', async () => {
    const response = await app.anyone
      .post('/auth/sign-in', { email: 'x'.repeat(2 ** 21) })
      .expect(413)
      .expect('content-type', PROBLEM);

    expect(response.body.code).toBe('HTTP_PAYLOAD_TOO_LARGE');
  });

  it('refuses a path that cannot be decoded', async () => {
    const response = await ada.get('/workspaces/%E0%A4%A/projects').expect(400).expect('content-type', PROBLEM);

    expect(response.body.code).toBe('HTTP_BAD_REQUEST');
  });

  it('echoes the id of a request', async () => {
    const named = await ada.get('/nowhere?page=2').set('x-request-id', 'my-request.1').expect(404);
    const unnamed = await ada.get('/workspaces').expect(200);

    expect(named.headers['x-request-id']).toBe('my-request.1');
    expect(named.body).toMatchObject({ requestId: 'my-request.1', instance: '/nowhere' });
    expect(unnamed.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('keeps an unknown error to itself and logs it once', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    jest.spyOn(app.host.get(TenantsService), 'create').mockRejectedValueOnce(new TypeError('the secret is 42'));
    const response = await ada.post('/workspaces', { name: 'Boom' }).expect(500).expect('content-type', PROBLEM);
    const logged = log.mock.calls;
    log.mockRestore();

    expect(response.body).toMatchObject({ code: 'INTERNAL_ERROR', title: 'Internal Server Error' });
    expect(response.text).not.toMatch(/the secret is|TypeError|\.ts/);
    expect(logged).toEqual([
      [`${response.body.requestId} /workspaces INTERNAL_ERROR`, expect.stringContaining('the secret is 42')],
    ]);
  });

  it('is healthy while the host database answers', async () => {
    const response = await app.anyone.get('/health').expect(200);

    expect(response.body).toEqual({ status: 'ok' });
  });

  it('says when the host database does not answer', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    jest.spyOn(app.host.get(HostDatabase).em, 'execute').mockRejectedValueOnce(new Error('connect ECONNREFUSED 10.0.0.7'));
    const response = await app.anyone.get('/health').expect(503).expect('retry-after', /^\d+$/);
    const logged = log.mock.calls;
    log.mockRestore();

    expect(response.body.code).toBe('HEALTH_DATABASE_DOWN');
    expect(response.text).not.toContain('10.0.0.7');
    expect(logged).toEqual([[expect.stringContaining('HEALTH_DATABASE_DOWN'), expect.stringContaining('ECONNREFUSED 10.0.0.7')]]);
  });
});

describe('a workspace that is still being made', () => {
  let app: ReferenceApp;

  beforeAll(async () => {
    app = await startReferenceApp({ worker: false });
  });

  afterAll(async () => {
    await app.host.close();
  });

  it('is answered as accepted, refused until it is ready, and then works', async () => {
    const ada = await app.signUp('ada@example.com');
    const tenants = app.host.get(TenantsService);
    const whenActive = tenants.whenActive.bind(tenants);
    jest.spyOn(tenants, 'whenActive').mockImplementationOnce((tenantId) => whenActive(tenantId, { timeoutMs: 1 }));
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const created = await ada.post('/workspaces', { name: 'Slow' }).expect(202);
    const path = `/workspaces/${created.body.id}/projects`;
    const refused = await ada.get(path).expect(503).expect('retry-after', /^\d+$/).expect('content-type', PROBLEM);
    log.mockRestore();
    await app.host.runJobs();

    expect(created.body.status).toBe('provisioning');
    expect(refused.body.code).toBe('TENANTS_NOT_ACTIVE');
    await ada.get(path).expect(200);
    await ada.post('/auth/sign-in', { email: 'ada@example.com', password: PASSWORD }).expect(200);
  });
});

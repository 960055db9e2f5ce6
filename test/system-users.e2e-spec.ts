import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { type Client, HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

describe.each(HTTP_ADAPTERS)('the people of the host, for administrators, on %s', (adapter) => {
  let app: ReferenceApp;
  let root: Client;
  let email: string;
  let person: Client;
  let userId: string;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter });
    root = await app.signUp('root@example.com');
    await app.host.run(async () => {
      const administrator = await app.host.hostDatabase.globalUsers.findOneOrFail({ email: 'root@example.com' });
      administrator.isSysAdmin = true;
    });
  });
  afterAll(() => app.host.close());
  beforeEach(async () => {
    email = `${genId()}@example.com`;
    person = await app.signUp(email);
    userId = (await person.get('/auth/account').expect(200)).body.id;
  });

  const signIn = () => app.anyone.post('/auth/sign-in', { email, password: PASSWORD });

  it('are found by their address', async () => {
    const { body } = await root.get(`/system/users?email=${email.toUpperCase()}`).expect(200);
    expect(body).toEqual([expect.objectContaining({ id: userId, email, deactivatedAt: null })]);

    expect((await root.get('/system/users?email=nobody@example.com').expect(200)).body).toEqual([]);
    expect((await root.get('/system/users').expect(400)).body.code).toBe('REQUEST_INVALID');
  });

  it('are out once they are deactivated, and come in again', async () => {
    const deactivated = await root.post(`/system/users/${userId}/deactivate`).expect(200);
    expect(deactivated.body).toMatchObject({ id: userId, deactivatedAt: expect.any(String) });
    await person.get('/workspaces').expect(401);
    await signIn().expect(401);

    const { body } = await root.post(`/system/users/${userId}/reactivate`).expect(200);
    expect(body).toMatchObject({ id: userId, deactivatedAt: null });
    await signIn().expect(200);
  });

  it('leave no workspace without an owner', async () => {
    await person.newWorkspace();
    const refused = [
      await root.post(`/system/users/${userId}/deactivate`).expect(409),
      await root.delete(`/system/users/${userId}`).expect(409),
    ];

    expect(refused.map(({ body }) => body.code)).toEqual(['MEMBERSHIPS_LAST_OWNER', 'MEMBERSHIPS_LAST_OWNER']);
    await person.get('/workspaces').expect(200);
  });

  it('are removed', async () => {
    await root.delete(`/system/users/${userId}`).expect(204);

    await person.get('/workspaces').expect(401);
    expect((await root.delete(`/system/users/${userId}`).expect(404)).body.code).toBe('USERS_NOT_FOUND');
    expect((await root.post('/system/users/nobody/deactivate').expect(400)).body.code).toBe('COMMON_INVALID_ID');
  });

  it('have nothing to do with each other', async () => {
    const refused = [
      await person.get(`/system/users?email=${email}`).expect(403),
      await person.post(`/system/users/${userId}/deactivate`).expect(403),
      await person.post(`/system/users/${userId}/reactivate`).expect(403),
      await person.delete(`/system/users/${userId}`).expect(403),
    ];

    expect(refused.map(({ body }) => body.code)).toEqual(refused.map(() => 'ACCESS_SYSTEM_ADMIN_REQUIRED'));
    await person.get('/workspaces').expect(200);
  });
});

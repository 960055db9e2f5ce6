import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Client, HTTP_ADAPTERS, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const REASON = 'Ticket 4711: a project cannot be renamed';

describe.each(HTTP_ADAPTERS)('impersonations on %s', (adapter) => {
  let app: ReferenceApp;
  let root: Client;
  let owner: Client;
  let member: Client;
  let ids: { root: string; member: string };
  let workspaceId: string;
  let otherId: string;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter });
    root = await app.signUp('root@example.com');
    owner = await app.signUp('owner@example.com');
    member = await app.signUp('member@example.com');
    await app.host.run(async () => {
      const { globalUsers } = app.host.hostDatabase;
      const [administrator, person] = [
        await globalUsers.findOneOrFail({ email: 'root@example.com' }),
        await globalUsers.findOneOrFail({ email: 'member@example.com' }),
      ];
      administrator.isSysAdmin = true;
      ids = { root: administrator.id, member: person.id };
    });
    [workspaceId, otherId] = [await owner.newWorkspace('Engines'), await owner.newWorkspace('Looms')];
    for (const id of [workspaceId, otherId]) {
      await owner.post(`/workspaces/${id}/members`, { email: 'member@example.com', role: 'member' }).expect(201);
    }
  });
  afterAll(() => app.host.close());

  const begin = (client: Client) =>
    client.post('/system/impersonations', { userId: ids.member, workspaceId, reason: REASON, minutes: 5 });
  const listed = async () => (await owner.get(`/workspaces/${workspaceId}/impersonations`).expect(200)).body as object[];

  it('are for system administrators alone', async () => {
    expect((await begin(owner).expect(403)).body.code).toBe('ACCESS_SYSTEM_ADMIN_REQUIRED');
    expect(await listed()).toEqual([]);
  });

  it('let an administrator into one workspace, under its eyes, until they end it', async () => {
    const { body } = await begin(root).expect(201);
    const acting = app.as(body.token);
    await acting.get(`/workspaces/${workspaceId}/projects`).expect(200);
    await member.get(`/workspaces/${otherId}/projects`).expect(200);
    await acting.get(`/workspaces/${otherId}/projects`).expect(403);
    expect(await listed()).toEqual([
      expect.objectContaining({ id: body.id, adminUserId: ids.root, userId: ids.member, reason: REASON, endedAt: null }),
    ]);
    const refused = await member.get(`/workspaces/${workspaceId}/impersonations`).expect(403);
    expect(refused.body.code).toBe('ACCESS_ROLE_REQUIRED');

    await acting.delete(`/system/impersonations/${body.id}`).expect(204);
    await acting.get(`/workspaces/${workspaceId}/projects`).expect(401);
    expect(await listed()).toEqual([expect.objectContaining({ id: body.id, endedAt: expect.any(String) })]);
    await root.delete(`/system/impersonations/${body.id}`).expect(404);
  });

  it('leave what is the person’s own, and other workspaces, alone', async () => {
    const { body } = await begin(root).expect(201);
    const acting = app.as(body.token);
    const attempts = [
      acting.get('/auth/sessions'),
      acting.delete('/auth/sessions'),
      acting.post('/auth/verify-email/send'),
      acting.post('/auth/change-password', { currentPassword: 'whatever it is', newPassword: 'whatever it will be' }),
      acting.get('/auth/account'),
      acting.post('/auth/account/deletion', { currentPassword: 'whatever it is' }),
      acting.post('/auth/change-email', { email: 'mine@example.com' }),
      acting.get('/auth/identities'),
      acting.post(`/workspaces/${workspaceId}/archive`, {}),
      acting.post('/invitations/whatever/accept'),
      acting.get('/workspaces'),
      acting.post('/workspaces', { name: 'Mine' }),
    ];
    for (const attempt of attempts) expect((await attempt.expect(403)).body.code).toBe('ACCESS_NOT_WHILE_IMPERSONATING');
    const refused = await app.host.run(() =>
      app.host.hostDatabase.auditLogs.find({ eventType: 'access.refused-while-impersonating' }),
    );
    expect(refused).toHaveLength(attempts.length);
    await member.get('/auth/sessions').expect(200);

    await acting.post('/auth/sign-out').expect(204);
    await acting.get(`/workspaces/${workspaceId}/projects`).expect(401);
  });
});

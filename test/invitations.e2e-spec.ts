import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { mailedInvitation } from './support/mailed-token.js';
import { type Client, HTTP_ADAPTERS, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const MINUTE_MS = 60_000;

describe.each(HTTP_ADAPTERS)('the invitations of a workspace on %s', (adapter) => {
  let app: ReferenceApp;
  let owner: Client;
  let admin: Client;
  let workspaceId: string;
  let path: string;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter });
    owner = await app.signUp('owner@example.com');
    admin = await app.signUp('admin@example.com');
  });
  afterAll(() => app.host.close());

  beforeEach(async () => {
    workspaceId = await owner.newWorkspace();
    path = `/workspaces/${workspaceId}/invitations`;
    await owner.post(`/workspaces/${workspaceId}/members`, { email: 'admin@example.com', role: 'admin' }).expect(201);
  });

  const newAddress = () => `${genId()}@example.com`;

  /** Signs a person up whose address is verified. */
  async function newPerson(email: string): Promise<Client> {
    const person = await app.signUp(email);
    await app.host.run(async () => {
      const user = await app.host.hostDatabase.globalUsers.findOneOrFail({ email });
      user.emailVerifiedAt = app.host.clock.now();
      await app.host.hostDatabase.commit();
    });
    return person;
  }

  async function invite(email: string, facts: object = {}): Promise<{ id: string; token: string }> {
    const { body } = await admin.post(path, { email, role: 'member', ...facts }).expect(201);
    return { id: (body as { id: string }).id, token: await mailedInvitation(app.host, email) };
  }

  it('let in the person who was invited, once', async () => {
    const email = newAddress();
    const { id, token } = await invite(email, { role: 'admin' });
    const shown = await app.anyone.get(`/invitations/${token}`).expect(200).expect('cache-control', 'no-store');
    expect(shown.body).toMatchObject({ workspaceName: 'Engines', role: 'admin', inviterEmail: 'admin@example.com' });

    const person = await newPerson(email);
    await person.get(`/workspaces/${workspaceId}/members`).expect(403);
    const accepted = await person.post(`/invitations/${token}/accept`).expect(200);
    expect(accepted.body).toMatchObject({ id: workspaceId, name: 'Engines', role: 'admin', status: 'active' });
    await person.get(`/workspaces/${workspaceId}/members`).expect(200);

    await app.anyone.get(`/invitations/${token}`).expect(404);
    expect((await admin.get(path).expect(200)).body.items).toMatchObject([{ id, email, status: 'accepted' }]);
  });

  it('are for nobody else, nor for an address that is not verified', async () => {
    const email = newAddress();
    const { token } = await invite(email);
    const unverified = await app.signUp(email);
    const other = await newPerson(newAddress());

    const refused = await other.post(`/invitations/${token}/accept`).expect(404);
    const early = await unverified.post(`/invitations/${token}/accept`).expect(403);
    await app.anyone.post(`/invitations/${token}/accept`).expect(401);
    await app.anyone.post(`/invitations/${token}/decline`).expect(401);
    expect([refused.body.code, early.body.code]).toEqual([
      'MEMBERSHIPS_INVITATION_INVALID',
      'MEMBERSHIPS_INVITATION_EMAIL_NOT_VERIFIED',
    ]);
    expect((await app.anyone.get('/invitations/made-up').expect(404)).body.code).toBe('MEMBERSHIPS_INVITATION_INVALID');
    await app.anyone.get(`/invitations/${token}`).expect(200);
  });

  it('can be declined', async () => {
    const email = newAddress();
    const { token } = await invite(email);
    const person = await newPerson(email);
    await person.post(`/invitations/${token}/decline`).expect(204);

    await person.post(`/invitations/${token}/accept`).expect(404);
    expect((await admin.get(path).expect(200)).body.items).toMatchObject([{ status: 'declined' }]);
  });

  it('are sent again, with a link that replaces the one before, and not at once', async () => {
    const email = newAddress();
    const { id, token } = await invite(email);
    const tooSoon = await admin.post(`${path}/${id}/resend`).expect(429);
    expect(tooSoon.body.code).toBe('MEMBERSHIPS_INVITATION_SENT_TOO_SOON');

    app.host.clock.advance(MINUTE_MS);
    await owner.post(`${path}/${id}/resend`).expect(200);
    const newer = await mailedInvitation(app.host, email, 2);
    await app.anyone.get(`/invitations/${token}`).expect(404);
    expect((await app.anyone.get(`/invitations/${newer}`).expect(200)).body.inviterEmail).toBe('owner@example.com');
  });

  it('are taken back', async () => {
    const { id, token } = await invite(newAddress());
    await app.anyone.get(`/invitations/${token}`).expect(200);
    await admin.delete(`${path}/${id}`).expect(204);

    await app.anyone.get(`/invitations/${token}`).expect(404);
    expect((await admin.delete(`${path}/${id}`).expect(409)).body.code).toBe('MEMBERSHIPS_INVITATION_ENDED');
  });

  it('give no more than who invites has, and a role of the workspace where it is asked for', async () => {
    const email = newAddress();
    const above = await admin.post(path, { email, role: 'owner' }).expect(403);
    expect(above.body.code).toBe('MEMBERSHIPS_INSUFFICIENT_AUTHORITY');
    const { body: role } = await admin
      .post(`/workspaces/${workspaceId}/roles`, { name: 'Reader', permissions: ['projects.read'] })
      .expect(201);
    const { token } = await invite(email, { customRoleId: role.id });
    const person = await newPerson(email);
    await person.post(`/invitations/${token}/accept`).expect(200);

    await person.get(`/workspaces/${workspaceId}/projects`).expect(200);
    await person.post(`/workspaces/${workspaceId}/projects`, { name: 'Engine' }).expect(403);
    expect((await person.post(path, { email: newAddress(), role: 'member' }).expect(403)).body.code).toBe(
      'ACCESS_PERMISSION_REQUIRED',
    );
  });

  it('are listed page by page, to those who invite', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { body } = await admin.post(path, { email: newAddress(), role: 'member' }).expect(201);
      ids.unshift((body as { id: string }).id);
    }
    const first = await owner.get(`${path}?limit=2`).expect(200);
    const second = await owner.get(`${path}?limit=2&after=${first.body.next}`).expect(200);

    const found = [...first.body.items, ...second.body.items].map(({ id }: { id: string }) => id);
    expect(found).toEqual(ids);
    expect(second.body.next).toBeNull();
    expect((await owner.get(`${path}?limit=0`).expect(400)).body.code).toBe('REQUEST_INVALID');
    const stranger = await app.signUp(newAddress());
    await stranger.get(path).expect(403);
  });

  it('are those of one workspace', async () => {
    const { id, token } = await invite(newAddress());
    const stranger = await app.signUp(newAddress());
    const others = `/workspaces/${await stranger.newWorkspace('Others')}/invitations`;
    await stranger.post(`${others}/${id}/resend`).expect(404);
    await stranger.delete(`${others}/${id}`).expect(404);
    // Nor through a workspace of the same person.
    const another = `/workspaces/${await owner.newWorkspace('Another')}/invitations`;
    await owner.delete(`${another}/${id}`).expect(404);

    await app.anyone.get(`/invitations/${token}`).expect(200);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { cookieHeader, cookiesOf } from './support/cookies.js';
import { mailedToken } from './support/mailed-token.js';
import { type Client, HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const confirmed = { currentPassword: PASSWORD };

describe.each(HTTP_ADAPTERS)('the account of a person on %s', (adapter) => {
  let app: ReferenceApp;
  let email: string;
  let client: Client;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter });
  });
  afterAll(() => app.host.close());
  beforeEach(async () => {
    email = `${genId()}@example.com`;
    client = await app.signUp(email);
  });

  const signIn = (address: string) => app.anyone.post('/auth/sign-in', { email: address, password: PASSWORD });
  /** How often this person has asked for another address. */
  const countAsked = () =>
    app.host.run(async () => {
      const { globalUsers, auditLogs } = app.host.hostDatabase;
      const { id } = await globalUsers.findOneOrFail({ email });
      return auditLogs.count({ eventType: 'users.email-change-requested', targetId: id });
    });
  const countUsers = (address: string) => app.host.run(() => app.host.hostDatabase.globalUsers.count({ email: address }));

  it('is shown to them, and to nobody else', async () => {
    const { body } = await client.get('/auth/account').expect(200);

    expect(body).toMatchObject({ email, emailVerifiedAt: null, isSystemAdmin: false, deactivatedAt: null });
    expect(JSON.stringify(body)).not.toContain('argon2');
    await app.anyone.get('/auth/account').expect(401);
  });

  it('gets another address once that is verified, and not before', async () => {
    const newer = `${genId()}@example.com`;
    await client.post('/auth/change-email', { email: newer, ...confirmed }).expect(202);
    const token = await mailedToken(app.host, newer, 'verify-email');
    expect(await countAsked()).toBe(1);
    await signIn(newer).expect(401);
    expect((await client.get('/auth/account').expect(200)).body.email).toBe(email);

    await app.anyone.post('/auth/verify-email', { token }).expect(204);
    await signIn(newer).expect(200);
    await signIn(email).expect(401);
    const { body } = await client.get('/auth/account').expect(200);
    expect(body).toMatchObject({ email: newer, emailVerifiedAt: expect.any(String) });
  });

  it('does not get the address of somebody else', async () => {
    const other = `${genId()}@example.com`;
    await app.signUp(other);
    const { body } = await client.post('/auth/change-email', { email: other, ...confirmed }).expect(409);

    expect(body.code).toBe('USERS_DUPLICATE_EMAIL');
  });

  it.each([
    ['change-email', { email: 'other@example.com' }],
    ['account/deactivation', {}],
    ['account/deletion', {}],
  ])('asks for the password before %s', async (route, body) => {
    const without = await client.post(`/auth/${route}`, body).expect(401);
    const wrong = await client.post(`/auth/${route}`, { ...body, currentPassword: 'wrong horse battery' }).expect(401);

    expect([without.body.code, wrong.body.code]).toEqual(['USERS_INVALID_CREDENTIALS', 'USERS_INVALID_CREDENTIALS']);
    const { body: account } = await client.get('/auth/account').expect(200);
    expect(account).toMatchObject({ email, deactivatedAt: null });
    expect(await countAsked()).toBe(0);
  });

  it('is closed, which ends all sessions, and nobody signs in to it', async () => {
    const opened = await app.anyone.post('/auth/sign-in', { email, password: PASSWORD, transport: 'cookie' }).expect(200);
    const cookie = cookieHeader(cookiesOf(opened));
    const left = await app.anyone
      .post('/auth/account/deactivation', confirmed)
      .set({ cookie, 'sec-fetch-site': 'same-origin' })
      .expect(204);

    expect(left.headers['set-cookie']).toContainEqual(expect.stringMatching(/^__Host-session=;.*Max-Age=0/i));
    await app.anyone.get('/auth/account').set('cookie', cookie).expect(401);
    await client.get('/auth/account').expect(401);
    await signIn(email).expect(401);
    expect(await countUsers(email)).toBe(1);
  });

  it('is deleted, with its memberships, but not from under a workspace that they alone own', async () => {
    const workspaceId = await client.newWorkspace();
    const refused = await client.post('/auth/account/deletion', confirmed).expect(409);
    expect(refused.body.code).toBe('MEMBERSHIPS_LAST_OWNER');
    await client.get(`/workspaces/${workspaceId}/members`).expect(200);

    const heir = await app.signUp(`${genId()}@example.com`);
    const { body: account } = await heir.get('/auth/account').expect(200);
    await client.post(`/workspaces/${workspaceId}/members`, { email: account.email, role: 'owner' }).expect(201);
    await client.post('/auth/account/deletion', confirmed).expect(204);
    await client.get('/auth/account').expect(401);
    await signIn(email).expect(401);
    expect(await countUsers(email)).toBe(0);
    const members = await heir.get(`/workspaces/${workspaceId}/members`).expect(200);
    expect(members.body).toEqual([expect.objectContaining({ role: 'owner', user: expect.objectContaining({ id: account.id }) })]);
  });
});

describe('a workspace of their own', () => {
  it('is there from the beginning for everybody, where that is configured', async () => {
    const personalTenant = { name: ({ email }: { readonly email: string }) => `${email}'s` };
    const app = await startReferenceApp({ access: { signIn: { personalTenant } } });
    const ada = await app.signUp('ada@example.com');
    const { body } = await ada.get('/workspaces').expect(200);
    await app.host.close();

    expect(body).toEqual([expect.objectContaining({ name: "ada@example.com's", role: 'owner' })]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { type Client, HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const NEW_PASSWORD = 'staple another battery';

describe.each(HTTP_ADAPTERS)('what a person proves by, on %s', (adapter) => {
  let app: ReferenceApp;
  let email: string;
  let client: Client;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter, worker: false });
  });
  afterAll(() => app.host.close());
  beforeEach(async () => {
    email = `${genId()}@example.com`;
    client = await app.signUp(email);
  });

  const signIn = (password: string) => app.anyone.post('/auth/sign-in', { email, password });
  const findUser = () => app.host.run(() => app.host.hostDatabase.globalUsers.findOneOrFail({ email }));

  it('is an address, verified by a token that works once', async () => {
    await client.post('/auth/verify-email/send').expect(202);
    await app.host.runJobs();
    const { token } = app.host.mailer.lastTo(email, 'verify-email').data;
    expect((await findUser()).emailVerifiedAt).toBeNull();

    await app.anyone.post('/auth/verify-email', { token }).expect(204);
    expect((await findUser()).emailVerifiedAt).toEqual(app.host.clock.now());
    expect((await app.anyone.post('/auth/verify-email', { token }).expect(400)).body.code).toBe('USERS_TOKEN_INVALID');
  });

  it('is a new password where the old one is forgotten, which ends all sessions', async () => {
    await app.anyone.post('/auth/forgotten-password', { email }).expect(202);
    await app.host.runJobs();
    const { token } = app.host.mailer.lastTo(email, 'reset-password').data;
    await client.get('/workspaces').expect(200);

    const weak = await app.anyone.post('/auth/reset-password', { token, newPassword: email }).expect(400);
    expect(weak.body.code).toBe('USERS_WEAK_PASSWORD');
    await app.anyone.post('/auth/reset-password', { token, newPassword: NEW_PASSWORD }).expect(204);
    await client.get('/workspaces').expect(401);
    await signIn(PASSWORD).expect(401);
    await signIn(NEW_PASSWORD).expect(200);
  });

  it('does not tell who has an account', async () => {
    const before = app.host.mailer.mails.length;
    const known = await app.anyone.post('/auth/forgotten-password', { email }).expect(202);
    const unknown = await app.anyone.post('/auth/forgotten-password', { email: `${genId()}@example.com` }).expect(202);
    await app.host.runJobs();

    expect(unknown.text).toBe(known.text);
    expect(app.host.mailer.mails.slice(before).map(({ to }) => to)).toEqual([email]);
  });

  it('is another password for who knows the one before, with another session', async () => {
    const change = (currentPassword: string) =>
      client.post('/auth/change-password', { currentPassword, newPassword: NEW_PASSWORD });
    expect((await change('wrong horse battery').expect(401)).body.code).toBe('USERS_INVALID_CREDENTIALS');
    await client.get('/workspaces').expect(200);

    const { body } = await change(PASSWORD).expect(200);
    await client.get('/workspaces').expect(401);
    await app.as(body.token).get('/workspaces').expect(200);
    await signIn(NEW_PASSWORD).expect(200);
  });
});

describe.each(HTTP_ADAPTERS)('guessing on %s', (adapter) => {
  it('is counted for each client behind a proxy that is trusted, and an address that a client makes up is none', async () => {
    const statuses = async (trustedProxies: string[]) => {
      const app = await startReferenceApp({ adapter, worker: false, guessesPerMinute: 1, trustedProxies });
      const guess = (client: string) =>
        app.anyone.post('/auth/verify-email', { token: 'guessed' }).set('x-forwarded-for', client);
      const found: number[] = [];
      for (const client of ['203.0.113.1', '203.0.113.1', '203.0.113.2']) found.push((await guess(client)).status);
      await app.host.close();
      return found;
    };

    expect(await statuses(['loopback'])).toEqual([400, 429, 400]);
    expect(await statuses([])).toEqual([400, 429, 429]);
  });

  it('of an invitation, and of who has an account, ends as well', async () => {
    const app = await startReferenceApp({ adapter, guessesPerMinute: 1 });
    const owner = await app.signUp('owner@example.com');
    const members = `/workspaces/${await owner.newWorkspace()}/members`;
    const first = await app.anyone.get('/invitations/guessed');
    const second = await app.anyone.get('/invitations/guessed');
    const one = await owner.post(members, { email: 'one@example.com', role: 'member' });
    const other = await owner.post(members, { email: 'two@example.com', role: 'member' });
    await app.host.close();

    expect([first, second, one, other].map(({ status }) => status)).toEqual([404, 429, 404, 429]);
  });

  it('ends after some requests of one address, for a while', async () => {
    const app = await startReferenceApp({ adapter, worker: false, guessesPerMinute: 2 });
    const guess = () => app.anyone.post('/auth/verify-email', { token: 'guessed' });
    await guess().expect(400);
    await guess().expect(400);
    const refused = await guess().expect(429);
    const other = await app.anyone.post('/auth/sign-in', { email: 'ada@example.com', password: PASSWORD });
    app.host.clock.set(new Date(app.host.clock.now().getTime() + 60_000));
    const later = await guess();
    await app.host.close();

    expect(refused.body).toMatchObject({ code: 'AUTH_TOO_MANY_REQUESTS', status: 429 });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect([other.status, later.status]).toEqual([401, 400]);
  });
});

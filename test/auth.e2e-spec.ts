import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const DAY_MS = 86_400_000;
const PROBLEM = /^application\/problem\+json/;

describe.each(HTTP_ADAPTERS)('authentication on %s', (adapter) => {
  let app: ReferenceApp;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter, worker: false });
    await app.signUp('ada@example.com');
  });

  afterAll(async () => {
    await app.host.close();
  });

  describe('sign-up', () => {
    it.each(['ada@example.com', 'ADA@Example.COM'])('refuses the email %s a second time', async (email) => {
      const response = await app.anyone
        .post('/auth/sign-up', { email, password: PASSWORD })
        .expect(409)
        .expect('content-type', PROBLEM);

      expect(response.body).toMatchObject({ code: 'USERS_DUPLICATE_EMAIL', title: 'Conflict', instance: '/auth/sign-up' });
    });

    it('keeps a hash of the password, and shows neither', async () => {
      const response = await app.anyone.post('/auth/sign-up', { email: 'hopper@example.com', password: PASSWORD }).expect(201);
      const [stored] = await app.host.run(() =>
        app.host.hostDatabase.globalUsers.find({ email: 'hopper@example.com' }, { populate: ['passwordHash'] }),
      );

      expect(stored?.passwordHash).toMatch(/^\$argon2id\$/);
      expect(response.text).not.toMatch(/argon2|horse/);
    });
  });

  describe('sign-in', () => {
    it('records the login', async () => {
      await app.anyone.post('/auth/sign-in', { email: 'ada@example.com', password: PASSWORD }).expect(200);
      const user = await app.host.run(() => app.host.hostDatabase.globalUsers.findOneOrFail({ email: 'ada@example.com' }));

      expect(user.lastLogin).toEqual(app.host.clock.now());
    });

    it('does not tell a wrong password from an unknown email or a person without a password', async () => {
      await app.host.newUser({ email: 'oauth@example.com', oauthId: 'github:1' });
      const attempts = [
        { email: 'ada@example.com', password: 'wrong horse battery' },
        { email: 'nobody@example.com', password: PASSWORD },
        { email: 'oauth@example.com', password: PASSWORD },
      ];
      const responses = await Promise.all(attempts.map((attempt) => app.anyone.post('/auth/sign-in', attempt).expect(401)));

      for (const response of responses) {
        expect(response.type).toBe('application/problem+json');
        expect({ ...response.body, requestId: '' }).toEqual({
          type: 'about:blank',
          title: 'Unauthorized',
          status: 401,
          detail: 'The email or the password is wrong. Try again, or ask for a new password.',
          code: 'USERS_INVALID_CREDENTIALS',
          instance: '/auth/sign-in',
          requestId: '',
        });
      }
    });
  });

  describe('every other route', () => {
    it.each([
      ['no token', undefined, 'ACCESS_NOT_AUTHENTICATED'],
      ['no bearer token', 'Basic YWRhOnBhc3N3b3Jk', 'ACCESS_NOT_AUTHENTICATED'],
      ['a token that is none', 'Bearer nonsense', 'ACCESS_NOT_AUTHENTICATED'],
      ['a token that somebody made up', `Bearer ${randomBytes(32).toString('base64url')}`, 'ACCESS_SESSION_REFUSED'],
    ])('refuses %s', async (_what, authorization, code) => {
      const test = app.anyone.get('/workspaces');
      const response = await (authorization === undefined ? test : test.set('authorization', authorization)).expect(401);

      expect(response.body).toMatchObject({ code, status: 401 });
      expect(response.headers).toMatchObject({ 'www-authenticate': 'Bearer', 'content-type': expect.stringMatching(PROBLEM) });
    });

    it('refuses a token once its session is over, however often it was used', async () => {
      const { body } = await app.anyone.post('/auth/sign-up', { email: 'late@example.com', password: PASSWORD }).expect(201);
      const start = app.host.clock.now();
      const client = app.as(body.token);

      const end = new Date(body.expiresAt).getTime();
      for (let now = start.getTime() + 10 * DAY_MS; now < end; now += 10 * DAY_MS) {
        app.host.clock.set(new Date(now));
        await client.get('/workspaces').expect(200);
      }
      app.host.clock.set(new Date(end));
      const response = await client.get('/workspaces').expect(401);
      app.host.clock.set(start);

      expect(response.body.code).toBe('ACCESS_SESSION_REFUSED');
    });

    it('refuses the token of a person who does not exist any more', async () => {
      const client = await app.signUp('gone@example.com');
      await client.get('/workspaces').expect(200);
      const { em, globalUsers } = app.host.hostDatabase;
      await app.host.run(async () => void em.remove(await globalUsers.findOneOrFail({ email: 'gone@example.com' })));
      const response = await client.get('/workspaces').expect(401);

      expect(response.body.code).toMatch(/^ACCESS_(SESSION_REFUSED|NOT_AUTHENTICATED)$/);
    });

    it('knows who is asking even where two people share a connection and the body comes after the headers', async () => {
      const emails = ['first@example.com', 'second@example.com'];
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const { port } = app.host.app.getHttpServer().address() as AddressInfo;

      for (const email of emails) {
        const { body } = await app.anyone.post('/auth/sign-up', { email, password: PASSWORD }).expect(201);
        const call = request({
          agent,
          port,
          host: '127.0.0.1',
          method: 'POST',
          path: `/workspaces/${genId()}/members`,
          headers: {
            authorization: `Bearer ${body.token}`,
            'content-type': 'application/json',
            'x-request-id': email.replace('@', '-'),
            'transfer-encoding': 'chunked',
            expect: '100-continue',
          },
        });
        call.flushHeaders();
        await once(call, 'continue');
        call.end(JSON.stringify({ email, role: 'member' }));
        const [response] = await once(call, 'response');

        expect(await json(response)).toMatchObject({ code: 'ACCESS_TENANT_DENIED', requestId: email.replace('@', '-') });
      }
      agent.destroy();
    });
  });
});

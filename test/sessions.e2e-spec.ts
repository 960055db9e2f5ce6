import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { genId } from 'nestjs-host-database';
import { cookieHeader, cookiesOf } from './support/cookies.js';
import { type Client, HTTP_ADAPTERS, PASSWORD, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

interface OwnSession {
  readonly id: string;
  readonly isCurrent: boolean;
  readonly userAgent: string | null;
}

describe.each(HTTP_ADAPTERS)('sessions on %s', (adapter) => {
  let app: ReferenceApp;
  let credentials: { email: string; password: string };
  let phone: Client;

  beforeAll(async () => {
    app = await startReferenceApp({ adapter, worker: false });
  });
  afterAll(() => app.host.close());
  beforeEach(async () => {
    credentials = { email: `${genId()}@example.com`, password: PASSWORD };
    await app.anyone.post('/auth/sign-up', credentials).expect(201);
    phone = await signIn('phone');
  });

  async function signIn(userAgent: string): Promise<Client> {
    const { body } = await app.anyone.post('/auth/sign-in', credentials).set('user-agent', userAgent).expect(200);
    return app.as(body.token);
  }
  const sessionsOf = async (client: Client): Promise<OwnSession[]> => (await client.get('/auth/sessions').expect(200)).body;

  it('are listed, and one that was lost is ended', async () => {
    const laptop = await signIn('laptop');
    const sessions = await sessionsOf(laptop);
    expect(sessions).toHaveLength(3);
    expect(sessions.filter(({ isCurrent }) => isCurrent)).toEqual([expect.objectContaining({ userAgent: 'laptop' })]);
    const lost = sessions.find(({ userAgent }) => userAgent === 'phone');

    await phone.get('/workspaces').expect(200);
    await laptop.delete(`/auth/sessions/${lost?.id}`).expect(204);
    expect((await phone.get('/workspaces').expect(401)).body.code).toBe('ACCESS_SESSION_REFUSED');
    expect(await sessionsOf(laptop)).toHaveLength(2);
  });

  it('of somebody else are not ended', async () => {
    const stranger = await app.signUp(`${genId()}@example.com`);
    const [session] = await sessionsOf(phone);
    const { body } = await stranger.delete(`/auth/sessions/${session?.id}`).expect(404);

    expect(body.code).toBe('ACCESS_SESSION_NOT_FOUND');
    await phone.get('/workspaces').expect(200);
  });

  it('are ended but for the one that asks', async () => {
    const laptop = await signIn('laptop');
    await laptop.delete('/auth/sessions').expect(204);

    expect(await sessionsOf(laptop)).toEqual([expect.objectContaining({ isCurrent: true, userAgent: 'laptop' })]);
    await phone.get('/workspaces').expect(401);
  });

  it('end by signing out', async () => {
    await phone.get('/workspaces').expect(200);
    await phone.post('/auth/sign-out').expect(204);

    await phone.get('/workspaces').expect(401);
  });

  describe('of a browser', () => {
    const inBrowser = () => app.anyone.post('/auth/sign-in', { ...credentials, transport: 'cookie' });

    it('are in a cookie that scripts cannot read, and end with it', async () => {
      const response = await inBrowser().expect(200);
      const cookie = cookieHeader(cookiesOf(response));
      expect(response.body).toEqual({
        expiresAt: expect.any(String),
        user: expect.objectContaining({ email: credentials.email }),
      });
      expect(response.headers['set-cookie']).toContainEqual(
        expect.stringMatching(/^__Host-session=[\w-]{43};.*; HttpOnly; Secure; SameSite=Lax$/),
      );

      await app.anyone.get('/workspaces').set('cookie', cookie).expect(200);
      const left = await app.anyone.post('/auth/sign-out').set({ cookie, 'sec-fetch-site': 'same-origin' }).expect(204);
      expect(cookiesOf(left)).toEqual(new Map());
      await app.anyone.get('/workspaces').set('cookie', cookie).expect(401);
    });

    it('make no changes for a page of another site', async () => {
      const cookies = cookiesOf(await inBrowser().expect(200));
      const change = () => app.anyone.delete('/auth/sessions').set('cookie', cookieHeader(cookies));

      for (const headers of [{}, { 'sec-fetch-site': 'cross-site' }, { 'x-csrf-token': 'guessed' }]) {
        expect((await change().set(headers).expect(403)).body.code).toBe('ACCESS_CSRF_REFUSED');
      }
      await change()
        .set('x-csrf-token', cookies.get('__Host-csrf') ?? '')
        .expect(204);
    });

    it('are not opened by a page of another site', async () => {
      const refused = await inBrowser().set('sec-fetch-site', 'cross-site').expect(403);

      expect(refused.body.code).toBe('ACCESS_CSRF_REFUSED');
      expect(refused.headers['set-cookie']).toBeUndefined();
      await inBrowser().set('sec-fetch-site', 'same-origin').expect(200);
    });
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { github } from 'nestjs-host-database/access';
import { cookieHeader, cookiesOf } from './support/cookies.js';
import { GithubServer } from './support/github-server.js';
import { CLIENT } from './support/oidc-issuer.js';
import { HTTP_ADAPTERS, type ReferenceApp, startReferenceApp } from './support/reference-app.js';

const EMAIL = 'ada@example.com';

describe.each(HTTP_ADAPTERS)('signing in by a provider on %s', (adapter) => {
  let provider: GithubServer;
  let app: ReferenceApp;

  beforeAll(async () => {
    provider = await GithubServer.start();
    provider.account = { id: 1815, emails: [{ email: EMAIL, primary: true, verified: true }] };
    const providers = { github: github({ ...CLIENT, baseUrl: provider.baseUrl }) };
    app = await startReferenceApp({
      adapter,
      worker: false,
      access: { signIn: { publicUrl: 'https://app.example.com', providers } },
    });
  });
  afterAll(async () => {
    await app.host.close();
    await provider.close();
  });

  it('opens a session in the browser that was sent there, and in no other', async () => {
    const sent = await app.anyone.get('/auth/providers/github?returnTo=/workspaces').expect(302);
    const back = await provider.visit(new URL(sent.headers['location'] ?? ''));
    const callback = `${back.pathname}${back.search}`;
    expect((await app.anyone.get(callback).expect(400)).body.code).toBe('ACCESS_SIGN_IN_STATE_INVALID');

    const again = await app.anyone.get('/auth/providers/github?returnTo=/workspaces').expect(302);
    const { pathname, search } = await provider.visit(new URL(again.headers['location'] ?? ''));
    const cookie = cookieHeader(cookiesOf(again));
    const came = await app.anyone.get(`${pathname}${search}`).set('cookie', cookie).expect(302);
    expect(came.headers['location']).toBe('/workspaces');
    await app.anyone
      .get('/workspaces')
      .set('cookie', cookieHeader(cookiesOf(came)))
      .expect(200);
    const [user] = await app.host.run(() => app.host.hostDatabase.globalUsers.find({ email: EMAIL }));
    expect(user?.emailVerifiedAt).toEqual(app.host.clock.now());
  });

  it('tells which providers there are', async () => {
    expect((await app.anyone.get('/auth/providers').expect(200)).body).toEqual(['github']);
  });

  it('adds an identity to the account of who is signed in, who keeps their session, and takes it away again', async () => {
    const grace = await app.signUp('grace@example.com');
    provider.account = { id: 1906, emails: [{ email: 'hopper@example.com', primary: true, verified: true }] };
    const begun = await grace.post('/auth/identities', { provider: 'github', returnTo: '/settings' }).expect(200);
    const { pathname, search } = await provider.visit(new URL(begun.body.url));
    expect((await app.anyone.get(`${pathname}${search}`).expect(400)).body.code).toBe('ACCESS_SIGN_IN_STATE_INVALID');
    expect((await grace.get('/auth/identities').expect(200)).body).toEqual([]);

    const again = await grace.post('/auth/identities', { provider: 'github', returnTo: '/settings' }).expect(200);
    const back = await provider.visit(new URL(again.body.url));
    const came = await app.anyone
      .get(`${back.pathname}${back.search}`)
      .set('cookie', cookieHeader(cookiesOf(again)))
      .expect(302);
    expect(came.headers['location']).toBe('/settings');
    expect([...cookiesOf(came).keys()].filter((name) => name.includes('session'))).toEqual([]);
    expect((await grace.get('/auth/sessions').expect(200)).body).toHaveLength(1);

    const { body: identities } = await grace.get('/auth/identities').expect(200);
    expect(identities).toEqual([expect.objectContaining({ issuer: expect.any(String), email: 'hopper@example.com' })]);
    const stranger = await app.signUp('stranger@example.com');
    await stranger.delete(`/auth/identities/${identities[0].id}`).expect(404);
    await grace.delete(`/auth/identities/${identities[0].id}`).expect(204);
    expect((await grace.get('/auth/identities').expect(200)).body).toEqual([]);
  });

  it('refuses a provider that there is not, and a way back to another site', async () => {
    expect((await app.anyone.get('/auth/providers/acme').expect(404)).body.code).toBe('ACCESS_SIGN_IN_PROVIDER_UNKNOWN');
    const away = await app.anyone.get('/auth/providers/github?returnTo=https://evil.example').expect(400);
    expect(away.body.code).toBe('ACCESS_INVALID_RETURN_TO');
  });
});

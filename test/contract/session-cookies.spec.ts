import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CredentialCache,
  csrfTokenOf,
  SessionActivity,
  SessionAuthenticator,
  SessionCookies,
  SessionSignIn,
  SessionsService,
} from 'nestjs-host-database/access';
import { AuditService } from 'nestjs-host-database/audit';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { cookiesOf, emptyResponse } from '../support/responses.js';
import { SessionBrowser } from '../support/session-browser.js';
import { SqlConversation } from '../support/sql-conversation.js';
import { dumpTables } from '../support/table-dump.js';

const MINUTE_MS = 60_000;
const GRACE_MS = MINUTE_MS;
const ROTATION_MS = 15 * MINUTE_MS;

describe.each(['sqlite', 'postgresql'] as const)(`${SessionAuthenticator.name}, with cookies, on %s`, (database) => {
  const sql = new SqlConversation();
  let host: TestHost;
  let userId: string;
  let browser: SessionBrowser;

  beforeAll(async () => {
    const access = { sessions: { trustedOrigins: ['https://admin.example.net'] } };
    host = await createTestHost({ database, mikroOrm: sql.mikroOrm, options: { access } });
  });
  beforeEach(async () => {
    userId = (await host.newUser()).id;
    browser = new SessionBrowser(host);
    await signIn(browser, userId);
  });
  afterAll(async () => {
    await host.close();
  });

  async function signIn(as: SessionBrowser, id: string): Promise<void> {
    const response = emptyResponse();
    await host.run(() => host.get(SessionSignIn).signIn({ userId: id, headers: as.headers, response }));
    cookiesOf(response).forEach(as.keep);
  }
  const eventsOf = async (id: string, eventType: string) => {
    const rows = await host.run(() => host.get(AuditService).findByTarget(id));
    return rows.filter((row) => row.eventType === eventType);
  };

  describe('signing in', () => {
    it('ends the session that the browser came with, whoever had put it there', async () => {
      const attacker = await host.newUser();
      const fixed = new SessionBrowser(host);
      await signIn(fixed, attacker.id);
      const victim = fixed.clone();
      expect(await victim.visit()).toMatchObject({ userId: attacker.id });
      await signIn(victim, userId);
      expect(victim.secret).not.toBe(fixed.secret);
      expect(await victim.visit()).toMatchObject({ userId });
      await expect(fixed.visit()).rejects.toMatchObject({ problem: 'revoked' });
    });

    it('does not take the secret that the browser came with', async () => {
      const chosen = 'A'.repeat(43);
      const victim = new SessionBrowser(host);
      victim.jar.set('__Host-session', chosen);
      await signIn(victim, userId);
      expect(victim.secret).not.toBe(chosen);
      victim.jar.set('__Host-session', chosen);
      await expect(victim.visit()).rejects.toMatchObject({ problem: 'unknown' });
    });

    it("is part of the caller's transaction", async () => {
      const copy = browser.clone();
      const response = emptyResponse();
      await host.run(() =>
        host.hostDatabase.transactional(async () => {
          await host.get(SessionSignIn).signIn({ userId, headers: browser.headers, response });
          expect(cookiesOf(response)).toEqual([]);
        }),
      );
      cookiesOf(response).forEach(browser.keep);
      expect(await browser.visit()).toMatchObject({ userId });
      await expect(copy.visit()).rejects.toMatchObject({ problem: 'revoked' });
    });

    it('sets no cookie where it is rolled back', async () => {
      const response = emptyResponse();
      const work = host.run(() =>
        host.hostDatabase.transactional(async () => {
          await host.get(SessionSignIn).signIn({ userId, headers: browser.headers, response });
          throw new Error('no');
        }),
      );
      await expect(work).rejects.toThrow('no');
      expect(cookiesOf(response)).toEqual([]);
      expect(await browser.visit()).toMatchObject({ userId });
    });
  });

  it('signs out: the session is over and the cookies are gone', async () => {
    const copy = browser.clone();
    const response = emptyResponse();
    await host.run(() => host.get(SessionSignIn).signOut({ headers: browser.headers, response }));
    cookiesOf(response).forEach(browser.keep);
    expect([...browser.jar]).toEqual([]);
    await expect(copy.visit()).rejects.toMatchObject({ problem: 'revoked' });
    expect(await eventsOf(userId, 'access.sessions-ended')).toMatchObject([{ details: { reason: 'signed-out' } }]);
  });

  it('keeps no secret in clear, in any table, after a rotation either', async () => {
    const first = browser.secret!;
    host.clock.advance(ROTATION_MS);
    await browser.visit();
    const dump = await host.run(() => dumpTables(host.hostDatabase.em, database));
    expect(dump).toContain(userId);
    for (const secret of [first, browser.secret!, csrfTokenOf(browser.secret!)]) expect(dump).not.toContain(secret);
  });

  describe('rotation', () => {
    it('replaces the secret when its time has come, and the csrf token with it', async () => {
      const before = new Map(browser.jar);
      host.clock.advance(ROTATION_MS - 1);
      await browser.visit();
      expect(browser.jar).toEqual(before);
      host.clock.advance(1);
      expect(await browser.visit()).toMatchObject({ userId });
      expect(browser.secret).not.toBe(before.get('__Host-session'));
      expect(browser.jar.get('__Host-csrf')).toBe(csrfTokenOf(browser.secret!));
      expect(await browser.visit()).toMatchObject({ userId });
    });

    it('leaves the secret where no cookie can be sent', async () => {
      host.clock.advance(ROTATION_MS);
      const { secret } = browser;
      const authenticator = host.get(SessionAuthenticator);
      expect(await authenticator.authenticate({ method: 'GET', headers: browser.headers })).toMatchObject({ userId });
      expect(await browser.visit()).toMatchObject({ userId });
      expect(browser.secret).not.toBe(secret);
    });

    it('gives one of many requests at once a new secret, and refuses none', async () => {
      host.clock.advance(ROTATION_MS);
      const tabs = Array.from({ length: 8 }, () => browser.clone());
      const visits = await Promise.all(tabs.map((tab) => tab.visit()));
      expect(visits.every((principal) => principal?.userId === userId)).toBe(true);
      expect(tabs.filter(({ secret }) => secret !== browser.secret)).toHaveLength(1);
    });

    it('takes the one before for a minute, for requests that were under way', async () => {
      const late = browser.clone();
      host.clock.advance(ROTATION_MS);
      await browser.visit();
      host.clock.advance(GRACE_MS - 1);
      const { secret } = late;
      expect(await late.visit()).toMatchObject({ userId });
      expect(late.secret).toBe(secret);
      expect(await browser.visit()).toMatchObject({ userId });
    });

    it('ends the session when the one before comes later: one of the two has stolen it', async () => {
      const thief = browser.clone();
      host.clock.advance(ROTATION_MS);
      await browser.visit();
      host.clock.advance(GRACE_MS);
      expect(await browser.visit()).toMatchObject({ userId });
      await expect(thief.visit()).rejects.toMatchObject({ code: 'ACCESS_SESSION_REFUSED', problem: 'reused' });
      await expect(browser.visit()).rejects.toMatchObject({ problem: 'revoked' });
      expect(await eventsOf(userId, 'access.sessions-ended')).toMatchObject([{ details: { reason: 'reused' } }]);
      expect(await eventsOf(userId, 'access.session-refused')).toEqual(
        expect.arrayContaining([expect.objectContaining({ outcome: 'denied', details: expect.objectContaining({ problem: 'reused' }) })]),
      );
    });

    it('does not take the one before that', async () => {
      const old = browser.clone();
      for (let count = 0; count < 2; count++) {
        host.clock.advance(ROTATION_MS);
        await browser.visit();
      }
      await expect(old.visit()).rejects.toMatchObject({ problem: 'unknown' });
      expect(await browser.visit()).toMatchObject({ userId });
    });

    it('leaves bearers alone', async () => {
      const { token } = await host.run(() => host.get(SessionsService).open({ userId, transport: 'bearer' }));
      host.clock.advance(ROTATION_MS);
      const sent: string[] = [];
      const headers = { authorization: `Bearer ${token}` };
      const request = { method: 'POST', headers, setCookie: (cookie: string) => void sent.push(cookie) };
      expect(await host.get(SessionAuthenticator).authenticate(request)).toMatchObject({ userId });
      expect(sent).toEqual([]);
    });
  });

  describe('requests that change something', () => {
    const post = (headers: Record<string, string>) =>
      browser.visit({ method: 'POST', headers: { host: 'app.example.com', ...headers } as never });

    it('are let in from pages of the application and of trusted origins', async () => {
      const good: readonly Record<string, string>[] = [
        { 'sec-fetch-site': 'same-origin' },
        { origin: 'https://app.example.com' },
        { origin: 'https://admin.example.net', 'sec-fetch-site': 'cross-site' },
        { 'x-csrf-token': browser.jar.get('__Host-csrf')! },
      ];
      for (const headers of good) expect(await post(headers)).toMatchObject({ userId });
    });

    it('are refused from elsewhere, and that is recorded once a minute', async () => {
      const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      for (let count = 0; count < 3; count++) {
        await expect(post(evil)).rejects.toMatchObject({ code: 'ACCESS_CSRF_REFUSED', problem: 'cross-site' });
      }
      await expect(post({})).rejects.toMatchObject({ problem: 'no-proof' });
      expect(await eventsOf(userId, 'access.csrf-refused')).toMatchObject([
        { outcome: 'denied', details: { problem: 'cross-site', origin: 'https://evil.example' } },
      ]);
    });

    it('get no new secret when they are refused', async () => {
      const { secret } = browser;
      host.clock.advance(ROTATION_MS);
      await expect(post({})).rejects.toMatchObject({ code: 'ACCESS_CSRF_REFUSED' });
      expect(browser.secret).toBe(secret);
    });

    it('need no more than a bearer', async () => {
      const { token } = await host.run(() => host.get(SessionsService).open({ userId, transport: 'bearer' }));
      const headers = { authorization: `Bearer ${token}`, origin: 'https://evil.example' };
      const stranger = host.get(SessionAuthenticator).authenticate({ method: 'POST', headers });
      expect(await stranger).toMatchObject({ userId });
    });
  });

  describe('what a process remembers', () => {
    const visitSaying = async () => {
      sql.begin();
      const principal = await browser.visit();
      return { principal, said: sql.said };
    };
    beforeEach(() => host.get(CredentialCache).rememberWhile(() => true));

    it('asks the database nothing on the warm path', async () => {
      expect((await visitSaying()).said).not.toEqual([]);
      expect(await visitSaying()).toMatchObject({ principal: { userId }, said: [] });
    });

    it('asks each time where nobody hears of changes', async () => {
      host.get(CredentialCache).rememberWhile(() => false);
      await visitSaying();
      expect((await visitSaying()).said).not.toEqual([]);
    });

    it('refuses the next request after the end of a session', async () => {
      await browser.visit();
      await host.run(() => host.get(SessionsService).revokeAll(userId));
      await expect(browser.visit()).rejects.toMatchObject({ problem: 'revoked' });
    });

    it('replaces secrets, refuses them when they come again, and lets sessions end as ever', async () => {
      await browser.visit();
      const thief = browser.clone();
      host.clock.advance(ROTATION_MS);
      await browser.visit();
      expect(browser.secret).not.toBe(thief.secret);
      await browser.visit();
      host.clock.advance(GRACE_MS);
      await expect(thief.visit()).rejects.toMatchObject({ problem: 'reused' });
      await signIn(browser, userId);
      await browser.visit();
      host.clock.advance(14 * 86_400_000);
      await expect(browser.visit()).rejects.toMatchObject({ problem: 'idle' });
    });

    it('lets a session go on that another process has seen', async () => {
      await browser.visit();
      const half = 7 * 86_400_000;
      host.clock.advance(half);
      host.get(CredentialCache).rememberWhile(() => false);
      await browser.visit();
      await host.get(SessionActivity).settled();
      host.clock.advance(half);
      expect(await browser.visit()).toMatchObject({ userId });
    });
  });

  it('sends cookies that scripts and other hosts cannot touch', () => {
    const cookies = host.get(SessionCookies);
    const expiresAt = new Date(host.clock.now().getTime() + 90_500);
    expect(cookies.headersFor({ token: 'secret', expiresAt })).toEqual([
      '__Host-session=secret; Max-Age=90; Path=/; HttpOnly; Secure; SameSite=Lax',
      `__Host-csrf=${csrfTokenOf('secret')}; Max-Age=90; Path=/; Secure; SameSite=Lax`,
    ]);
    expect(cookies.headersToClear()).toEqual([
      '__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
      '__Host-csrf=; Max-Age=0; Path=/; Secure; SameSite=Lax',
    ]);
  });
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { addCookie, type CookieResponse, SessionAuthenticator, SessionSignIn } from 'nestjs-host-database/access';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { createHttpAdapter, HTTP_ADAPTERS } from '../../src/http/http-adapters.js';

/** Signs in whom the path names: what is tested begins after that. */
@Controller()
class SignInController {
  constructor(
    private readonly signIns: SessionSignIn,
    private readonly authenticator: SessionAuthenticator,
  ) {}

  @Post('sign-in')
  async signIn(
    @Query('user') userId: string,
    @Req() { headers }: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ) {
    addCookie(response, 'theme=dark');
    await this.signIns.signIn({ userId, headers, response });
  }

  @Post('sign-out')
  async signOut(@Req() { headers }: IncomingMessage, @Res({ passthrough: true }) response: ServerResponse) {
    await this.signIns.signOut({ headers, response });
  }

  @Get('me')
  async me(@Req() { headers }: IncomingMessage, @Res({ passthrough: true }) response: CookieResponse) {
    const setCookie = (cookie: string) => addCookie(response, cookie);
    return { userId: (await this.authenticator.authenticate({ method: 'GET', headers, setCookie }))?.userId ?? null };
  }
}

// The database has no say in what the adapters send.
describe.each(HTTP_ADAPTERS)('the cookies of a session on %s', (name) => {
  let host: TestHost;
  let address: string;
  let userId: string;

  beforeAll(async () => {
    const adapter = await createHttpAdapter(name);
    host = await createTestHost({ controllers: [SignInController], http: (module) => module.createNestApplication(adapter) });
    await host.app.listen(0, '127.0.0.1');
    address = `http://127.0.0.1:${(host.app.getHttpServer().address() as AddressInfo).port}`;
    userId = (await host.newUser()).id;
  });
  afterAll(async () => {
    await host.close();
  });

  const signIn = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`${address}/sign-in?user=${userId}`, { method: 'POST', headers });
    expect(response.status).toBe(201);
    return response.headers.getSetCookie();
  };
  const pairOf = (header = '') => header.slice(0, header.indexOf(';'));
  const me = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${address}${path}`, { headers });
    return { body: (await response.json()) as { userId: string | null }, cookies: response.headers.getSetCookie() };
  };

  it('are sent with their attributes, beside other cookies', async () => {
    const days = 90 * 86_400;
    expect(await signIn()).toEqual([
      'theme=dark',
      expect.stringMatching(new RegExp(`^__Host-session=[\\w-]{43}; Max-Age=${days}; Path=/; HttpOnly; Secure; SameSite=Lax$`)),
      expect.stringMatching(new RegExp(`^__Host-csrf=[\\w-]{43}; Max-Age=${days}; Path=/; Secure; SameSite=Lax$`)),
    ]);
  });

  it('let their browser in, until it signs out', async () => {
    const cookie = pairOf((await signIn())[1]);
    expect(await me('/me', { cookie: `theme=dark; ${cookie}` })).toEqual({ body: { userId }, cookies: [] });
    const response = await fetch(`${address}/sign-out`, { method: 'POST', headers: { cookie } });
    expect(response.headers.getSetCookie()).toEqual([
      '__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax',
      '__Host-csrf=; Max-Age=0; Path=/; Secure; SameSite=Lax',
    ]);
    expect((await fetch(`${address}/me`, { headers: { cookie } })).status).toBe(500);
  });

  it('are replaced with the answer to a request', async () => {
    const cookie = pairOf((await signIn())[1]);
    host.clock.advance(15 * 60_000);
    const { body, cookies } = await me('/me', { cookie });
    expect([body.userId, cookies.length]).toEqual([userId, 2]);
    expect(pairOf(cookies[0])).not.toBe(cookie);
    expect((await me('/me', { cookie: pairOf(cookies[0]) })).body.userId).toBe(userId);
  });

  it('count in their header alone, not in the query', async () => {
    const cookie = pairOf((await signIn())[1]);
    const secret = cookie.split('=')[1];
    for (const key of ['__Host-session', 'session', 'token', 'access_token', 'authorization']) {
      expect((await me(`/me?${key}=${secret}`)).body.userId).toBeNull();
    }
  });
});

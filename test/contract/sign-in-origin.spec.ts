import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { genId } from 'nestjs-host-database';
import { AccessGuardModule, CsrfProtection, Public, Session, SessionSignIn } from 'nestjs-host-database/access';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import request from 'supertest';
import { accessHttp } from '../support/access-app.js';

const HOST = 'app.example.com';
const OWN = 'https://app.example.com';
const EVIL = 'https://evil.example';
const TRUSTED = 'https://login.example.net';

/** Signs in whom the query names: how that was found out is not what is tested. */
@Controller()
class SignInController {
  /** How often a password would have been looked at. */
  static checked = 0;

  constructor(private readonly signIns: SessionSignIn) {}

  @Public()
  @Post('late')
  async late(
    @Query('user') userId: string,
    @Req() { headers }: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<void> {
    await this.signIns.signIn({ userId, headers, response });
  }

  @Public({ ownPagesOnly: true })
  @Post('early')
  async early(
    @Query('user') userId: string,
    @Req() { headers }: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<void> {
    SignInController.checked++;
    await this.signIns.signIn({ userId, headers, response });
  }

  /** Where a provider sends people back. */
  @Public()
  @Get('callback')
  async callback(
    @Query('user') userId: string,
    @Req() { headers }: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<void> {
    await this.signIns.signIn({ userId, headers, response });
  }

  @Public()
  @Post('open')
  open(): { open: boolean } {
    return { open: true };
  }
}

const SETUPS = [
  ['sqlite', 'express'],
  ['sqlite', 'fastify'],
  ['postgresql', 'express'],
] as const;

describe.each(SETUPS)(`signing in from another site, on %s and %s`, (database, adapter) => {
  let host: TestHost;
  let userId: string;

  beforeAll(async () => {
    host = await createTestHost({
      database,
      imports: [AccessGuardModule],
      controllers: [SignInController],
      options: { access: { sessions: { trustedOrigins: [TRUSTED] } } },
      http: await accessHttp(adapter),
    });
    await host.app.listen(0, '127.0.0.1');
  });
  beforeEach(async () => {
    userId = (await host.newUser()).id;
    SignInController.checked = 0;
  });
  afterAll(async () => {
    await host.close();
  });

  const send = async (method: 'get' | 'post', path: string, headers: Record<string, string>) => {
    const agent = request(host.app.getHttpServer());
    const response = await agent[method](`${path}?user=${userId}`).set({ host: HOST, ...headers });
    const { 'set-cookie': cookies = [] } = response.headers as { readonly 'set-cookie'?: readonly string[] };
    return { code: (response.body as { code?: string }).code, cookies: cookies.length };
  };
  const post = (path: string, headers: Record<string, string>) => send('post', path, headers);
  const sessions = () => host.run(() => host.hostDatabase.em.count(Session, { user: userId }));
  const refusals = () => host.run(() => host.hostDatabase.auditLogs.find({ eventType: 'access.csrf-refused' }));
  const REFUSED = { code: 'ACCESS_CSRF_REFUSED', cookies: 0 };
  const IN = { code: undefined, cookies: 2 };

  it.each([
    ['a form of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', origin: EVIL }],
    ['a page of another host of the same site', { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' }],
    ['an older browser on another site', { origin: EVIL }],
    ['a page that hides where it is', { origin: 'null' }],
  ])('is refused: %s', async (_what, headers) => {
    expect(await post('/late', headers)).toEqual(REFUSED);
    expect(await post('/early', headers)).toEqual(REFUSED);
    expect([await sessions(), SignInController.checked]).toEqual([0, 0]);
  });

  it.each([
    ['a page of the application', { 'sec-fetch-site': 'same-origin', origin: OWN }],
    ['an older browser on a page of the application', { origin: OWN }],
    ['a trusted origin', { 'sec-fetch-site': 'cross-site', origin: TRUSTED }],
    ['a client that is no browser', {}],
  ])('is not what this is: %s', async (_what, headers) => {
    expect(await post('/late', headers)).toEqual(IN);
    expect(await post('/early', headers)).toEqual(IN);
    expect([await sessions(), SignInController.checked]).toEqual([2, 1]);
  });

  it('lets come back whom a provider sends: that is held to the browser that began', async () => {
    expect(await send('get', '/callback', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toEqual(IN);
  });

  it('leaves other public routes alone', async () => {
    expect(await post('/open', { 'sec-fetch-site': 'cross-site', origin: EVIL })).toEqual({ code: undefined, cookies: 0 });
  });

  it('is recorded, once a minute', async () => {
    host.clock.advance(60_000);
    const before = (await refusals()).length;
    for (let count = 0; count < 3; count++) await post('/early', { 'sec-fetch-site': 'cross-site', origin: EVIL });
    const recorded = (await refusals()).slice(before);
    expect(recorded).toMatchObject([{ outcome: 'denied', targetId: null, details: { problem: 'cross-site', origin: EVIL } }]);
  });

  it('can be asked by an application that sets cookies of its own', async () => {
    const ask = (method: string, headers: Record<string, string>) =>
      host.run(() => host.get(CsrfProtection).assertOwnPages({ method, headers: { host: HOST, ...headers } }));
    await expect(ask('POST', { origin: EVIL })).rejects.toMatchObject({ code: 'ACCESS_CSRF_REFUSED', problem: 'other-origin' });
    await expect(ask('POST', { origin: OWN })).resolves.toBeUndefined();
    await expect(ask('GET', { origin: EVIL })).resolves.toBeUndefined();
  });

  it('opens nothing for nobody', async () => {
    userId = genId();
    expect((await post('/late', { origin: OWN })).cookies).toBe(0);
  });
});

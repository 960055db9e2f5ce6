import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { type ActingUser, AccessGuardModule, CurrentUser, SessionsService, TenantRoute } from 'nestjs-host-database/access';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import request from 'supertest';
import { accessHttp } from '../support/access-app.js';
import { SqlConversation } from '../support/sql-conversation.js';
import { until } from '../support/until.js';

@TenantRoute()
@Controller('tenants/:tenantId')
class MeController {
  @Get('me')
  me(@CurrentUser() user: ActingUser): ActingUser {
    return user;
  }
}

describe.each(['sqlite', 'postgresql'] as const)('a session at the guard on %s', (database) => {
  const conversation = new SqlConversation();
  let host: TestHost;

  beforeAll(async () => {
    host = await createTestHost({
      database,
      mikroOrm: conversation.mikroOrm,
      imports: [AccessGuardModule],
      controllers: [MeController],
      options: { tenantDatabases: { catalogTtlMs: 600_000 } },
      http: await accessHttp('express'),
    });
    await host.app.listen(0, '127.0.0.1');
  });
  afterAll(async () => {
    await host.close();
  });

  it('is asked of the database once, and is over at the next request after it was revoked', async () => {
    const { id: userId } = await host.newUser();
    const { id: tenantId } = await host.newTenant({ ownerId: userId });
    const sessions = host.get(SessionsService);
    const { session, token } = await host.run(() => sessions.open({ userId, transport: 'bearer' }));
    const ask = async () => {
      conversation.begin();
      const { status, body } = await request(host.app.getHttpServer())
        .get(`/tenants/${tenantId}/me`)
        .set('authorization', `Bearer ${token}`);
      return { status, body: body as unknown, statements: conversation.said.length };
    };
    await until(async () => (await ask()).statements === 0, 20_000);
    expect(await ask()).toEqual({ status: 200, body: { id: userId, sessionId: session.id }, statements: 0 });
    await host.run(() => sessions.revoke({ userId, sessionId: session.id }));
    expect(await ask()).toMatchObject({ status: 401, body: { code: 'ACCESS_SESSION_REFUSED' } });
  });
});

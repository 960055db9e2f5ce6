import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type ArgumentsHost, Catch, Controller, type ExceptionFilter, Logger, UseFilters } from '@nestjs/common';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import {
  ClientProxyFactory,
  type ClientTCP,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  Transport,
} from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { type OnGatewayConnection, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom, throwError } from 'rxjs';
import { ContextService, genId } from 'nestjs-host-database';
import {
  AccessGuard,
  AccessGuardModule,
  CurrentMembership,
  CurrentUser,
  type MembershipGrant,
  Public,
  type RequestLike,
  RequireRole,
  RequireSubscription,
  type ActingUser,
  TenantMessage,
  TenantMessages,
  TenantRoute,
  SessionCookies,
  SessionsService,
} from 'nestjs-host-database/access';
import { PlansService, SubscriptionsService, type SubscriptionStatus } from 'nestjs-host-database/billing';
import { MembershipsService } from 'nestjs-host-database/memberships';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import request from 'supertest';
import { createHttpAdapter } from '../../src/http/http-adapters.js';
import { HeaderAuthentication } from '../support/access-app.js';

/** Answers each refusal with its code, as each transport does. */
@Catch()
class CodeFilter implements ExceptionFilter {
  catch(error: Error & { code?: string }, execution: ArgumentsHost): unknown {
    const refusal = { code: error.code ?? error.message };
    const type = execution.getType<string>();
    if (type === 'rpc') return throwError(() => refusal);
    if (type === 'graphql') return error;
    execution.switchToWs().getClient<{ send(text: string): void }>().send(JSON.stringify(refusal));
    return undefined;
  }
}

@Resolver()
class NotesResolver {
  @Query(() => String)
  me(@CurrentUser() { id }: ActingUser): string {
    return id;
  }

  @Public()
  @Query(() => String)
  version(): string {
    return '1';
  }

  @TenantRoute()
  @Query(() => String)
  role(@CurrentMembership() { role }: MembershipGrant): string {
    return role;
  }

  @RequireRole('admin')
  @TenantRoute()
  @Query(() => String)
  secret(): string {
    return 'secret';
  }

  @RequireSubscription()
  @TenantRoute()
  @Query(() => String)
  paid(): string {
    return 'paid';
  }
}

@UseFilters(CodeFilter)
@TenantMessage()
@WebSocketGateway()
class NotesGateway implements OnGatewayConnection<object> {
  constructor(private readonly messages: TenantMessages) {}

  async handleConnection(client: object & { send(text: string): void }, handshake: RequestLike): Promise<void> {
    const outcome = await this.messages.admitSocket(client, handshake).then(
      () => 'ready',
      ({ code }: { code?: string }) => code,
    );
    client.send(JSON.stringify({ outcome }));
  }

  @SubscribeMessage('role')
  role(@CurrentMembership() { role }: MembershipGrant, @CurrentUser() { id }: ActingUser): unknown {
    return { event: 'role', data: [role, id] };
  }

  @RequireRole('admin')
  @SubscribeMessage('secret')
  secret(): unknown {
    return { event: 'secret', data: 'secret' };
  }

  @RequireSubscription()
  @SubscribeMessage('paid')
  paid(): unknown {
    return { event: 'paid', data: 'paid' };
  }
}

@UseFilters(CodeFilter)
@TenantMessage()
@Controller()
class NotesService {
  @MessagePattern('notes.role')
  role(@Payload() data: unknown): unknown {
    return { data };
  }

  @RequireRole('admin')
  @MessagePattern('notes.secret')
  secret(@Payload() data: unknown, @CurrentMembership() { role }: MembershipGrant): unknown {
    return { data, role };
  }

  @RequireSubscription()
  @MessagePattern('notes.paid')
  paid(@Payload() data: unknown): unknown {
    return { data };
  }
}

@UseFilters(CodeFilter)
@Controller()
class BareService {
  @MessagePattern('bare.undeclared')
  undeclared(): string {
    return 'let in';
  }

  @Public()
  @MessagePattern('bare.public')
  everybody(): string {
    return 'let in';
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe.each(['sqlite', 'postgresql'] as const)(
  `${AccessGuard.name} over GraphQL, websockets and messages on %s`,
  (database) => {
    let host: TestHost;
    let client: ClientTCP;
    let url: string;
    let tenantId: string;
    const people: Record<string, string> = {};
    const sockets: WebSocket[] = [];

    beforeAll(async () => {
      jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
      const port = await freePort();
      const adapter = await createHttpAdapter('fastify');
      host = await createTestHost({
        database,
        imports: [
          AccessGuardModule,
          HeaderAuthentication,
          GraphQLModule.forRoot<MercuriusDriverConfig>({
            driver: MercuriusDriver,
            autoSchemaFile: true,
            errorFormatter: ({ data, errors }) => ({
              statusCode: 200,
              response: {
                data,
                errors: errors.map(({ originalError, message }) => ({
                  message: (originalError as { code?: string } | undefined)?.code ?? message,
                })) as never,
              },
            }),
          }),
        ],
        providers: [NotesResolver, NotesGateway],
        controllers: [NotesService, BareService],
        options: { access: { resolution: { sources: ['header'] } } },
        http: (module) => {
          const app = module.createNestApplication(adapter, { logger: false });
          app.useWebSocketAdapter(new WsAdapter(app));
          app.connectMicroservice<MicroserviceOptions>(
            { transport: Transport.TCP, options: { host: '127.0.0.1', port } },
            { inheritAppConfig: true },
          );
          return app;
        },
      });
      await host.app.startAllMicroservices();
      await host.app.listen(0, '127.0.0.1');
      url = (await host.app.getUrl()).replace('http', 'ws');
      client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }) as ClientTCP;
      tenantId = (await host.newTenant()).id;
      for (const role of ['admin', 'member'] as const) people[role] = await newMember(role);
      people.stranger = (await host.newUser()).id;
    });
    afterAll(async () => {
      for (const socket of sockets) socket.close();
      client.close();
      await host.close();
      jest.restoreAllMocks();
    });

    const newMember = async (role: 'admin' | 'member') => {
      const { id } = await host.newUser();
      await host.newMembership({ userId: id, tenantId, role });
      return id;
    };
    const subscribe = (status: SubscriptionStatus) =>
      host.run(async () => {
        await host.get(PlansService).upsert('pro', { name: 'Pro' });
        await host.get(SubscriptionsService).upsert(tenantId, { planTier: 'pro', status });
      });
    const remove = (userId: string) => host.run(() => host.get(MembershipsService).end({ userId, tenantId }));
    const headersOf = (who?: string): Record<string, string> =>
      who === undefined ? {} : { 'x-user': people[who] ?? who, 'x-tenant-id': tenantId };

    describe('GraphQL', () => {
      /** What a query answers, or the code of its refusal. */
      const query = async (field: string, who?: string) => {
        const asking = request(host.app.getHttpServer()).post('/graphql').set(headersOf(who));
        const { body } = await asking.send({ query: `{ ${field} }` });
        const { data, errors } = body as { data: Record<string, string> | null; errors?: { message: string }[] };
        return errors?.[0]?.message ?? data?.[field];
      };

      it('is guarded as a route is', async () => {
        expect(await query('version')).toBe('1');
        expect(await query('me')).toBe('ACCESS_NOT_AUTHENTICATED');
        expect(await query('me', 'invalid')).toBe('ACCESS_NOT_AUTHENTICATED');
        expect(await query('me', 'member')).toBe(people.member);
        expect([await query('role', 'member'), await query('role', 'admin')]).toEqual(['member', 'admin']);
        expect(await query('role', 'stranger')).toBe('ACCESS_TENANT_DENIED');
        expect([await query('secret', 'member'), await query('secret', 'admin')]).toEqual(['ACCESS_ROLE_REQUIRED', 'secret']);
      });

      it('asks for a subscription where that is declared', async () => {
        await subscribe('unpaid');
        expect(await query('paid', 'member')).toBe('BILLING_PAYMENT_REQUIRED');
        expect(await query('role', 'member')).toBe('member');
        await subscribe('active');
        expect(await query('paid', 'member')).toBe('paid');
        expect(await query('paid', 'stranger')).toBe('ACCESS_TENANT_DENIED');
      });

      it('refuses who is a member no longer at the next operation', async () => {
        const userId = await newMember('member');
        expect(await query('role', userId)).toBe('member');
        await remove(userId);
        expect(await query('role', userId)).toBe('ACCESS_TENANT_DENIED');
      });
    });

    describe('a websocket', () => {
      const connect = async (who?: string) => {
        // Browsers send cookies and the host; a program's own headers are as good.
        const socket = new WebSocket(url, { headers: headersOf(who) });
        sockets.push(socket);
        const received: unknown[] = [];
        const waiting: (() => void)[] = [];
        socket.addEventListener('message', ({ data }) => {
          received.push(JSON.parse(String(data)));
          waiting.splice(0).forEach((wake) => wake());
        });
        const next = async () => {
          while (received.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
          return received.shift();
        };
        const { outcome } = (await next()) as { outcome: string };
        const ask = async (event: string) => {
          socket.send(JSON.stringify({ event }));
          return next();
        };
        return { outcome, ask };
      };

      it('is let in by its handshake, and each of its messages by what its user is then', async () => {
        const member = await connect('member');
        expect(member.outcome).toBe('ready');
        expect(await member.ask('role')).toEqual({ event: 'role', data: ['member', people.member] });
        expect(await member.ask('secret')).toEqual({ code: 'ACCESS_ROLE_REQUIRED' });
        expect(await (await connect('admin')).ask('secret')).toEqual({ event: 'secret', data: 'secret' });
        await host.run(() => host.get(MembershipsService).changeRole({ userId: people.member ?? '', tenantId, role: 'admin' }));
        expect(await member.ask('secret')).toEqual({ event: 'secret', data: 'secret' });
      });

      it('is held to what its tenant has paid for at each message', async () => {
        const member = await connect('member');
        await subscribe('unpaid');
        expect(await member.ask('paid')).toEqual({ code: 'BILLING_PAYMENT_REQUIRED' });
        await subscribe('active');
        expect(await member.ask('paid')).toEqual({ event: 'paid', data: 'paid' });
        await subscribe('canceled');
        expect(await member.ask('paid')).toEqual({ code: 'BILLING_PAYMENT_REQUIRED' });
      });

      it('is not let in by a cookie that the page of another site has sent along, with or without an upgrade', async () => {
        const userId = people.admin ?? '';
        const open = () => host.get(SessionsService).open({ userId, transport: 'cookie' });
        const cookie = `${host.get(SessionCookies).name}=${(await host.run(open)).token}`;
        const admit = (headers: Record<string, string>) =>
          host.get(TenantMessages).admitSocket({}, { method: 'GET', headers: { cookie, 'x-tenant-id': tenantId, ...headers } });
        const handshakes: readonly Record<string, string>[] = [{}, { upgrade: 'websocket' }];
        for (const upgrade of handshakes) {
          const foreign = admit({ 'sec-fetch-site': 'same-site', ...upgrade });
          await expect(foreign).rejects.toMatchObject({ code: 'ACCESS_CSRF_REFUSED' });
          expect(await admit({ 'sec-fetch-site': 'same-origin', ...upgrade })).toMatchObject({ actorUserId: userId });
        }
      });

      it('is refused without a credential, for a stranger, and once its user may not sign in any more', async () => {
        const nobody = await connect();
        expect(nobody.outcome).toBe('ACCESS_NOT_AUTHENTICATED');
        expect(await nobody.ask('role')).toEqual({ code: 'ACCESS_NOT_AUTHENTICATED' });
        expect((await connect('stranger')).outcome).toBe('ACCESS_TENANT_DENIED');

        const userId = await newMember('member');
        const socket = await connect(userId);
        expect(await socket.ask('role')).toEqual({ event: 'role', data: ['member', userId] });
        await host.run(async () => {
          (await host.hostDatabase.globalUsers.findOneOrFail(userId)).deactivatedAt = new Date();
        });
        expect(await socket.ask('role')).toEqual({ code: 'ACCESS_NOT_AUTHENTICATED' });
      });
    });

    describe('a message of another service', () => {
      const send = (pattern: string, message: unknown) =>
        firstValueFrom(client.send<unknown>(pattern, message)).catch((refusal: unknown) => refusal);
      const from = (who: string | undefined, data: unknown) => {
        const actor = who === undefined ? {} : { actorUserId: people[who] ?? who };
        return host.get(ContextService).run({ tenantId, ...actor }, () => host.get(TenantMessages).wrap(data));
      };

      it('is trusted unless its handler asks for something', async () => {
        expect(await send('notes.role', from(undefined, 'x'))).toEqual({ data: 'x' });
        expect(await send('notes.secret', from(undefined, 'x'))).toEqual({ code: 'ACCESS_NOT_AUTHENTICATED' });
        expect(await send('notes.secret', from('stranger', 'x'))).toEqual({ code: 'ACCESS_TENANT_DENIED' });
        expect(await send('notes.secret', from(await newMember('member'), 'x'))).toEqual({ code: 'ACCESS_ROLE_REQUIRED' });
        expect(await send('notes.secret', from('admin', 'x'))).toEqual({ data: 'x', role: 'admin' });
      });

      it('is held to what the tenant has paid for', async () => {
        await subscribe('unpaid');
        expect(await send('notes.paid', from('admin', 'x'))).toEqual({ code: 'BILLING_PAYMENT_REQUIRED' });
        await subscribe('active');
        expect(await send('notes.paid', from('admin', 'x'))).toEqual({ data: 'x' });
      });

      it('without a tenant is for a handler that says that it is public', async () => {
        expect(await send('bare.undeclared', from('admin', genId()))).toEqual({ code: 'ACCESS_NOT_AUTHENTICATED' });
        expect(await send('bare.public', {})).toBe('let in');
      });
    });
  },
);

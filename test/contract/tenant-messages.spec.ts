import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { defineEntity, type EntityRepository, p } from '@mikro-orm/core';
import { Cache, CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { type ArgumentsHost, Catch, Controller, type ExceptionFilter, Injectable, Logger, UseFilters } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
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
import { concat, firstValueFrom, from, lastValueFrom, map, type Observable, of, Subject, throwError, toArray } from 'rxjs';
import { ContextService, genId } from 'nestjs-host-database';
import { TenantMessage, TenantMessages } from 'nestjs-host-database/access';
import { MembershipsService } from 'nestjs-host-database/memberships';
import {
  InjectTenantRepository,
  NoTenantError,
  TenantCache,
  TenantDatabases,
  TenantKeys,
  TenantRunEndedError,
} from 'nestjs-host-database/tenant-databases';
import { TenantsService } from 'nestjs-host-database/tenants';
import { createTestHost, type TestHost } from 'nestjs-host-database/testing';
import { until } from '../support/until.js';

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.integer().primary().autoincrement(), text: p.string() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

/** The server's end of a websocket. */
interface Client {
  send(text: string): void;
}

/** What a service does, whoever has called it. */
@Injectable()
class Notes {
  readonly heard: unknown[] = [];
  news = new Subject<string>();

  constructor(
    @InjectTenantRepository(Note) private readonly notes: EntityRepository<Note>,
    private readonly context: ContextService,
    private readonly events: EventEmitter2,
  ) {}

  plan(text: string): void {
    this.notes.create({ text });
  }

  async add(text: string) {
    this.plan(text);
    await this.events.emitAsync('note.added', text);
    const { tenantId, actorUserId, impersonatorUserId, requestId } = this.context.current;
    return { tenantId, actorUserId, impersonatorUserId, requestId };
  }

  async texts(): Promise<string[]> {
    return (await this.notes.findAll({ orderBy: { id: 'asc' } })).map(({ text }) => text);
  }

  @OnEvent('note.added')
  async onAdded(text: string): Promise<void> {
    await Promise.resolve();
    this.heard.push([this.context.current.tenantId, text, await this.texts()]);
  }
}

/** Sends a refusal to the client as it is. */
@Catch()
class SendError implements ExceptionFilter {
  catch(error: Error, execution: ArgumentsHost): Observable<unknown> | undefined {
    const refusal = { error: error.constructor.name };
    if (execution.getType() === 'rpc') return throwError(() => refusal);
    execution.switchToWs().getClient<Client>().send(JSON.stringify(refusal));
    return undefined;
  }
}

@UseFilters(SendError)
@TenantMessage()
@WebSocketGateway()
class NotesGateway implements OnGatewayConnection<Client> {
  constructor(
    private readonly notes: Notes,
    private readonly messages: TenantMessages,
  ) {}

  async handleConnection(client: Client, { url = '' }: { url?: string }): Promise<void> {
    // As if the token had been verified.
    const { tenantId, actorUserId } = Object.fromEntries(new URL(url, 'ws://localhost').searchParams);
    if (tenantId && actorUserId) {
      await this.messages
        .bindSocket(client, { tenantId, actorUserId })
        .catch(() => client.send(JSON.stringify({ event: 'refused' })));
    }
    client.send(JSON.stringify({ event: 'ready' }));
  }

  @SubscribeMessage('add')
  async add(_client: Client, text: string) {
    return { event: 'added', data: await this.notes.add(text) };
  }

  @SubscribeMessage('add-bad')
  addBad(_client: Client, text: string): void {
    this.notes.plan(text);
    throw new Error('no');
  }

  @SubscribeMessage('texts')
  async texts() {
    return { event: 'texts', data: await this.notes.texts() };
  }

  @SubscribeMessage('watch')
  watch(_client: Client, text: string): Observable<unknown> {
    this.notes.plan(text);
    return this.notes.news.pipe(map((data) => ({ event: 'news', data })));
  }

  @SubscribeMessage('stream')
  stream(_client: Client, text: string): Observable<unknown> {
    return concat(of({ event: 'part', data: 1 }), from(this.notes.add(text).then(() => ({ event: 'part', data: 2 }))));
  }
}

@UseFilters(SendError)
@TenantMessage()
@Controller()
class NotesService {
  constructor(private readonly notes: Notes) {}

  @MessagePattern('notes.add')
  add(@Payload() text: string) {
    return this.notes.add(text);
  }

  @MessagePattern('notes.add-asked')
  @TenantMessage({ membership: 'required' })
  addAsked(@Payload() text: string) {
    return this.notes.add(text);
  }

  @MessagePattern('notes.stream')
  stream(@Payload() text: string): Observable<unknown> {
    return concat(of('begun'), from(this.notes.add(text).then(() => 'done')));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe.each(['sqlite', 'postgresql'] as const)('the tenant of a message on %s', (database) => {
  let host: TestHost;
  let client: ClientTCP;
  let url: string;
  let a: { tenantId: string; actorUserId: string };
  let b: { tenantId: string; actorUserId: string };
  const sockets: WebSocket[] = [];

  beforeAll(async () => {
    jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    const port = await freePort();
    host = await createTestHost({
      database,
      imports: [EventEmitterModule.forRoot(), CacheModule.register()],
      providers: [
        Notes,
        NotesGateway,
        {
          provide: TenantCache,
          inject: [TenantKeys, CACHE_MANAGER],
          useFactory: (keys: TenantKeys, cache: Cache) => new TenantCache(keys, cache),
        },
      ],
      controllers: [NotesService],
      options: { tenantDatabases: { entities: [Note] } },
      http: (module) => {
        const app = module.createNestApplication({ logger: false });
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
    [a, b] = [await member(), await member()];
  });
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    client.close();
    await host.close();
    jest.restoreAllMocks();
  });
  beforeEach(async () => {
    host.get(Notes).heard.length = 0;
    for (const { tenantId } of [a, b]) await host.get(TenantDatabases).run(tenantId, (em) => em.nativeDelete(Note, {}));
  });

  const member = async () => {
    const { id: tenantId } = await host.newTenant();
    const { id: actorUserId } = await host.newUser();
    await host.newMembership({ userId: actorUserId, tenantId });
    return { tenantId, actorUserId };
  };
  const textsOf = ({ tenantId }: { tenantId: string }) => host.get(TenantDatabases).run(tenantId, () => host.get(Notes).texts());

  /** A connected websocket, and what it has been sent. */
  const connect = async ({ tenantId = '', actorUserId = '' } = {}) => {
    const socket = new WebSocket(`${url}/?${String(new URLSearchParams({ tenantId, actorUserId }))}`);
    sockets.push(socket);
    const received: Record<string, unknown>[] = [];
    const waiting: (() => void)[] = [];
    socket.addEventListener('message', ({ data }) => {
      received.push(JSON.parse(String(data)) as Record<string, unknown>);
      waiting.splice(0).forEach((wake) => wake());
    });
    const next = async () => {
      while (received.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      return received.shift() ?? {};
    };
    const ask = (event: string, data?: unknown) => {
      socket.send(JSON.stringify({ event, data }));
      return next();
    };
    const greeting = [await next()];
    while (greeting.at(-1)?.event !== 'ready') greeting.push(await next());
    return { ask, next, wasRefused: greeting.length > 1 };
  };

  describe('of a websocket', () => {
    it('is that of its connection at each of its messages', async () => {
      const [ofA, ofB] = [await connect(a), await connect(b)];
      for (let round = 0; round < 10; round++) {
        const answers = await Promise.all([ofA.ask('add', `a${round}`), ofB.ask('add', `b${round}`)]);
        expect(answers).toMatchObject([
          { event: 'added', data: a },
          { event: 'added', data: b },
        ]);
      }
      expect((await ofA.ask('texts')).data).toEqual(Array.from({ length: 10 }, (_, round) => `a${round}`));
      expect((await ofB.ask('texts')).data).toEqual(Array.from({ length: 10 }, (_, round) => `b${round}`));
    });

    it('is written before the last answer is sent, and discarded where the handler throws', async () => {
      const socket = await connect(a);
      expect(await socket.ask('add-bad', 'bad')).toEqual({ error: 'Error' });
      expect(await textsOf(a)).toEqual([]);
      expect(await socket.ask('stream', 'streamed')).toEqual({ event: 'part', data: 1 });
      expect(await socket.next()).toEqual({ event: 'part', data: 2 });
      expect(await textsOf(a)).toEqual(['streamed']);
    });

    it('refuses one that was not bound, or not to a member, and a member who is one no longer', async () => {
      const stranger = await connect();
      expect(await stranger.ask('texts')).toEqual({ error: 'NotAuthenticatedError' });
      const foreign = await connect({ tenantId: b.tenantId, actorUserId: a.actorUserId });
      expect(foreign.wasRefused).toBe(true);
      expect(await foreign.ask('texts')).toEqual({ error: 'NotAuthenticatedError' });

      const gone = await member();
      const socket = await connect(gone);
      expect((await socket.ask('texts')).data).toEqual([]);
      const { tenantId, actorUserId: userId } = gone;
      await host.run(() => host.get(MembershipsService).end({ userId, tenantId }));
      expect(await socket.ask('texts')).toEqual({ error: 'TenantAccessDeniedError' });
      const denied = await host.run(() => host.hostDatabase.auditLogs.find({ eventType: 'access.tenant-denied' }));
      expect(denied).toContainEqual(expect.objectContaining({ actorUserId: userId, targetId: tenantId }));
    });
  });

  describe('of a websocket whose handler goes on to answer', () => {
    /** The last answer that was sent waits for the next one. */
    const watch = async () => {
      const watcher = await member();
      const socket = await connect(watcher);
      const news = (host.get(Notes).news = new Subject<string>());
      const first = socket.ask('watch', 'written at the end');
      await until(() => news.observed);
      news.next('1');
      news.next('2');
      expect(await first).toEqual({ event: 'news', data: '1' });
      // Asked again, and still one.
      host.clock.advance(1_000);
      news.next('3');
      expect(await socket.next()).toEqual({ event: 'news', data: '2' });
      return { watcher, socket, news };
    };

    it('ends with the error within a second of the end of the membership, and writes nothing', async () => {
      const { watcher, socket, news } = await watch();
      const { tenantId, actorUserId: userId } = watcher;
      await host.run(() => host.get(MembershipsService).end({ userId, tenantId }));
      host.clock.advance(999);
      news.next('4');
      expect(await socket.next()).toEqual({ event: 'news', data: '3' });
      host.clock.advance(1);
      news.next('5');
      expect(await socket.next()).toEqual({ error: 'TenantAccessDeniedError' });
      expect(news.observed).toBe(false);
      expect(await textsOf(watcher)).toEqual([]);
    });

    it('ends so, too, where the tenant is suspended, also with its last answer', async () => {
      const { watcher, socket, news } = await watch();
      await host.run(() => host.get(TenantsService).suspend(watcher.tenantId));
      host.clock.advance(1_000);
      news.complete();
      expect(await socket.next()).toEqual({ error: 'TenantNotActiveError' });
    });
  });

  describe('of another service', () => {
    const send = (pattern: string, message: unknown) => firstValueFrom(client.send<unknown>(pattern, message));
    /** As a request of this tenant would. */
    const wrapped = (facts: { tenantId: string; actorUserId: string; impersonatorUserId?: string }, data: unknown) =>
      host.get(ContextService).run({ ...facts, requestId: 'request-1' }, () => host.get(TenantMessages).wrap(data));

    it('comes with the message, as do who caused it and in which request', async () => {
      const [first, second] = await Promise.all([send('notes.add', wrapped(a, 'for a')), send('notes.add', wrapped(b, 'for b'))]);
      expect([first, second]).toEqual([
        { ...a, requestId: 'request-1' },
        { ...b, requestId: 'request-1' },
      ]);
      expect([await textsOf(a), await textsOf(b)]).toEqual([['for a'], ['for b']]);
    });

    it('comes with both persons where one acts as the other', async () => {
      const impersonated = { ...a, impersonatorUserId: genId() };
      expect(await send('notes.add', wrapped(impersonated, 'x'))).toMatchObject(impersonated);
      expect(await send('notes.add-asked', wrapped(impersonated, 'x'))).toMatchObject(impersonated);
    });

    it('may answer more than once', async () => {
      const answers = await lastValueFrom(client.send<unknown>('notes.stream', wrapped(a, 'streamed')).pipe(toArray()));
      expect(answers).toEqual(['begun', 'done']);
      expect(await textsOf(a)).toEqual(['streamed']);
    });

    it('has to be named, and is not taken from what is bound where the message is wrapped if nothing is', async () => {
      await expect(send('notes.add', 'for nobody')).rejects.toEqual({ error: 'NoTenantEnvelopeError' });
      await expect(send('notes.add', { ...wrapped(a, 'x'), tenantId: 'a' })).rejects.toEqual({ error: 'InvalidIdError' });
      await expect(send('notes.add', { ...wrapped(a, 'x'), tenantId: genId() })).rejects.toEqual({
        error: 'TenantNotFoundError',
      });
      expect(() => host.get(TenantMessages).wrap('x')).toThrow(NoTenantError);
      expect([await textsOf(a), await textsOf(b)]).toEqual([[], []]);
    });

    it('asks whether the user is a member where the handler says so', async () => {
      const foreign = { tenantId: b.tenantId, actorUserId: a.actorUserId };
      await expect(send('notes.add-asked', wrapped(foreign, 'x'))).rejects.toEqual({ error: 'TenantAccessDeniedError' });
      await expect(send('notes.add-asked', wrapped(b, 'asked'))).resolves.toMatchObject(b);
      // The control: without it the sender is trusted.
      await expect(send('notes.add', wrapped(foreign, 'trusted'))).resolves.toMatchObject(foreign);
      expect(await textsOf(b)).toEqual(['asked', 'trusted']);
    });
  });

  it('is that of the emitter where a domain event is heard', async () => {
    const add = ({ tenantId }: typeof a, text: string) =>
      host.get(TenantDatabases).run(tenantId, () => host.get(Notes).add(text));
    await Promise.all([add(a, 'of a'), add(b, 'of b')]);
    const { heard } = host.get(Notes);
    expect(heard).toHaveLength(2);
    expect(heard).toEqual(
      expect.arrayContaining([
        [a.tenantId, 'of a', ['of a']],
        [b.tenantId, 'of b', ['of b']],
      ]),
    );
  });

  describe('in a cache', () => {
    const inTenant = <T>({ tenantId }: typeof a, work: () => Promise<T>) => host.get(TenantDatabases).run(tenantId, work);

    it('is in each key, so that one tenant never sees what another has put there', async () => {
      const sut = host.get(TenantCache);
      await inTenant(a, () => sut.set('plan', 'of a'));
      expect(await inTenant(b, () => sut.get('plan'))).toBeUndefined();
      await inTenant(b, () => sut.set('plan', 'of b'));
      expect(await inTenant(a, () => sut.get('plan'))).toBe('of a');
      await inTenant(a, () => sut.del('plan'));
      expect([await inTenant(a, () => sut.get('plan')), await inTenant(b, () => sut.get('plan'))]).toEqual([undefined, 'of b']);
      // The control: without it they share a key.
      const shared = host.get<Cache>(CACHE_MANAGER);
      await inTenant(a, () => shared.set('plan', 'of a'));
      expect(await inTenant(b, () => shared.get('plan'))).toBe('of a');
    });

    it('has no key without one', async () => {
      const keys = host.get(TenantKeys);
      expect(() => keys.of('x')).toThrow(NoTenantError);
      await expect(host.get(TenantCache).get('x')).rejects.toThrow(NoTenantError);
      let later: (() => string) | undefined;
      await inTenant(a, async () => {
        const { AsyncResource } = await import('node:async_hooks');
        later = AsyncResource.bind(() => keys.of('x'));
        expect(keys.of('a:b', 'c')).not.toBe(keys.of('a', 'b:c'));
        expect(keys.of('x', 1)).toBe(`tenant:${a.tenantId}:x:1`);
      });
      expect(later).toThrow(TenantRunEndedError);
    });
  });
});

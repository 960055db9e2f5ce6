// The tenant goes along: with domain events, with jobs, with the messages of a websocket and with those of another service.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { defineEntity, type EntityRepository, p } from '@mikro-orm/core';
import { Controller, Injectable } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { ClientProxyFactory, type ClientTCP, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { type OnGatewayConnection, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import { ContextService } from 'nestjs-host-database';
import { TenantMessage, TenantMessages } from 'nestjs-host-database/access';
import { JobHandler, type JobRun, JobsService } from 'nestjs-host-database/jobs';
import { InjectTenantRepository, TenantDatabases } from 'nestjs-host-database/tenant-databases';
import { createTestHost } from 'nestjs-host-database/testing';

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

declare module 'nestjs-host-database/jobs' {
  interface JobPayloads {
    'notes.count-notes': { readonly after: string };
  }
}

@Injectable()
class Notes {
  constructor(
    @InjectTenantRepository(Note) private readonly notes: EntityRepository<Note>,
    private readonly events: EventEmitter2,
    private readonly jobs: JobsService,
    private readonly context: ContextService,
  ) {}

  async add(text: string): Promise<string> {
    this.notes.create({ text });
    await this.events.emitAsync('note.added', text);
    return text;
  }

  // In the tenant of whoever has emitted it.
  @OnEvent('note.added')
  async onAdded(after: string): Promise<void> {
    const { tenantId = '' } = this.context.current;
    await this.jobs.enqueue('notes.count-notes', { after }, { tenantId });
  }

  @JobHandler('notes.count-notes', { runsFor: 'tenant' })
  async count({ payload }: JobRun<'notes.count-notes'>): Promise<void> {
    console.log(`after '${payload.after}': ${await this.notes.count()} in this tenant`);
  }
}

@TenantMessage()
@WebSocketGateway()
class NotesGateway implements OnGatewayConnection<WebSocket> {
  constructor(
    private readonly notes: Notes,
    private readonly messages: TenantMessages,
  ) {}

  async handleConnection(client: WebSocket, { url = '' }: { readonly url?: string }): Promise<void> {
    // An application takes both from a token that it has verified.
    const { tenantId = '', actorUserId = '' } = Object.fromEntries(new URL(url, 'ws://localhost').searchParams);
    try {
      await this.messages.bindSocket(client, { tenantId, actorUserId });
      client.send(JSON.stringify({ event: 'ready' }));
    } catch {
      client.close();
    }
  }

  @SubscribeMessage('add')
  async add(_client: WebSocket, text: string) {
    return { event: 'added', data: await this.notes.add(text) };
  }
}

@TenantMessage()
@Controller()
class NotesService {
  constructor(private readonly notes: Notes) {}

  @MessagePattern('notes.add')
  async add(@Payload() text: string): Promise<string> {
    return this.notes.add(text);
  }
}

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const transport = { host: '127.0.0.1', port: (probe.address() as AddressInfo).port };
await new Promise((closed) => probe.close(closed));

const host = await createTestHost({
  imports: [EventEmitterModule.forRoot()],
  providers: [Notes, NotesGateway],
  controllers: [NotesService],
  options: { tenantDatabases: { entities: [Note] } },
  http: (module) => {
    const app = module.createNestApplication({ logger: false });
    app.useWebSocketAdapter(new WsAdapter(app));
    app.connectMicroservice({ transport: Transport.TCP, options: transport }, { inheritAppConfig: true });
    return app;
  },
});
await host.app.startAllMicroservices();
await host.app.listen(0, '127.0.0.1');
const { a, b } = await host.newTwoTenants();

const address = (await host.app.getUrl()).replace('http', 'ws');
const socket = new WebSocket(`${address}/?tenantId=${a.tenant.id}&actorUserId=${a.owner.id}`);
async function heard(): Promise<string> {
  const [message] = (await once(socket, 'message')) as [{ readonly data: string }];
  return message.data;
}
console.log(await heard());
socket.send(JSON.stringify({ event: 'add', data: 'by websocket' }));
console.log(await heard());
socket.close();

const service = ClientProxyFactory.create({ transport: Transport.TCP, options: transport }) as ClientTCP;
const messages = host.get(TenantMessages);
await host.get(TenantDatabases).run(b.tenant.id, async () => {
  console.log(await firstValueFrom(service.send<string>('notes.add', messages.wrap('by another service'))));
});
service.close();

await host.jobs.drain();
await host.close();

// A test looks for data of one tenant where another can see it, in the application as it runs. A cache without tenants is found.
import { defineEntity, type EntityRepository, p } from '@mikro-orm/core';
import { Body, type CanActivate, Controller, type ExecutionContext, Get, Injectable, Post, UseGuards } from '@nestjs/common';
import { ContextService } from 'nestjs-host-database';
import { TenantScoped } from 'nestjs-host-database/access';
import { InjectTenantRepository, type KeyedCache, TenantCache, TenantKeys } from 'nestjs-host-database/tenant-databases';
import {
  assertIsolated,
  createTestHost,
  type OwnedTenant,
  type ProbeVisitor,
  TenantLeakError,
} from 'nestjs-host-database/testing';

const NoteSchema = defineEntity({ name: 'Note', properties: { id: p.integer().primary(), text: p.string() } });
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

/** Believes a header. An application verifies a token. */
@Injectable()
class SignIn implements CanActivate {
  constructor(private readonly context: ContextService) {}

  canActivate(execution: ExecutionContext): boolean {
    const { headers } = execution.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    if (headers['x-user'] !== undefined) this.context.assign({ actorUserId: headers['x-user'] });
    return true;
  }
}

@Controller('workspaces/:workspaceId/notes')
@TenantScoped({ param: 'workspaceId' })
@UseGuards(SignIn)
class NotesController {
  constructor(
    @InjectTenantRepository(Note) private readonly notes: EntityRepository<Note>,
    private readonly cache: TenantCache,
  ) {}

  @Post()
  async add(@Body() { text }: { readonly text: string }): Promise<void> {
    this.notes.create({ text });
    await this.cache.del('notes');
  }

  @Get()
  async all(): Promise<readonly Note[]> {
    const known = await this.cache.get<readonly Note[]>('notes');
    const notes = known ?? (await this.notes.findAll());
    await this.cache.set('notes', notes);
    return notes;
  }
}

function visitor({ tenant, owner }: OwnedTenant): ProbeVisitor {
  return { tenantId: tenant.id, headers: { 'x-user': owner.id } };
}

/** The test: `cacheOf` makes the cache that all tenants share into the one that the controller is given. */
async function probe(cacheOf: (keys: TenantKeys, shared: KeyedCache) => KeyedCache): Promise<string> {
  const store = new Map<string, unknown>();
  const shared: KeyedCache = {
    get: async <T>(key: string) => store.get(key) as T | undefined,
    set: async (key, value) => store.set(key, value),
    del: async (key) => store.delete(key),
  };
  const host = await createTestHost({
    options: { tenantDatabases: { entities: [Note] } },
    controllers: [NotesController],
    providers: [{ provide: TenantCache, inject: [TenantKeys], useFactory: (keys: TenantKeys) => cacheOf(keys, shared) }],
    http: (module) => module.createNestApplication({ logger: false }),
  });
  try {
    const { a, b } = await host.newTwoTenants();
    const report = await assertIsolated(host.app, {
      visitors: [visitor(a), visitor(b)],
      plant: async ({ tenantId, headers }, text) =>
        fetch(`${await host.app.getUrl()}/workspaces/${tenantId}/notes`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ text }),
        }),
      requests: ({ tenantId }) => [{ path: `/workspaces/${tenantId}/notes` }],
      stores: [{ name: 'the cache', entries: () => store }],
      faults: host.faults,
    });
    return `nothing found in ${report.requests} requests`;
  } catch (error) {
    if (!(error instanceof TenantLeakError)) throw error;
    return `found: ${error.leaks.find(({ kind }) => kind === 'shared-key')?.where}`;
  } finally {
    await host.close();
  }
}

console.log(await probe((keys, shared) => new TenantCache(keys, shared)));
console.log(await probe((_, shared) => shared));

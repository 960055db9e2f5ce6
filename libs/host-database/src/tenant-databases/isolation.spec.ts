import { afterEach, describe, expect, it } from '@jest/globals';
import { type EntityRepository, defineEntity, p } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { type CanActivate, Controller, type ExecutionContext, Injectable, Param, Post, UseGuards } from '@nestjs/common';
import { TenantScoped } from '../access/index.js';
import { genId } from '../common/index.js';
import { ContextService } from '../context/index.js';
import { HostDatabase } from '../index.js';
import { createTestHost, type TestHost } from '../testing/index.js';
import { InjectTenantEntityManager, InjectTenantRepository } from './inject-tenant.decorators.js';
import { TenantBinding, TenantBindings } from './tenant-bindings.js';
import { TenantDatabases } from './tenant-databases.service.js';

const TENANTS = 20;
const REQUESTS = 200;
/** So few do for a binding that leaks. */
const TENANTS_OF_THE_CONTROL = 4;
const OPERATIONS = 50;
const WAIT_MS = 100_000;

const NoteSchema = defineEntity({
  name: 'Note',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    /** The tenant on whose behalf the row was written: in a database that is not its own, the row is foreign. */
    owner: p.string(),
    text: p.string(),
  },
});
class Note extends NoteSchema.class {}
NoteSchema.setClass(Note);

interface Findings {
  readonly written: number;
  readonly foreignReads: number;
}

/** A singleton that works in whichever tenant is bound, as the services of an application do. */
@Injectable()
class ProbeService {
  constructor(
    @InjectTenantRepository(Note) private readonly notes: EntityRepository<Note>,
    @InjectTenantEntityManager() private readonly em: SqlEntityManager,
    private readonly hostDatabase: HostDatabase,
  ) {}

  async probe(owner: string): Promise<Findings> {
    let written = 0;
    let foreignReads = 0;
    const foreign = (rows: readonly { owner: string }[]) => rows.filter((row) => row.owner !== owner).length;
    const operations: (() => Promise<void>)[] = [
      async () => {
        this.em.create(Note, { owner, text: 'flushed' });
        await this.em.flush();
        written++;
      },
      async () => void (foreignReads += foreign(await this.notes.findAll({ limit: 20, orderBy: { id: 'desc' } }))),
      async () => void (foreignReads += foreign(await this.em.execute('select owner from note order by id desc limit 20'))),
      async () => {
        await this.em.transactional(async (em) => {
          em.create(Note, { owner, text: 'in a transaction' });
          // The host is asked in the middle, as for a membership.
          await this.hostDatabase.globalUsers.count();
          foreignReads += foreign(await this.notes.find({ owner: { $ne: owner } }));
        });
        written++;
      },
      async () => {
        const note = await this.notes.findOne({ owner });
        if (note) note.text = `${note.text}.`;
        await this.em.flush();
      },
      async () => {
        foreignReads += await this.notes.count({ owner: { $ne: owner } });
        // As the next request would, with nothing loaded yet.
        this.em.clear();
      },
      async () => void (foreignReads += foreign(await this.em.createQueryBuilder(Note, 'n').select('*').limit(5).execute())),
    ];
    for (let index = 0; index < OPERATIONS; index++) {
      await operations[index % operations.length]?.();
      await new Promise(setImmediate);
    }
    return { written, foreignReads };
  }
}

@Injectable()
class UserHeaderGuard implements CanActivate {
  constructor(private readonly context: ContextService) {}

  canActivate(execution: ExecutionContext): boolean {
    const { headers } = execution.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    this.context.assign({ actorUserId: headers['x-user'] ?? '' });
    return true;
  }
}

@Controller('tenants/:tenantId/probe')
@TenantScoped()
@UseGuards(UserHeaderGuard)
class ProbeController {
  constructor(private readonly probes: ProbeService) {}

  @Post()
  probe(@Param('tenantId') tenantId: string): Promise<Findings> {
    return this.probes.probe(tenantId);
  }
}

/** The binding, weakened as it often is: what is injected once stays bound to the tenant that came first. */
class WeakenedBindings extends TenantBindings {
  private readonly anyBinding = new TenantBinding('');
  private first: SqlEntityManager | undefined;

  override get em(): SqlEntityManager {
    return (this.first ??= super.em);
  }

  override get bound(): TenantBinding {
    return this.anyBinding;
  }

  override boundTo(): TenantBinding {
    return this.anyBinding;
  }
}

interface Probe {
  readonly tenants: number;
  readonly requests: number;
  readonly atOnce: number;
}

/** Sends requests, so many at once, and counts what was read and written in the wrong place. */
async function probeIsolation(host: TestHost, { tenants, requests, atOnce }: Probe) {
  const userId = (await host.newUser()).id;
  const tenantIds: string[] = [];
  for (let index = 0; index < tenants; index++) {
    const { tenant } = await host.newMembership({ userId, tenantId: (await host.newTenant()).id });
    tenantIds.push(tenant.id);
  }
  await host.app.listen(0);
  const url = await host.app.getUrl();
  const ask = async (index: number) => {
    const tenantId = tenantIds[index % tenants] ?? '';
    const response = await fetch(`${url}/tenants/${tenantId}/probe`, { method: 'POST', headers: { 'x-user': userId } });
    const findings = response.ok ? ((await response.json()) as Findings) : { written: 0, foreignReads: 0 };
    return { tenantId, ok: response.ok, ...findings };
  };
  const answers: Awaited<ReturnType<typeof ask>>[] = [];
  for (let first = 0; first < requests; first += atOnce) {
    answers.push(...(await Promise.all(Array.from({ length: atOnce }, (_, index) => ask(first + index)))));
  }
  let foreignRows = 0;
  let missingRows = 0;
  for (const tenantId of tenantIds) {
    const rows = await host.get(TenantDatabases).run(tenantId, (em) => em.execute<{ owner: string }[]>('select owner from note'));
    const written = answers.filter((answer) => answer.tenantId === tenantId).reduce((sum, answer) => sum + answer.written, 0);
    foreignRows += rows.filter(({ owner }) => owner !== tenantId).length;
    missingRows += written - rows.filter(({ owner }) => owner === tenantId).length;
  }
  return {
    answered: answers.filter(({ ok }) => ok).length,
    written: answers.reduce((sum, { written }) => sum + written, 0),
    foreignReads: answers.reduce((sum, { foreignReads }) => sum + foreignReads, 0),
    foreignRows,
    missingRows,
  };
}

const ISOLATIONS = [
  { database: 'sqlite', mode: 'database' },
  { database: 'postgresql', mode: 'database' },
  { database: 'postgresql', mode: 'schema' },
] as const;

describe.each(ISOLATIONS)(
  `${REQUESTS} concurrent requests over ${TENANTS} tenants on $database, a $mode each`,
  ({ database, mode }) => {
    let host: TestHost;

    const start = async (bindings?: TenantBindings) => {
      // How long they may wait for each other is not what this is about.
      const mikroOrm = database === 'sqlite' ? { driverOptions: { timeout: WAIT_MS } } : {};
      host = await createTestHost({
        database,
        mikroOrm,
        options: { tenantDatabases: { entities: [Note], placement: { mode }, waitTimeoutMs: WAIT_MS, mikroOrm } },
        controllers: [ProbeController],
        providers: [ProbeService],
        http: (module) => module.createNestApplication({ logger: false }),
        override: (builder) => (bindings ? builder.overrideProvider(TenantBindings).useValue(bindings) : builder),
      });
    };

    afterEach(async () => {
      await host.close();
    });

    it('read and write no foreign row', async () => {
      await start();
      const { written, ...findings } = await probeIsolation(host, { tenants: TENANTS, requests: REQUESTS, atOnce: REQUESTS });
      expect(findings).toEqual({ answered: REQUESTS, foreignReads: 0, foreignRows: 0, missingRows: 0 });
      expect(written).toBeGreaterThan(REQUESTS);
    }, 240_000);

    // The test of the test: it has to notice a binding that leaks. One after the other: requests that share an EntityManager would get
    // in each other's way before they are found out.
    it('are caught reading or writing foreign rows when the binding is weakened', async () => {
      await start(new WeakenedBindings());
      const tenants = TENANTS_OF_THE_CONTROL;
      const { foreignReads, foreignRows } = await probeIsolation(host, { tenants, requests: tenants, atOnce: 1 });
      expect(foreignReads + foreignRows).toBeGreaterThan(0);
    }, 240_000);
  },
);

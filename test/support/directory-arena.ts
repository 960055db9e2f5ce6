import { NestFactory } from '@nestjs/core';
import {
  type DatabaseOptions,
  type DatabaseType,
  genId,
  HostDatabase,
  HostDatabaseModule,
  type HostDatabaseOptions,
} from 'nestjs-host-database';
import { TenantCatalog, TenantDirectory, TenantDomain } from 'nestjs-host-database/tenants';
import { scratchDatabase } from './scratch-database.js';
import { SqlConversation } from './sql-conversation.js';
import { until } from './until.js';

/** An application on a database that outlives it, and a script beside it that does what another process would. */
export interface DirectoryArena {
  readonly type: DatabaseType;
  readonly options: DatabaseOptions;
  readonly directory: TenantDirectory;
  readonly host: HostDatabase;
  readonly get: <T>(token: abstract new (...args: never[]) => T) => T;
  /** How many statements on tenants the application has sent since {@link begin}. */
  readonly queries: () => number;
  readonly begin: () => void;
  /** Resolves when the application hears of changes. */
  readonly hears: () => Promise<void>;
  /** Resolves when the application has heard of everything that was changed until now. */
  readonly hasHeard: () => Promise<void>;
  /** Writes a tenant whose database nobody opens. */
  readonly newTenant: (facts?: Partial<Pick<TenantCatalog, 'slug' | 'dbUrl' | 'dbUrlHash'>>) => Promise<TenantCatalog>;
  readonly suspend: (tenantId: string) => Promise<void>;
  readonly rename: (tenantId: string, slug: string) => Promise<void>;
  readonly addDomain: (tenantId: string, domain: string, verifiedAt?: Date | null) => Promise<void>;
  readonly removeDomain: (domain: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens one. */
export async function openDirectoryArena(
  type: DatabaseType,
  { serverUrl, ...options }: Omit<HostDatabaseOptions, 'database'> & { readonly serverUrl?: string } = {},
): Promise<DirectoryArena> {
  const scratch = await scratchDatabase(type, serverUrl);
  const conversation = new SqlConversation();
  const database = { ...scratch.options, mikroOrm: conversation.mikroOrm };
  const module = HostDatabaseModule.forRoot({ ...options, database, jobs: { worker: false, ...options.jobs } });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error'] });
  const other = await HostDatabase.open({ database: scratch.options });
  const directory = app.get(TenantDirectory);

  const change = async (work: () => unknown) => {
    await work();
    await other.commit();
    other.rollback();
  };
  const newTenant: DirectoryArena['newTenant'] = async (facts = {}) => {
    const id = genId();
    const place = { dbUrl: `postgresql://localhost/none_${id}`, status: 'active', isActive: true } as const;
    const tenant = other.em.create(TenantCatalog, { id, name: `Tenant ${id}`, ...place, ...facts });
    await change(() => undefined);
    return tenant;
  };
  const rename: DirectoryArena['rename'] = (tenantId, slug) =>
    change(async () => Object.assign(await other.tenantCatalogs.findOneOrFail(tenantId), { slug }));
  return {
    type,
    newTenant,
    options: scratch.options,
    directory,
    host: app.get(HostDatabase),
    get: (token) => app.get(token),
    queries: () => conversation.said.filter((statement) => /core_tenant(s|_domains)$/.test(statement)).length,
    begin: () => conversation.begin(),
    async hears() {
      // Listening begins with the first question.
      await directory.getById(genId()).catch(() => undefined);
      await until(() => directory.statistics().isHearing);
    },
    async hasHeard() {
      // Changes are told in the order of their commits; one that is remembered is not asked for again before its change is told.
      const { id } = await newTenant();
      await until(async () => performance.now() < (await directory.getById(id)).freshUntil);
      const slug = genId();
      await rename(id, slug);
      await until(async () => (await directory.getById(id)).slug === slug);
    },
    suspend: (tenantId) =>
      change(async () => {
        const tenant = await other.tenantCatalogs.findOneOrFail(tenantId);
        Object.assign(tenant, { status: 'suspended', isActive: false });
      }),
    rename,
    addDomain: (tenantId, domain, verifiedAt = new Date()) =>
      change(() => other.em.create(TenantDomain, { tenant: tenantId, domain, token: genId(), verifiedAt })),
    removeDomain: (domain) => change(async () => other.em.remove(await other.em.findOneOrFail(TenantDomain, { domain }))),
    async close() {
      await app.close();
      await other.close();
      await scratch.drop();
    },
  };
}

/** What a question leads to: the status of a tenant, or the code of the error. */
export async function outcomeOf(question: Promise<{ readonly status: string }>): Promise<string> {
  return question.then(
    ({ status }) => status,
    ({ code }: { code?: string }) => String(code),
  );
}

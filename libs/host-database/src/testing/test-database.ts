import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { genId, HostDatabaseError } from '../common/index.js';
import {
  guardStatements,
  type DatabaseOptions,
  type DatabaseType,
  dialectOf,
  DatabaseSettings,
  hostMigrations,
  hostOrmOptions,
} from '../database/index.js';
import { HostDatabase } from '../index.js';
import { SCHEMA_DATABASE_SUFFIX } from '../tenant-databases/index.js';
import type { TenantCatalog } from '../tenants/index.js';

/** PostgreSQL was asked for, but no server was named. */
export class TestDatabaseUrlMissingError extends HostDatabaseError {
  readonly code = 'TESTING_DATABASE_URL_MISSING';

  constructor() {
    super(
      'No PostgreSQL server is named. Set TEST_DB_URL to one where databases may be created, or pass databaseUrl to createTestHost().',
    );
  }
}

/** A database of one test's own. */
export interface TestDatabase {
  readonly options: DatabaseOptions;
  /** Where SQLite tenants live. */
  readonly tenantDirectory: string;
  /** Removes it, and the databases of its tenants. */
  drop(tenants: readonly Pick<TenantCatalog, 'id' | 'dbUrl'>[]): Promise<void>;
}

/** Makes a fresh database: SQLite in memory, or a copy of a migrated template on the PostgreSQL server of `url`. */
export async function createTestDatabase(type: DatabaseType, url = process.env.TEST_DB_URL): Promise<TestDatabase> {
  const tenantDirectory = await mkdtemp(join(tmpdir(), 'host-database-test-'));
  const removeDirectory = () => rm(tenantDirectory, { recursive: true, force: true });
  if (type === 'sqlite') {
    return { options: { type, name: ':memory:' }, tenantDirectory, drop: removeDirectory };
  }
  if (!url) throw new TestDatabaseUrlMissingError();
  const name = `test_${genId()}`;
  await withAdmin(url, async (admin) => {
    const template = await ensureTemplate(admin, url);
    await admin.getConnection().execute(`create database "${name}" template "${template}"`);
  });
  const options: DatabaseOptions = { url, name, pool: { min: 0, max: 4, idleTimeoutMillis: 1_000 } };
  return {
    options,
    tenantDirectory,
    async drop(tenants) {
      const settings = DatabaseSettings.from(options);
      const dialect = dialectOf('postgresql');
      // One whose provisioning failed has a database, perhaps, but no address yet.
      const urls = tenants.map(({ id, dbUrl }) => dbUrl ?? dialect.tenantDatabaseUrl(settings, id, tenantDirectory));
      await withAdmin(url, async (admin) => {
        // With those that schemas share; the users of the tenants have nothing any more then.
        const names = new Set([
          ...urls.map((tenantUrl) => settings.forTenant(tenantUrl, {}).name),
          `${settings.name}${SCHEMA_DATABASE_SUFFIX}`,
        ]);
        for (const database of names) await dialect.dropDatabase(admin, settings.with({ name: database }));
        for (const { id } of tenants) await dialect.dropUser?.(admin, `tenant_${id}`);
        await dialect.dropDatabase(admin, settings);
      });
      await removeDirectory();
    },
  };
}

/** Migrating takes longer than copying, so it is done once for each set of migrations on a server. */
async function ensureTemplate(admin: SqlEntityManager, url: string): Promise<string> {
  const { migrationsList = [] } = hostMigrations('postgresql');
  const version = createHash('sha256')
    .update([...migrationsList, ...guardStatements].map(String).join('\n'))
    .digest('hex')
    .slice(0, 16);
  const template = `test_template_${version}`;
  const connection = admin.getConnection();
  const [existing] = await connection.execute('select 1 from pg_database where datname = ?', [template]);
  if (existing) return template;
  const draft = `test_draft_${genId()}`;
  await connection.execute(`create database "${draft}"`);
  await (await HostDatabase.open({ database: { url, name: draft } })).close();
  try {
    await connection.execute(`alter database "${draft}" rename to "${template}"`);
  } catch {
    // Another process was faster; its template is as good.
    await connection.execute(`drop database "${draft}"`);
  }
  return template;
}

async function withAdmin<T>(url: string, work: (em: SqlEntityManager) => Promise<T>): Promise<T> {
  const orm = await MikroORM.init(await hostOrmOptions({ database: { url }, entities: [] }));
  try {
    return await work(orm.em.fork() as SqlEntityManager);
  } finally {
    await orm.close(true);
  }
}

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, beforeEach, afterEach } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { NestFactory } from '@nestjs/core';
import {
  type DatabaseOptions,
  HostDatabase,
  HostDatabaseModule,
  type HostDatabaseOptions,
  hostOrmConfig,
  SchemaOutdatedError,
} from 'nestjs-host-database';
import { createTestHost } from 'nestjs-host-database/testing';
import { startProgram } from '../support/child-process.js';
import { databaseExists, type ScratchDatabase, scratchDatabase } from '../support/scratch-database.js';

const PROCESSES = 6;

describe.each(['sqlite', 'postgresql'] as const)('the boot on %s', (type) => {
  let scratch: ScratchDatabase;
  let database: DatabaseOptions;

  beforeEach(async () => {
    scratch = await scratchDatabase(type);
    database = scratch.options;
  });

  afterEach(async () => {
    await scratch.drop();
  });

  it('creates the seven tables, and finds nothing to do the second time', async () => {
    const first = await HostDatabase.open({ database });
    expect(await first.globalUsers.count()).toBe(0);
    const executed = await executedMigrations(first);
    await first.close();

    const second = await HostDatabase.open({ database });
    expect(await executedMigrations(second)).toEqual(executed);
    await second.close();
    expect(executed.length).toBeGreaterThan(0);
  });

  it('is safe in several processes at once', async () => {
    // The database is there, so that they meet at its tables.
    await (await HostDatabase.open({ database, migrate: 'off' })).close();
    const env = { DATABASE: JSON.stringify(database) };
    const programs = Array.from({ length: PROCESSES }, () => startProgram('boot', { env }));
    await Promise.all(programs.map((program) => program.said(/ready/)));
    for (const { child } of programs) child.stdin.write('go\n');
    const outcomes = await Promise.all(programs.map(({ ended }) => ended));
    expect(outcomes).toEqual(outcomes.map(() => ({ code: 0, signal: null, stdout: 'ready\nbooted\n', stderr: '' })));

    const hostDatabase = await HostDatabase.open({ database, migrate: 'check' });
    const executed = await executedMigrations(hostDatabase);
    expect(new Set(executed).size).toBe(executed.length);
    await hostDatabase.close();
  });

  it('refuses tables that lack a migration when it may only check', async () => {
    await expect(HostDatabase.open({ database, migrate: 'check' })).rejects.toBeInstanceOf(SchemaOutdatedError);
    await (await HostDatabase.open({ database })).close();
    await (await HostDatabase.open({ database, migrate: 'check' })).close();
  });

  it('touches nothing where an option is wrong', async () => {
    const boot = (tenantDatabases: HostDatabaseOptions['tenantDatabases']) =>
      NestFactory.createApplicationContext(HostDatabaseModule.forRoot({ database, jobs: { worker: false }, tenantDatabases }), {
        logger: false,
        abortOnError: false,
      });
    await expect(boot({ entities: [], placement: { mode: 'table' as 'schema' } })).rejects.toMatchObject({
      code: 'COMMON_INVALID_OPTION',
    });
    expect(await databaseExists(database)).toBe(false);
    await (await boot({ entities: [] })).close();
    expect(await databaseExists(database)).toBe(true);
  });

  it('leaves no difference between the migrated tables and the entities', async () => {
    await (await HostDatabase.open({ database })).close();
    const orm = await MikroORM.init(await hostOrmConfig(database));
    try {
      expect(await orm.schema.getUpdateSchemaSQL({ safe: false, dropTables: false })).toBe('');
    } finally {
      await orm.close(true);
    }
  });
});

describe('the boot on PostgreSQL', () => {
  // The key by which processes of all versions have to agree.
  const MIGRATION_LOCK_KEY = 0x686f7374;

  it('waits while another process migrates', async () => {
    const scratch = await scratchDatabase('postgresql');
    const other = await HostDatabase.open({ database: scratch.options, migrate: 'off' });
    const outcome: { booted?: HostDatabase } = {};
    let booting: Promise<void> | undefined;
    await other.transactional(async (em) => {
      await em.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK_KEY]);
      booting = HostDatabase.open({ database: scratch.options }).then((opened) => void (outcome.booted = opened));
      const waiting = () => em.execute(`select 1 from pg_locks where locktype = 'advisory' and not granted`);
      while (!outcome.booted && (await waiting()).length === 0);
      expect(outcome.booted).toBeUndefined();
    });
    await booting;
    expect(await outcome.booted?.globalUsers.count()).toBe(0);
    await outcome.booted?.close();
    await other.close();
    await scratch.drop();
  });
});

describe('the boot on SQLite', () => {
  it('runs in WAL mode with foreign keys on and a busy timeout', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'boot-'));
    const hostDatabase = await HostDatabase.open({ database: { type: 'sqlite', name: join(directory, 'host') } });
    const read = async (pragma: string) => Object.values((await hostDatabase.em.execute(`pragma ${pragma}`))[0] ?? {})[0];
    expect(await read('journal_mode')).toBe('wal');
    expect(await read('foreign_keys')).toBe(1);
    expect(await read('busy_timeout')).toBe(5_000);
    expect(await readdir(directory)).toContain('host.db');
    await hostDatabase.close();
    await rm(directory, { recursive: true });
  });
});

describe('the schema', () => {
  it.each(['sqlite', 'postgresql'] as const)('is the one of the snapshot on %s', async (type) => {
    const host = await createTestHost({ database: type });
    const orm = await MikroORM.init({
      ...(await hostOrmConfig(host.options.database)),
      migrations: {
        path: `libs/host-database/src/database/migrations/${type}`,
        pathTs: `libs/host-database/src/database/migrations/${type}`,
        emit: 'ts',
        snapshotName: 'snapshot',
        snapshot: true,
      },
    });
    try {
      // True would mean that an entity was changed without `npm run migration:create`.
      expect(await orm.migrator.checkSchema()).toBe(false);
    } finally {
      await orm.close(true);
      await host.close();
    }
  });
});

async function executedMigrations(hostDatabase: HostDatabase): Promise<string[]> {
  const rows = await hostDatabase.em.execute<{ name: string }[]>('select name from sys_migrations order by id');
  return rows.map(({ name }) => name);
}

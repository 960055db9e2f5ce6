import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as postgresql from '@mikro-orm/postgresql';
import * as sqlite from '@mikro-orm/sqlite';
import { genId } from 'nestjs-host-database';
import { startPostgres } from '../../test/support/postgres-server.mjs';
import { parentOf } from './tenants/busy-cores.mjs';

/** The same connections for both sides. Those of tenants are the default. */
const pool = { min: 0, max: 4, idleTimeoutMillis: 10_000 };
/** What the library gives its SQLite connections, so that the bare side has it too. */
const SQLITE_BUSY_TIMEOUT_MS = 5_000;

/** A server is opened before it is known what it will hold. */
const silent = { entities: [], discovery: { warnWhenNoEntities: false } };

/**
 * One database of its own for a scenario.
 *
 * @typedef {object} BenchDatabase
 * @property {'sqlite' | 'postgresql'} type
 * @property {object} host `database` of the options of `HostDatabaseModule`
 * @property {string} tenantDirectory where SQLite tenants live
 * @property {(dbUrl?: string) => object} bare options of MikroORM for the host database, or for a tenant's at that address
 * @property {string[]} tenantIds whose databases go with it: a scenario that makes a tenant adds it here
 * @property {number | undefined} serverPid the process of its server, where it is one of this machine
 * @property {() => Promise<void>} drop
 */

/** Starts each dialect's server: its `title`, `createDatabase()` for a {@link BenchDatabase}, and `stop()`, which drops those that a scenario left. */
export const dialects = { sqlite: { start: startSqlite }, postgresql: { start: startPostgresql } };

async function startSqlite() {
  const directory = mkdtempSync(join(tmpdir(), 'host-database-bench-'));
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove);
  const orm = await sqlite.MikroORM.init(sqliteOptions(':memory:'));
  const [{ version }] = await orm.em.getConnection().execute('select sqlite_version() as version');
  await orm.close();
  return {
    title: `SQLite ${version} (a file, WAL)`,
    async createDatabase() {
      const home = mkdtempSync(join(directory, 'database-'));
      const name = join(home, 'host.db');
      return {
        type: 'sqlite',
        host: { type: 'sqlite', name },
        tenantDirectory: home,
        tenantIds: [],
        bare: (dbUrl) => sqliteOptions(dbUrl ? decodeURI(dbUrl.replace(/^sqlite:\/\//, '')) : name),
        drop: async () => rmSync(home, { recursive: true, force: true, maxRetries: 3 }),
      };
    },
    async stop() {
      process.off('exit', remove);
      remove();
    },
  };
}

function sqliteOptions(dbName) {
  return { driver: sqlite.SqliteDriver, dbName, driverOptions: { timeout: SQLITE_BUSY_TIMEOUT_MS }, ...silent };
}

async function startPostgresql() {
  const given = process.env.TEST_DB_URL;
  const server = given ? { url: given, stop: () => Promise.resolve() } : await startPostgres({ durable: true });
  const admin = await postgresql.MikroORM.init(postgresOptions(server.url));
  const execute = (sql, parameters) => admin.em.getConnection().execute(sql, parameters);
  const [{ server_version: version }] = await execute('show server_version');
  const [{ fsync }] = await execute('show fsync');
  const [{ pid }] = await execute('select pg_backend_pid() as pid');
  const serverPid = given ? undefined : parentOf(pid);
  const undropped = new Set();
  const drop = async (database, name) => {
    for (const each of [name, ...database.tenantIds.map((id) => `tenant_${id}`)]) {
      await execute(`drop database if exists "${each}" with (force)`);
    }
    undropped.delete(database);
  };
  return {
    url: server.url,
    title: `PostgreSQL ${version} (${given ? 'the server of TEST_DB_URL' : 'started here'}, fsync ${fsync})`,
    /** @param {number} [port] by which it is reached, instead of its own */
    async createDatabase(port) {
      const name = `bench_${genId()}`;
      await execute(`create database "${name}"`);
      const url = port === undefined ? server.url : at(server.url, { port });
      const database = {
        type: 'postgresql',
        host: { type: 'postgresql', url, name, pool },
        tenantDirectory: tmpdir(),
        tenantIds: [],
        serverPid,
        bare: (dbUrl) => postgresOptions(at(url, { pathname: dbUrl ? new URL(dbUrl).pathname : `/${name}` })),
        drop: () => drop(database, name),
      };
      undropped.add(database);
      return database;
    },
    async stop() {
      for (const database of undropped) await database.drop();
      await admin.close();
      await server.stop();
    },
  };
}

function postgresOptions(clientUrl) {
  return { driver: postgresql.PostgreSqlDriver, clientUrl, pool, ...silent };
}

function at(url, changes) {
  return Object.assign(new URL(url), changes).href;
}

import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { MikroORM } from '@mikro-orm/postgresql';

/** Fails the run for a file, a database or a connection that a test has left behind, and stops the PostgreSQL of the set-up. */
export default async function globalTeardown() {
  const leaked = [...files(), ...(await databasesAndConnections())];
  rmSync(tmpdir(), { recursive: true, force: true });
  await globalThis.__HOST_DATABASE_TEST_SERVER__?.stop();
  if (leaked.length > 0) throw new Error(`The tests have left behind: ${leaked.join(', ')}`);
}

function files() {
  return readdirSync(tmpdir()).map((file) => `the file ${file}`);
}

async function databasesAndConnections() {
  const orm = new MikroORM({
    clientUrl: process.env.TEST_DB_URL,
    dbName: decodeURIComponent(new URL(process.env.TEST_DB_URL).pathname.slice(1)),
    discovery: { warnWhenNoEntities: false },
    ensureDatabase: false,
  });
  try {
    const databases = await orm.em.execute(`
      select datname as name from pg_database
      where datname ~ '^(test_[0-9a-f]{32}|test_draft_.*|scratch_.*|tenant_[0-9a-f]{32})$'`);
    const connections = await orm.em.execute(`
      select datname as name from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid() and datname ~ '^(test|scratch|tenant)_'`);
    return [
      ...databases.map(({ name }) => `the database ${name}`),
      ...connections.map(({ name }) => `a connection to ${name}`),
    ];
  } finally {
    await orm.close(true);
  }
}

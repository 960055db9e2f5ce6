import { MikroORM } from '@mikro-orm/postgresql';

/** The databases that tests have made on the server of `TEST_DB_URL`; migrated templates are kept on purpose, for the next run. */
export async function testDatabases() {
  return names(`
    select datname as name from pg_database
    where datname ~ '^(test_[0-9a-f]{32}(_tenants)?|test_draft_.*|scratch_.*|tenant_[0-9a-f]{32})$'`);
}

/** The database users that tests have made there. */
export async function testUsers() {
  return names(`select rolname as name from pg_roles where rolname ~ '^(tenant_[0-9a-f]{32}|admin_[0-9a-f]{12})$'`);
}

/** The connections that tests still have to such databases. */
export async function testConnections() {
  return names(`
    select datname as name from pg_stat_activity
    where backend_type = 'client backend' and datname ~ '^(test|scratch|tenant)_'`);
}

async function names(sql) {
  const orm = new MikroORM({
    clientUrl: process.env.TEST_DB_URL,
    dbName: decodeURIComponent(new URL(process.env.TEST_DB_URL).pathname.slice(1)),
    discovery: { warnWhenNoEntities: false },
    ensureDatabase: false,
  });
  try {
    return (await orm.em.execute(sql)).map(({ name }) => name);
  } finally {
    await orm.close(true);
  }
}

import { databaseOptionsFromEnv, hostOrmConfig } from 'nestjs-host-database';

/**
 * For MikroORM's own CLI on the host database of the `DB_*` environment (SQLite where `DB_TYPE` is not set):
 * `npx mikro-orm migration:up`, `migration:pending`, `schema:update --dump`. The library's own migrations are written with
 * `migration:create`, once for each dialect.
 */
export default async function config() {
  const database = databaseOptionsFromEnv({ ...process.env, DB_TYPE: process.env.DB_TYPE || 'SQLITE' });
  const options = await hostOrmConfig(database);
  const path = `libs/host-database/src/database/migrations/${database.type}`;
  return {
    ...options,
    migrations: {
      ...options.migrations,
      migrationsList: undefined,
      path,
      pathTs: path,
      glob: 'Migration*.ts',
      emit: 'ts' as const,
      snapshot: true,
      snapshotName: 'snapshot',
    },
  };
}

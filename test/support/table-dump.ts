import type { SqlEntityManager } from '@mikro-orm/sql';

const TABLES = {
  sqlite: `select name from sqlite_master where type = 'table'`,
  postgresql: `select tablename as name from pg_tables where schemaname = 'public'`,
};

/** Everything that the tables of a database hold, as one text. */
export async function dumpTables(em: SqlEntityManager, type: 'sqlite' | 'postgresql'): Promise<string> {
  const tables = await em.execute<{ name: string }[]>(TABLES[type]);
  const contents = await Promise.all(tables.map(({ name }) => em.execute(`select * from "${name}"`)));
  return JSON.stringify(contents);
}

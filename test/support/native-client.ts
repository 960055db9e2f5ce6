import type { SqlEntityManager } from '@mikro-orm/sql';

/** Runs a statement as a program of its own would: past the ORM and its guards. */
export async function onNativeClient(em: SqlEntityManager, sql: string): Promise<void> {
  const client = (await em.getConnection().getNativeClient()) as {
    query?: (sql: string) => Promise<unknown>;
    exec: (sql: string) => void;
  };
  if (client.query) await client.query(sql);
  else client.exec(sql);
}

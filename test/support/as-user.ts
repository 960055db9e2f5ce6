import { MikroORM } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { hostOrmConfig } from 'nestjs-host-database';

/** Runs statements on a PostgreSQL server as the user of this address, in its database or another one. */
export async function asUser<T>(address: string, work: (em: SqlEntityManager) => Promise<T>, database?: string): Promise<T> {
  const url = new URL(address);
  url.search = '';
  if (database !== undefined) url.pathname = `/${database}`;
  const orm = await MikroORM.init({ ...(await hostOrmConfig({ url: url.href, pool: { max: 1 } })), ensureDatabase: false });
  try {
    return await work(orm.em.fork() as SqlEntityManager);
  } finally {
    await orm.close(true);
  }
}

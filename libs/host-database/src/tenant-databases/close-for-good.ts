import type { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';

/**
 * Closes an ORM so that nothing opens it again: from now on each statement through it, prepared by whoever still holds on to it, is refused.
 *
 * MikroORM connects when the next statement comes, if it is not connected, also after it was closed: the statement would succeed, in the
 * database of a tenant that was closed, on connections that nobody counts or closes.
 *
 * @param refusal what is thrown at the one who asks
 */
export async function closeForGood(
  orm: MikroORM,
  { force, refusal }: { readonly force: boolean; readonly refusal: () => Error },
): Promise<void> {
  for (const connection of connectionsOf(orm)) refuseAll(connection, refusal);
  await orm.close(force);
}

function connectionsOf({ driver }: MikroORM): readonly AbstractSqlConnection[] {
  const { replicas } = driver as unknown as { readonly replicas: readonly AbstractSqlConnection[] };
  return [driver.getConnection('write') as AbstractSqlConnection, ...replicas];
}

/** All that sends a statement asks one of these first; a transaction that is open sends its end by itself. */
function refuseAll(connection: AbstractSqlConnection, refusal: () => Error): void {
  const reject = () => Promise.reject(refusal());
  Object.assign(connection, {
    connect: reject,
    ensureConnection: reject,
    initClient: reject,
    begin: reject,
    commit: reject,
    getClient: () => {
      throw refusal();
    },
  });
}

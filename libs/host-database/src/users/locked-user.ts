import { LockMode } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { GlobalUser } from './global-user.entity.js';

/** Returns a person as they are now, with their password's hash; nobody else changes them until the transaction ends. */
export async function lockUser(em: SqlEntityManager, userId: string): Promise<GlobalUser | null> {
  // What the caller has changed is written before the row is read anew.
  await em.flush();
  return em.findOne(
    GlobalUser,
    { id: userId },
    { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true, populate: ['passwordHash'] },
  );
}

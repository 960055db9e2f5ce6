import { LockMode } from '@mikro-orm/core';
import type { SqlEntityManager } from '@mikro-orm/sql';
import { GlobalUser } from './global-user.entity.js';

/** By what a person is found. */
export type UserKey = { readonly id: string } | { readonly email: string } | { readonly oauthId: string };

/**
 * Returns a person as they are now; nobody else changes them until the transaction ends. With the hash of their password: MikroORM would take
 * one that it does not read again for a changed one, and write it.
 */
export async function lockUser(em: SqlEntityManager, where: UserKey): Promise<GlobalUser | null> {
  // What the caller has changed is written before the row is read anew.
  await em.flush();
  return em.findOne(GlobalUser, where, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true, populate: ['passwordHash'] });
}

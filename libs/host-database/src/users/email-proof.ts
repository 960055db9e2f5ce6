import { wrap } from '@mikro-orm/core';

/** A person's address, and since when it is known to be theirs. */
export interface ProvenEmail {
  email: string;
  emailVerifiedAt?: Date | null;
}

/**
 * Since when the address that a person has is known to be theirs. One that is written in place of another, by whomever, is not, unless it
 * is said in the same breath.
 */
export function emailVerifiedAtOf(user: ProvenEmail): Date | null | undefined {
  const before = (wrap(user, true).__originalEntityData ?? {}) as {
    email?: string;
    emailVerifiedAt?: Date | number | string | null;
  };
  if (user.email?.toLowerCase() === before.email) return user.emailVerifiedAt;
  const isSaid = timeOf(user.emailVerifiedAt) !== timeOf(before.emailVerifiedAt);
  return isSaid ? user.emailVerifiedAt : null;
}

/** Dialects keep a snapshot of a time in their own ways. */
function timeOf(time: Date | number | string | null | undefined): number | null {
  return time == null ? null : new Date(time).getTime();
}

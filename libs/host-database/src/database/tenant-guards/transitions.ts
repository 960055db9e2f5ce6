/**
 * Into which statuses a tenant can go from each one. The triggers on `core_tenants` let no other change pass, whoever makes it.
 *
 * A change of this table takes a migration that makes the triggers anew.
 */
export const TENANT_TRANSITIONS = {
  // One whose provisioning will never end can be deleted, too.
  provisioning: ['active', 'failed', 'pending_deletion'],
  active: ['suspended', 'archived', 'pending_deletion'],
  suspended: ['active', 'archived', 'pending_deletion'],
  archived: ['active', 'suspended', 'pending_deletion'],
  // Back to where it was, and there only.
  pending_deletion: ['active', 'suspended', 'archived', 'failed', 'deleted'],
  deleted: [],
  failed: ['provisioning', 'pending_deletion'],
} as const satisfies Record<string, readonly string[]>;

/** The statuses that a tenant can begin with. */
const FIRST_TENANT_STATUSES = ['provisioning', 'active'] as const;

/** In SQL: whether a tenant can go from `old.status` to `new.status`. */
export const MAY_GO = Object.entries(TENANT_TRANSITIONS)
  .filter(([, to]) => to.length > 0)
  .map(([from, to]) => `(old.status = '${from}' and new.status in (${list(to)}))`)
  .join(' or ');

/** In SQL: whether `new.status` is one to begin with. */
export const MAY_BEGIN = `new.status in (${list(FIRST_TENANT_STATUSES)})`;

function list(statuses: readonly string[]): string {
  return statuses.map((status) => `'${status}'`).join(', ');
}

/** With what the messages of the triggers begin. */
export const GUARD_PREFIX = 'The life of a tenant: ';

/** What a status that was refused is told by, from and to which one. */
export const TRANSITION_REFUSED = /The life of a tenant: (\w+) is (\w+) and cannot become (\w+)/;

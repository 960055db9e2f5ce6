/** The channel on which PostgreSQL tells whose access a transaction has changed: the payload is an {@link AccessSubject}. */
export const ACCESS_CHANGES_CHANNEL = 'nestjs_host_database_access';

/** The table in which SQLite notes whose access was changed, the newest last. */
export const ACCESS_CHANGES_TABLE = 'sys_access_changes';

/** How many of them it keeps. Whoever is further behind takes everybody's access for changed. */
export const ACCESS_CHANGES_KEPT = 1_000;

/** Whose access has changed: that of one person, or of all in one tenant. */
export type AccessSubject = `${'user' | 'tenant'}:${string}`;

/** A table that decides who may do what. */
export interface AccessTable {
  readonly table: string;
  /** Whom a row is about: the kind of {@link AccessSubject}, and the column with its id. */
  readonly subjects: readonly (readonly ['user' | 'tenant', string])[];
  /** Whether a new row changes what somebody may do already. */
  readonly tellsInsert: boolean;
  /** The columns whose change is told; all where there are none. */
  readonly columns: readonly string[];
}

/** The tables that say who somebody is, and what they may do where. */
export const ACCESS_TABLES: readonly AccessTable[] = [
  { table: 'core_memberships', subjects: [['user', 'user_id']], tellsInsert: true, columns: [] },
  { table: 'core_roles', subjects: [['tenant', 'tenant_id']], tellsInsert: false, columns: [] },
  {
    table: 'core_users',
    subjects: [['user', 'id']],
    tellsInsert: false,
    columns: ['is_sys_admin', 'deactivated_at', 'email', 'email_verified_at'],
  },
  // An identity that is taken away signs nobody in any more, whatever tokens there are.
  {
    table: 'core_user_identities',
    subjects: [['user', 'user_id']],
    tellsInsert: false,
    columns: ['user_id', 'provider', 'subject'],
  },
  // A new secret is told as well: the one before is good for a moment only, which whoever remembers it does not know.
  { table: 'sys_sessions', subjects: [['user', 'user_id']], tellsInsert: false, columns: ['revoked_at', 'token_hash'] },
  {
    table: 'sys_impersonations',
    subjects: [
      ['user', 'user_id'],
      ['user', 'admin_user_id'],
    ],
    tellsInsert: false,
    columns: [],
  },
];

import { InvalidInputError } from '../common/index.js';

/** Who is to be granted what. */
export interface AuditGrantsOptions {
  /** The role that the application connects as. It must exist, and must not own the tables. */
  readonly role: string;
  /** @default 'public' */
  readonly schema?: string;
  /**
   * Whether only this role, and whoever else was granted that by name, may connect to the database from then on: PostgreSQL lets everybody
   * connect, the database users of tenants included. Grant it first to the others who need it, such as those who take backups.
   *
   * @default false
   */
  readonly closeToPublic?: boolean;
}

const NAME = /^[\p{L}_][\p{L}\p{N}_-]{0,62}$/u;

/** What a role needs of a table of the log; every other table of the host it reads and writes. */
const PRIVILEGES: Readonly<Record<string, string>> = {
  sys_audit_logs: 'select, insert',
  sys_audit_checkpoints: 'select, insert',
  sys_audit_anchorings: 'select, insert',
  // Removing rows, and saying so, is the owner's.
  sys_audit_purges: 'select',
  // A trigger adds to it, as its owner.
  sys_audit_unsealed: 'select, delete',
  sys_audit_subject_keys: 'select, insert, update',
  sys_audit_legal_holds: 'select, insert, update',
  // Migrating is the owner's.
  sys_migrations: 'select',
};

/**
 * Returns a script for PostgreSQL, to be run by the owner of the host's tables after each migration: it takes every privilege on them
 * from the role and gives back what an application needs. It adds to the log and reads it, and can do nothing else to it: not update,
 * delete or truncate it, neither as a whole nor a partition, nor switch its guards off, nor put a table of its own in the place of the
 * log: everybody but the owner loses the right to make temporary tables, and schemas, in this database. The script fails where the role
 * is a superuser or the owner, whom no grant binds, or keeps that right by another role.
 *
 * The application then boots with `migrate: 'check'`; migrations and `AuditRetention.purge()` run as the owner.
 *
 * @throws InvalidInputError when a name has other characters than letters, digits, `_` and `-`
 */
export function auditGrants({ role, schema = 'public', closeToPublic = false }: AuditGrantsOptions): string {
  for (const [field, name] of Object.entries({ role, schema })) {
    if (!NAME.test(name))
      throw new InvalidInputError(field, 'must be a name of letters, digits, _ and -, at most 63 characters.');
  }
  const privileges = Object.entries(PRIVILEGES).map(([table, granted]) => `when '${table}' then '${granted}'`);
  return `do $grants$
declare
  relation record;
begin
  if (select rolsuper from pg_roles where rolname = '${role}') then
    raise exception 'The role ${role} is a superuser, whom no grant binds.';
  end if;
  -- A temporary table, or one in a schema that is searched first, would be taken for that of the log.
  execute format('revoke create, temporary on database %I from "${role}", public', current_database());
  if has_database_privilege('${role}', current_database(), 'create') or has_database_privilege('${role}', current_database(), 'temporary') then
    raise exception 'The role ${role} may still make temporary tables or schemas here: run this as the owner of the database %.', current_database();
  end if;
${closeToPublic ? closing(role) : ''}  execute 'grant usage on schema "${schema}" to "${role}"';
  for relation in
    select oid::regclass as name, relname, relkind, relispartition, relowner from pg_class
    where relnamespace = '"${schema}"'::regnamespace and relkind in ('r', 'p', 'S') and relname ~ '^(core|sys)_'
  loop
    if pg_has_role('${role}', relation.relowner, 'member') then
      raise exception 'The role ${role} is or may become the owner of %, whom no grant binds.', relation.name;
    end if;
    if relation.relkind = 'S' then
      execute format('grant usage on sequence %s to "${role}"', relation.name);
      continue;
    end if;
    execute format('revoke all on %s from "${role}", public', relation.name);
    -- Rows of a partition are reached through the whole.
    continue when relation.relispartition;
    execute format('grant %s on %s to "${role}"', case relation.relname
      ${privileges.join('\n      ')}
      else 'select, insert, update, delete' end, relation.name);
  end loop;
  -- Not that of the trigger which adds to the list, for it does so as its owner.
  execute 'revoke all on function "${schema}".sys_audit_note_unsealed() from "${role}", public';
  execute 'grant execute on function "${schema}".sys_audit_refuse(), "${schema}".sys_audit_id_from(timestamptz) to "${role}"';
end $grants$;
`;
}

function closing(role: string): string {
  return `  execute format('grant connect on database %I to "${role}"', current_database());
  execute format('revoke connect on database %I from public', current_database());
`;
}

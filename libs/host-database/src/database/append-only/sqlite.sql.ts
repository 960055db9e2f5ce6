import { APPEND_ONLY_TABLES } from './append-only-tables.js';

type AppendOnlyTable = (typeof APPEND_ONLY_TABLES)[number];

/** What makes a row the same one, by which `insert or replace` would find the row that it removes without asking a trigger. */
const KEYS: Record<AppendOnlyTable, string> = {
  sys_audit_logs: 'id = new.id',
  sys_audit_checkpoints: 'id = new.id or (scope = new.scope and seq = new.seq)',
  sys_audit_anchorings: 'checkpoint_id = new.checkpoint_id and anchor = new.anchor',
  sys_audit_purges: 'id = new.id',
};

/** Retention removes what is below its recorded cut-off; there is no other way. */
const MAY_DELETE: Partial<Record<AppendOnlyTable, string>> = {
  sys_audit_logs: `old.id < coalesce((select max(purged_through) from sys_audit_purges), '')`,
};

const refuse = (what: string, table: string) =>
  `select raise(abort, 'The audit log is append-only: ${what} of ${table} is refused.');`;

const guards = APPEND_ONLY_TABLES.flatMap((table) => {
  const mayDelete = MAY_DELETE[table];
  return [
    [`${table}_no_update`, `before update on ${table} begin ${refuse('UPDATE', table)} end`],
    [
      `${table}_no_delete`,
      `before delete on ${table}${mayDelete ? ` when not (${mayDelete})` : ''} begin ${refuse('DELETE', table)} end`,
    ],
    [
      `${table}_no_replace`,
      `before insert on ${table} when exists (select 1 from ${table} where ${KEYS[table]}) begin ${refuse('REPLACE', table)} end`,
    ],
  ] as const;
});

const noteUnsealed = [
  'sys_audit_logs_note_unsealed',
  `after insert on sys_audit_logs begin insert into sys_audit_unsealed (log_id, scope) values (new.id, coalesce(new.tenant_id, 'host')); end`,
] as const;

const triggers = [...guards, noteUnsealed];

/** What the migration adds to the tables: guards, and the list of what is not sealed. */
export const appendOnlyStatements: readonly string[] = triggers.map(([name, text]) => `create trigger ${name} ${text};`);

/** Every guard that is missing or is not the text that this version has written. */
export const findMissingGuards = `
  with wanted(name, text) as (values ${triggers.map(([name, text]) => `('${name}', '${`create trigger ${name} ${text}`.replaceAll("'", "''")}')`).join(', ')})
  select name from wanted where not exists (
    select 1 from sqlite_schema where type = 'trigger' and sqlite_schema.name = wanted.name
      and lower(sqlite_schema.sql) = lower(wanted.text))
  order by name`;

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

/** As a blob, for the length of a text ends at its first NUL. */
const isId = (value: string) =>
  `typeof(${value}) = 'text' and length(cast(${value} as blob)) = 32 and ${value} not glob '*[^0-9a-f]*'`;

/** Every reader goes from id to id: what sorts before or behind all ids would be in the log, and seen by nobody. */
const idForm = [
  'sys_audit_logs_id_form',
  `before insert on sys_audit_logs when not (${isId('new.id')}) begin ${refuse('a row without an id', 'sys_audit_logs')} end`,
] as const;

/** Whoever records a purge may delete. So none reaches into the months to come, nor over rows that no checkpoint tells of. */
const purgeForm = [
  'sys_audit_purges_form',
  `before insert on sys_audit_purges when not (${isId('new.purged_through')} ` +
    `and new.purged_through <= printf('%012x', 1000 * strftime('%s', 'now', 'start of month', '+1 month')) || '${'0'.repeat(20)}' ` +
    `and not exists (select 1 from sys_audit_unsealed where log_id < new.purged_through)) ` +
    `begin ${refuse('such a row', 'sys_audit_purges')} end`,
] as const;

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

const triggers = [...guards, idForm, purgeForm, noteUnsealed];

/**
 * What the migration adds to the tables: guards, and the list of what is not sealed. The tables are `without rowid`: by its row id,
 * which no key of theirs is, `insert or replace` would remove a row without asking a trigger.
 */
export const appendOnlyStatements: readonly string[] = triggers.map(([name, text]) => `create trigger ${name} ${text};`);

const tables = APPEND_ONLY_TABLES.map((table) => `'${table}'`).join(', ');

/**
 * Every guard that is missing or is not the text that this version has written, every table that has row ids, and every trigger, of
 * this connection too, that this version has not written: `raise(ignore)` in one would undo what is recorded.
 */
export const findMissingGuards = `
  with wanted(name, text) as (values ${triggers.map(([name, text]) => `('${name}', '${`create trigger ${name} ${text}`.replaceAll("'", "''")}')`).join(', ')}),
  found(name, tab, text) as (
    select name, tbl_name, sql from sqlite_schema where type = 'trigger'
    union all select 'temp.' || name, tbl_name, sql from sqlite_temp_schema where type = 'trigger'
  )
  select name from wanted where not exists (
    select 1 from found where found.name = wanted.name and lower(found.text) = lower(wanted.text))
  union all
  select name || ' (not of this library)' from found
  where lower(tab) in (${tables}, 'sys_audit_unsealed') and name not in (select name from wanted)
  union all
  select name || ' (has row ids)' from pragma_table_list where schema = 'main' and name in (${tables}) and not wr
  order by 1`;

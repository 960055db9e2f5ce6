import { APPEND_ONLY_TABLES } from './append-only-tables.js';

const REFUSE = 'sys_audit_refuse';

const REFUSE_BODY = ` begin
    raise exception 'The audit log is append-only: % of % is refused.', tg_op, tg_table_name using errcode = 'insufficient_privilege';
  end `;

const NOTE_UNSEALED = 'sys_audit_note_unsealed';

/** Stands for the name of the schema in the text of a function. */
const SCHEMA = '{schema}';

/**
 * Every reader goes from id to id: what sorts before or behind all ids would be in the log, and seen by nobody.
 *
 * With the schema in each name instead of a path of its own: to set the path, for every row, costs as much as to insert into the list. No
 * regular expression, which costs more than twice as much as the two functions.
 */
const NOTE_UNSEALED_BODY = ` begin
    if pg_catalog.length(new.id) operator(pg_catalog.<>) 32
      or pg_catalog.ltrim(new.id, '0123456789abcdef') operator(pg_catalog.<>) '' then
      raise exception 'The audit log is append-only: a row without an id is refused.' using errcode = 'check_violation';
    end if;
    insert into ${SCHEMA}.sys_audit_unsealed (log_id, scope) values (new.id, coalesce(new.tenant_id, 'host'));
    return null;
  end `;

/**
 * Refuses, and says so, whatever changes a row of the log. `always`: `session_replication_role = replica` does not turn it off. A row
 * trigger of a partitioned table holds for its partitions; one on TRUNCATE does not.
 */
function guard(table: string): string[] {
  return [
    `create trigger "${table}_append_only" before update or delete on "${table}" for each row execute function ${REFUSE}();`,
    `alter table "${table}" enable always trigger "${table}_append_only";`,
    guardOfTruncate(table),
    `alter table "${table}" enable always trigger "${table}_no_truncate";`,
  ];
}

const guardOfTruncate = (table: string) =>
  `create trigger "${table}_no_truncate" before truncate on "${table}" for each statement execute function ${REFUSE}();`;

/** What the migration adds to the tables: guards, the list of what is not sealed, and partitions for as many months. */
export const appendOnlyStatements: readonly string[] = [
  `create function ${REFUSE}() returns trigger language plpgsql as $$${REFUSE_BODY}$$;`,
  ...APPEND_ONLY_TABLES.flatMap(guard),
  // As its owner, so that nobody else need be able to add to the list: a row that is sealed twice would be wrong for ever.
  `do $do$ begin
    execute format('create function ${NOTE_UNSEALED}() returns trigger language plpgsql security definer as %L',
      replace($body$${NOTE_UNSEALED_BODY}$body$, '${SCHEMA}', quote_ident(current_schema())));
  end $do$;`,
  // Or a table of another's own could have the trigger.
  `revoke execute on function ${NOTE_UNSEALED}() from public;`,
  `create trigger "sys_audit_logs_note_unsealed" after insert on "sys_audit_logs" for each row execute function ${NOTE_UNSEALED}();`,
  `alter table "sys_audit_logs" enable always trigger "sys_audit_logs_note_unsealed";`,
  // Ids begin with the milliseconds since 1970, in hexadecimal: a range of them is a month.
  `create function sys_audit_id_from(moment timestamptz) returns text language sql immutable as $$
    select rpad(lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0'), 32, '0')
  $$;`,
  // A row of a month without a partition goes into the default one, where retention does not reach it, but is not lost.
  `create table "sys_audit_logs_p0" partition of "sys_audit_logs" default;`,
  guardOfTruncate('sys_audit_logs_p0'),
  `alter table "sys_audit_logs_p0" enable always trigger "sys_audit_logs_p0_no_truncate";`,
  `create function sys_audit_add_partitions(months int) returns int language plpgsql as $$
  declare
    first timestamptz := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
    start timestamptz; name text; added int := 0;
  begin
    for offset_months in 0 .. months - 1 loop
      start := (first at time zone 'UTC' + make_interval(months => offset_months)) at time zone 'UTC';
      name := 'sys_audit_logs_p' || to_char(start at time zone 'UTC', 'YYYYMM');
      continue when to_regclass(quote_ident(name)) is not null;
      execute format('create table %I partition of sys_audit_logs for values from (%L) to (%L)', name, sys_audit_id_from(start),
        sys_audit_id_from((start at time zone 'UTC' + interval '1 month') at time zone 'UTC'));
      execute format('create trigger %I before truncate on %I for each statement execute function ${REFUSE}()', name || '_no_truncate', name);
      execute format('alter table %I enable always trigger %I', name, name || '_no_truncate');
      added := added + 1;
    end loop;
    return added;
  end $$;`,
  // For the owner only, who alone may switch a guard off: the lock keeps everybody out until it is on again.
  `create function sys_audit_move_from_default() returns bigint language plpgsql as $$
  declare start timestamp; name text; low text; high text; moved bigint := 0; count bigint;
  begin
    lock table only sys_audit_logs, sys_audit_logs_p0 in access exclusive mode;
    -- Not from the query itself, which would hold the table that is altered.
    foreach start in array array(
      select distinct date_trunc('month', to_timestamp(('x' || left(id, 12))::bit(48)::bigint / 1000.0) at time zone 'UTC')
      from sys_audit_logs_p0 where id < sys_audit_id_from(now()) order by 1)
    loop
      name := 'sys_audit_logs_p' || to_char(start, 'YYYYMM');
      low := sys_audit_id_from(start at time zone 'UTC');
      high := sys_audit_id_from((start + interval '1 month') at time zone 'UTC');
      execute format('create table %I (like sys_audit_logs including all)', name);
      execute format('insert into %I select * from sys_audit_logs_p0 where id >= %L and id < %L', name, low, high);
      alter table sys_audit_logs_p0 disable trigger sys_audit_logs_append_only;
      delete from sys_audit_logs_p0 where id >= low and id < high;
      get diagnostics count = row_count;
      alter table sys_audit_logs_p0 enable always trigger sys_audit_logs_append_only;
      execute format('alter table sys_audit_logs attach partition %I for values from (%L) to (%L)', name, low, high);
      execute format('create trigger %I before truncate on %I for each statement execute function ${REFUSE}()', name || '_no_truncate', name);
      execute format('alter table %I enable always trigger %I', name, name || '_no_truncate');
      moved := moved + count;
    end loop;
    return moved;
  end $$;`,
  // Without a path of their own these would take a temporary table of a session for that of the log.
  `do $$ declare name text; begin
    foreach name in array array['${REFUSE}()', 'sys_audit_add_partitions(int)', 'sys_audit_move_from_default()'] loop
      execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
    end loop;
  end $$;`,
  `select sys_audit_add_partitions(13);`,
];

/** The bits of `pg_trigger.tgtype` for when and for what each guard fires. */
const KINDS = {
  append_only: { type: 1 + 2 + 8 + 16, calls: REFUSE },
  no_truncate: { type: 2 + 32, calls: REFUSE },
  note_unsealed: { type: 1 + 4, calls: NOTE_UNSEALED },
} as const;

const kinds = Object.entries(KINDS)
  .map(([kind, { type, calls }]) => `('${kind}', ${type}, '${calls}')`)
  .join(', ');
const tables = APPEND_ONLY_TABLES.map((table) => `'${table}'`).join(', ');
const functions = [
  `('${REFUSE}', $body$${REFUSE_BODY}$body$, false, 'search_path=%I, pg_temp')`,
  `('${NOTE_UNSEALED}', $body$${NOTE_UNSEALED_BODY}$body$, true, null)`,
];

/**
 * Every guard that is missing, does not fire always and for every row, or does something else, as `table: trigger`; every function of
 * theirs that has another text or path; every trigger and rule that this version has not written, for one could undo what is recorded.
 * Nothing where all are as they should be.
 */
export const findMissingGuards = `
  with kinds(kind, type, calls) as (values ${kinds}),
  leaves as (
    select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid where inhparent = to_regclass('sys_audit_logs')
  ),
  wanted as (
    select name as tab, name || '_' || kind as trig, type, calls from unnest(array[${tables}]) as name, kinds where kind <> 'note_unsealed'
    union all select 'sys_audit_logs', 'sys_audit_logs_' || kind, type, calls from kinds where kind = 'note_unsealed'
    union all select name, case kind when 'no_truncate' then name else 'sys_audit_logs' end || '_' || kind, type, calls from leaves, kinds
  ),
  guarded(tab) as (select tab from wanted union select 'sys_audit_unsealed')
  select tab || ': ' || trig as name from wanted where not exists (
    select 1 from pg_trigger where tgrelid = to_regclass(quote_ident(tab)) and tgname = trig and tgenabled = 'A'
      and tgtype = wanted.type and tgqual is null and tgattr = '' and tgfoid = to_regproc(calls))
  union all
  select calls || '()' from (values ${functions.join(', ')}) as texts(calls, body, definer, path)
  where not exists (select 1 from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where pg_proc.oid = to_regproc(calls)
    and prosrc = replace(body, '${SCHEMA}', quote_ident(nspname)) and prosecdef = definer
    and proconfig is not distinct from case when path is not null then array[format(path, nspname)] end)
  union all
  select tab || ': ' || tgname || ' (not of this library)' from guarded join pg_trigger on tgrelid = to_regclass(quote_ident(tab))
  where not tgisinternal and tgparentid = 0 and (tab, tgname::text) not in (select tab, trig from wanted)
  union all
  select tab || ': ' || rulename || ' (not of this library)' from guarded join pg_rewrite on ev_class = to_regclass(quote_ident(tab))
  order by 1`;

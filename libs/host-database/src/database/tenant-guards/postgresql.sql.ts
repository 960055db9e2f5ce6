import { GUARD_PREFIX, MAY_BEGIN, MAY_GO } from './transitions.js';

const CHECK = 'core_tenants_check_life';
const REFUSE = 'core_tenants_refuse_removal';

const CHECK_BODY = ` begin
    if tg_op = 'INSERT' then
      if not (${MAY_BEGIN}) then
        raise exception '${GUARD_PREFIX}% cannot begin as %.', new.id, new.status using errcode = 'check_violation';
      end if;
    elsif new.status <> old.status then
      if not (${MAY_GO})
        or (old.status = 'pending_deletion' and new.status <> 'deleted' and new.status is distinct from old.deletion_from) then
        raise exception '${GUARD_PREFIX}% is % and cannot become %.', old.id, old.status, new.status using errcode = 'check_violation';
      end if;
    end if;
    if new.is_active <> (new.status = 'active') then
      raise exception '${GUARD_PREFIX}% is %, and is_active says otherwise.', new.id, new.status using errcode = 'check_violation';
    end if;
    if new.status = 'pending_deletion' and new.delete_after is null then
      raise exception '${GUARD_PREFIX}% is %, and delete_after does not say until when.', new.id, new.status using errcode = 'check_violation';
    end if;
    if new.status = 'deleted' and (new.db_url is not null or new.db_url_hash is not null or new.slug is not null) then
      raise exception '${GUARD_PREFIX}% is deleted, and its address or slug is kept.', new.id using errcode = 'check_violation';
    end if;
    return new;
  end `;

const REFUSE_BODY = ` begin
    if tg_op = 'TRUNCATE' then
      raise exception '${GUARD_PREFIX}TRUNCATE of core_tenants is refused.' using errcode = 'check_violation';
    end if;
    if old.status <> 'deleted' then
      raise exception '${GUARD_PREFIX}% is %, and only the row of a deleted one can be removed.', old.id, old.status using errcode = 'check_violation';
    end if;
    return old;
  end `;

const TRIGGERS = [
  { name: 'core_tenants_life', event: 'before insert or update', each: 'row', calls: CHECK, type: 1 + 2 + 4 + 16 },
  { name: 'core_tenants_no_delete', event: 'before delete', each: 'row', calls: REFUSE, type: 1 + 2 + 8 },
  { name: 'core_tenants_no_truncate', event: 'before truncate', each: 'statement', calls: REFUSE, type: 2 + 32 },
] as const;

/** What the migration adds. `always`: `session_replication_role = replica` does not turn it off. */
export const tenantGuardStatements: readonly string[] = [
  `create function ${CHECK}() returns trigger language plpgsql as $$${CHECK_BODY}$$;`,
  `create function ${REFUSE}() returns trigger language plpgsql as $$${REFUSE_BODY}$$;`,
  ...TRIGGERS.flatMap(({ name, event, each, calls }) => [
    `create trigger "${name}" ${event} on "core_tenants" for each ${each} execute function ${calls}();`,
    `alter table "core_tenants" enable always trigger "${name}";`,
  ]),
];

/** Every guard that is missing, does not fire always, or does something else. Nothing where all are as they should be. */
export const findMissingTenantGuards = `
  select wanted.name from (values ${TRIGGERS.map(({ name, type, calls }) => `('${name}', ${type}, '${calls}')`).join(', ')})
    as wanted(name, type, calls)
  where not exists (
    select 1 from pg_trigger where tgrelid = to_regclass('core_tenants') and tgname = wanted.name and tgenabled = 'A'
      and tgtype = wanted.type and tgqual is null and tgattr = '' and tgfoid = to_regproc(wanted.calls))
  union all
  select calls || '()' from (values ('${CHECK}', $body$${CHECK_BODY}$body$), ('${REFUSE}', $body$${REFUSE_BODY}$body$)) as texts(calls, body)
  where not exists (select 1 from pg_proc where oid = to_regproc(calls) and prosrc = body)
  order by 1`;

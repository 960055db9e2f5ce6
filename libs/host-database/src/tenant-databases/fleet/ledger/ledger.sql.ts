import type { LedgerDialect } from './ledger-connection.js';

export type LedgerSql = ReturnType<typeof ledgerSql>;

const LIVE = `state in ('running', 'interrupted')`;
const RUN = `id, target, state, stop_reason as "stopReason", options, total, started_at as "startedAt", ended_at as "endedAt"`;
/** The fence. */
const CLAIMED = `run_id = $1 and tenant_id = $2 and claim_token = $3 and state = 'running'`;
const ofTenant = (column: string, alias: string) =>
  `(select ${column} from core_tenants where id = sys_tenant_migrations.tenant_id) as "${alias}"`;

/** The statements of the ledger, one text for both dialects. */
export function ledgerSql({ now, skipLocked, nowPlusMs, json, entries, claims, texts }: LedgerDialect) {
  return {
    look: (hasIds: boolean) => `
      select 'run' as kind, id, cast(null as text) as status, cast(null as text) as "schemaVersion", cast(null as text) as "schemaDigest"
      from sys_tenant_migration_runs where live_key = $1 and ${LIVE}
      union all
      select 'tenant' as kind, id, status, schema_version, schema_digest from core_tenants
      where status in ${texts('$4')} ${hasIds ? `and id in ${texts('$5')}` : ''}
        and (schema_version is null or schema_digest is null or schema_version <> $2 or schema_digest <> $3)
      order by id`,

    purge: `delete from sys_tenant_migration_runs where ended_at < ${nowPlusMs('$1')} and not ${LIVE} returning id`,

    supersede: `
      update sys_tenant_migration_runs set state = 'superseded', ended_at = ${now}
      where ${LIVE} and live_key <> $1 and target in ${texts('$2')} returning id`,

    begin: `
      insert into sys_tenant_migration_runs (id, target, live_key, state, options, total, started_at)
      values ($1, $2, $3, 'running', ${json('$4')}, $5, ${now})
      on conflict (live_key) where ${LIVE} do nothing returning id`,

    // Nothing where another process has begun the same run.
    addTenants: `
      insert into sys_tenant_migrations (run_id, tenant_id, wave, state, attempts, claim_token, available_at)
      select run.id, entry.id, entry.wave, 'pending', 0, 0, ${now}
      from sys_tenant_migration_runs as run cross join ${entries('$2')}
      where run.id = $1 returning 1`,

    join: `update sys_tenant_migration_runs set state = 'running', ended_at = null where live_key = $1 and ${LIVE} returning ${RUN}`,

    // Materialized, or the planner may update more rows than the limit.
    claim: `
      with next as materialized (
        select tenant_id from sys_tenant_migrations
        where run_id = $1 and wave <= $4 and attempts < $5
          and (state = 'pending' and available_at <= ${now} or state = 'running' and leased_until < ${now})
          and exists (select 1 from sys_tenant_migration_runs where id = $1 and state = 'running')
        order by wave, attempts, tenant_id limit $6 ${skipLocked}
      )
      update sys_tenant_migrations
      set state = 'running', attempts = attempts + 1, claim_token = claim_token + 1, runner = $2,
        leased_until = ${nowPlusMs('$3')}, started_at = coalesce(started_at, ${now}),
        from_version = (select schema_version from core_tenants where id = sys_tenant_migrations.tenant_id)
      from next
      where sys_tenant_migrations.run_id = $1 and sys_tenant_migrations.tenant_id = next.tenant_id
      returning sys_tenant_migrations.tenant_id as "tenantId", attempts as attempt, claim_token as "claimToken",
        ${ofTenant('status', 'status')}, ${ofTenant('db_url', 'dbUrl')},
        ${ofTenant('schema_version', 'schemaVersion')}, ${ofTenant('schema_digest', 'schemaDigest')}`,

    renew: `
      update sys_tenant_migrations set leased_until = ${nowPlusMs('$2')}
      where run_id = $1 and state = 'running'
        and exists (select 1 from ${claims('$3')} where claim.id = tenant_id and claim.token = claim_token)
      returning tenant_id`,

    done: `
      update sys_tenant_migrations
      set state = 'done', from_version = coalesce($4, from_version), to_version = $5, applied = ${json('$6')}, error = null, leased_until = null, ended_at = ${now}
      where ${CLAIMED} returning tenant_id`,

    recordVersion: `
      update core_tenants set schema_version = $4, schema_digest = $5
      where id = $2 and exists (
        select 1 from sys_tenant_migrations where run_id = $1 and tenant_id = $2 and claim_token = $3 and state = 'done'
      ) returning id`,

    retry: `
      update sys_tenant_migrations set state = 'pending', error = $4, leased_until = null, available_at = ${nowPlusMs('$5')}
      where ${CLAIMED} returning tenant_id`,

    end: `
      update sys_tenant_migrations set state = $4, error = $5, leased_until = null, ended_at = ${now}
      where ${CLAIMED} returning tenant_id`,

    giveBack: `
      update sys_tenant_migrations set state = 'pending', attempts = attempts - 1, leased_until = null
      where ${CLAIMED} returning tenant_id`,

    reap: `
      update sys_tenant_migrations set state = 'failed', error = coalesce(error, $3), leased_until = null, ended_at = ${now}
      where run_id = $1 and state = 'running' and leased_until < ${now} and attempts >= $2 returning tenant_id`,

    counts: `
      select wave, state, cast(count(*) as integer) as tenants, max(ended_at) as "endedAt"
      from sys_tenant_migrations where run_id = $1 group by wave, state`,

    runState: `select state, total, ${now} as now from sys_tenant_migration_runs where id = $1`,

    stop: `
      update sys_tenant_migration_runs set state = 'stopped', stop_reason = $2, ended_at = ${now}
      where id = $1 and ${LIVE} returning id`,

    complete: `
      update sys_tenant_migration_runs set state = 'completed', ended_at = ${now}
      where id = $1 and state = 'running'
        and not exists (select 1 from sys_tenant_migrations where run_id = $1 and state in ('pending', 'running'))
      returning id`,

    interrupt: `
      update sys_tenant_migration_runs set state = 'interrupted', ended_at = ${now}
      where id = $1 and state = 'running'
        and not exists (select 1 from sys_tenant_migrations where run_id = $1 and state = 'running' and leased_until >= ${now})
      returning id`,

    find: `select ${RUN} from sys_tenant_migration_runs where id = $1`,

    newest: `select ${RUN} from sys_tenant_migration_runs order by id desc limit 1`,

    failed: `
      select tenant_id as "tenantId", attempts, from_version as "from", error, ended_at as at
      from sys_tenant_migrations where run_id = $1 and state = 'failed' order by tenant_id`,
  };
}

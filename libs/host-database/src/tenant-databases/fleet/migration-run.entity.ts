import { defineEntity, p } from '@mikro-orm/core';

/** How a run over the fleet stands. `interrupted` is taken up again by the next one; the others but `running` are ends. */
const MIGRATION_RUN_STATES = ['running', 'interrupted', 'completed', 'stopped', 'superseded'] as const;

export type MigrationRunState = (typeof MIGRATION_RUN_STATES)[number];

const MigrationRunSchema = defineEntity({
  name: 'TenantMigrationRun',
  tableName: 'sys_tenant_migration_runs',
  properties: {
    id: p.string().length(32).primary(),
    /** The newest migration of the application that began it. */
    target: p.string(),
    /** A hash of the target, all migrations up to it and the selection of tenants: who has the same takes part in the same run. */
    liveKey: p.string().length(64),
    state: p.enum(MIGRATION_RUN_STATES).default('running'),
    /** Why it was stopped. */
    stopReason: p.text().nullable(),
    /** What was asked for: statuses, canary waves, thresholds, tries. */
    options: p.json().$type<unknown>(),
    /** How many tenants it is for. */
    total: p.integer().default(0),
    startedAt: p.datetime(3),
    endedAt: p.datetime(3).nullable(),
  },
  uniques: [
    {
      name: 'sys_tenant_migration_runs_live_unique',
      properties: ['liveKey'],
      where: "state in ('running', 'interrupted')",
    },
  ],
});

/** One run of migrations over the fleet (`sys_tenant_migration_runs`). */
export class TenantMigrationRun extends MigrationRunSchema.class {}

MigrationRunSchema.setClass(TenantMigrationRun);

import { defineEntity, p } from '@mikro-orm/core';
import { TenantMigrationRun } from './migration-run.entity.js';

/** How one tenant stands in a run: `skipped` was not in need of it, or not to be had, when its turn came. */
const TENANT_MIGRATION_STATES = ['pending', 'running', 'done', 'failed', 'skipped'] as const;

export type TenantMigrationState = (typeof TENANT_MIGRATION_STATES)[number];

const TenantMigrationSchema = defineEntity({
  name: 'TenantMigration',
  tableName: 'sys_tenant_migrations',
  properties: {
    run: () => p.manyToOne(TenantMigrationRun).primary().mapToPk().deleteRule('cascade').updateRule('no action'),
    /** No foreign key: what happened stays on record when the tenant is gone. */
    tenantId: p.string().length(32).primary(),
    /** Its wave, from 0: none of the next is begun before all of this have ended well. */
    wave: p.integer().default(0),
    state: p.enum(TENANT_MIGRATION_STATES).default('pending'),
    attempts: p.integer().default(0),
    /** Grows with each claim; whoever ends the work shows the one they got (a fencing token). */
    claimToken: p.integer().default(0),
    /** The process that has it, or had it last. */
    runner: p.string().length(127).nullable(),
    /** Until when the process is believed to be at it. */
    leasedUntil: p.datetime(3).nullable(),
    /** Not to be tried again before. */
    availableAt: p.datetime(3),
    fromVersion: p.string().nullable(),
    toVersion: p.string().nullable(),
    /** The names of the migrations that were applied. */
    applied: p.json().$type<string[]>().nullable(),
    /** Why the last try failed, without secrets; also why it was skipped. */
    error: p.text().nullable(),
    startedAt: p.datetime(3).nullable(),
    endedAt: p.datetime(3).nullable(),
  },
  indexes: [
    {
      name: 'sys_tenant_migrations_open_index',
      properties: ['run', 'wave', 'attempts', 'tenantId'],
      where: "state in ('pending', 'running')",
    },
    { name: 'sys_tenant_migrations_tenant_id_index', properties: ['tenantId'] },
  ],
});

/** What a run did to one tenant (`sys_tenant_migrations`). */
export class TenantMigration extends TenantMigrationSchema.class {}

TenantMigrationSchema.setClass(TenantMigration);

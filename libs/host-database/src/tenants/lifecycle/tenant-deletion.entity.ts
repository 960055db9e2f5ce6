import { defineEntity, p } from '@mikro-orm/core';
import { timestamp } from '../../common/index.js';

const TenantDeletionRecordSchema = defineEntity({
  name: 'TenantDeletionRecord',
  tableName: 'sys_tenant_deletions',
  properties: {
    /** No foreign key, so that it outlives the tenant's row. */
    tenantId: p.string().length(32).primary(),
    /** Whether the data is exported before it is removed. */
    isExported: p.boolean().default(false),
    requestedAt: p.datetime(3).onCreate(timestamp),
    /** Since when data is being removed: there is no way back from here. */
    startedAt: p.datetime(3).nullable(),
    completedAt: p.datetime(3).nullable(),
    /** The steps that are done. */
    doneSteps: p
      .json()
      .$type<string[]>()
      .onCreate(() => []),
    /** What was removed so far, by step. */
    removed: p
      .json()
      .$type<Record<string, unknown>>()
      .onCreate(() => ({})),
  },
});

/** How far the deletion of a tenant is (`sys_tenant_deletions`). One that is cancelled leaves none. */
export class TenantDeletionRecord extends TenantDeletionRecordSchema.class {}

TenantDeletionRecordSchema.setClass(TenantDeletionRecord);

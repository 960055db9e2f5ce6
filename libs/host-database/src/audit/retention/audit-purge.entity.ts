import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';

const AuditPurgeSchema = defineEntity({
  name: 'AuditPurge',
  tableName: 'sys_audit_purges',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    /** Every row with a smaller id is gone. */
    purgedThrough: p.string().length(32),
    rows: p.integer(),
    purgedAt: p.datetime(3).onCreate(timestamp),
  },
  indexes: [{ name: 'sys_audit_purges_purged_through_index', properties: ['purgedThrough'] }],
});

/** That the beginning of the log was removed when its time was over (`sys_audit_purges`). */
export class AuditPurge extends AuditPurgeSchema.class {}

AuditPurgeSchema.setClass(AuditPurge);

import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../../common/index.js';

const AuditLegalHoldSchema = defineEntity({
  name: 'AuditLegalHold',
  tableName: 'sys_audit_legal_holds',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    /** Whose rows may not be removed; null holds all of the log. */
    tenantId: p.string().length(32).nullable(),
    reason: p.text(),
    placedAt: p.datetime(3).onCreate(timestamp),
    releasedAt: p.datetime(3).nullable(),
  },
});

/** That rows are kept although their time is over (`sys_audit_legal_holds`). */
export class AuditLegalHold extends AuditLegalHoldSchema.class {}

AuditLegalHoldSchema.setClass(AuditLegalHold);

import { defineEntity, p } from '@mikro-orm/core';

const AuditUnsealedSchema = defineEntity({
  name: 'AuditUnsealed',
  tableName: 'sys_audit_unsealed',
  properties: {
    /** The row of the log. */
    logId: p.string().length(32).primary(),
    scope: p.string().length(32),
  },
});

/**
 * A row of the log that no checkpoint holds yet (`sys_audit_unsealed`). A trigger writes it with the row and the sealer deletes it, so
 * that a transaction which commits late is sealed late, and is not passed over as it would be by a watermark.
 */
export class AuditUnsealed extends AuditUnsealedSchema.class {}

AuditUnsealedSchema.setClass(AuditUnsealed);

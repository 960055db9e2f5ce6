import { defineEntity, p } from '@mikro-orm/core';
import type { DatabaseType } from '../../database/index.js';

/** The table, in the database of each tenant. By this prefix temporary tables of its name are refused. */
export const AUDIT_OUTBOX = 'sys_audit_outbox';

const TenantAuditRowSchema = defineEntity({
  name: 'TenantAuditRow',
  tableName: AUDIT_OUTBOX,
  properties: {
    /** The id that the row has in the log. */
    id: p.string().length(32).primary(),
    /** The text that is hashed (RFC 8785): all that there is to know, without secrets, and with personal data encrypted. */
    canonical: p.text(),
    /** When it was found to be none that this library has written: it stays, and is not looked at again. */
    refusedAt: p.datetime(3).nullable(),
  },
});

/**
 * A row of the audit log that waits in the database of its tenant (`sys_audit_outbox`): written in the transaction of the change that
 * it tells of, and moved to the log of the host once that is committed.
 */
export class TenantAuditRow extends TenantAuditRowSchema.class {}

TenantAuditRowSchema.setClass(TenantAuditRow);

/**
 * Returns the statement that creates `sys_audit_outbox`, for the migrations of tenants' databases. Where tables are made from the entities,
 * a new tenant has it anyway.
 */
export function auditOutboxTable(type: DatabaseType): string {
  return type === 'sqlite'
    ? `create table \`${AUDIT_OUTBOX}\` (\`id\` text not null primary key, \`canonical\` text not null, \`refused_at\` datetime null)`
    : `create table "${AUDIT_OUTBOX}" ("id" varchar(32) not null, "canonical" text not null, "refused_at" timestamptz(3) null, primary key ("id"))`;
}

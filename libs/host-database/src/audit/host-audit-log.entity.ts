import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';

const HostAuditLogSchema = defineEntity({
  name: 'HostAuditLog',
  tableName: 'sys_audit_logs',
  properties: {
    id: p.string().length(32).primary().onCreate(genId),
    // No foreign keys from the log: what happened stays true when the person or the tenant is deleted.
    actorUserId: p.string().length(32).nullable(),
    eventType: p.string().length(127),
    targetId: p.string().nullable(),
    details: p.json().$type<Record<string, unknown>>().nullable(),
    /** IPv4 or IPv6, 45 characters at most. */
    ipAddress: p.string().length(45).nullable(),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  indexes: [
    { name: 'sys_audit_logs_target_id_created_at_index', properties: ['targetId', 'createdAt'] },
    { name: 'sys_audit_logs_actor_user_id_created_at_index', properties: ['actorUserId', 'createdAt'] },
    { name: 'sys_audit_logs_event_type_created_at_index', properties: ['eventType', 'createdAt'] },
  ],
});

/** One thing that happened (`sys_audit_logs`). */
export class HostAuditLog extends HostAuditLogSchema.class {}

HostAuditLogSchema.setClass(HostAuditLog);

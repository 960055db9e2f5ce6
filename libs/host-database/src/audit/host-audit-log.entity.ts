import { defineEntity, p } from '@mikro-orm/core';
import { genId, timestamp } from '../common/index.js';

/** How what was tried ended. */
export const AUDIT_OUTCOMES = ['success', 'failure', 'denied'] as const;

export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** What a sealed value may take: an address in clear is 45 characters at most, an encrypted one is longer by its subject. */
const SEALED_LENGTH = 1023;

/** How many characters the columns of texts take, where that is limited. */
export const AUDIT_TEXT_LENGTHS = {
  id: 32,
  tenantId: 32,
  actorUserId: 32,
  impersonatorUserId: 32,
  eventType: 127,
  targetType: 63,
  targetId: 255,
  ipAddress: SEALED_LENGTH,
  requestId: 127,
} as const;

// Every index ends with the id, which is ordered by time, so that a page goes on where the last one has ended.
const HostAuditLogSchema = defineEntity({
  name: 'HostAuditLog',
  tableName: 'sys_audit_logs',
  properties: {
    /** Ordered by time: a range of ids is a range of time. */
    id: p.string().length(AUDIT_TEXT_LENGTHS.id).primary().onCreate(genId),
    // No foreign keys from the log: what happened stays true when the person or the tenant is deleted.
    /** The tenant that it is about; null is the host. */
    tenantId: p.string().length(AUDIT_TEXT_LENGTHS.tenantId).nullable(),
    actorUserId: p.string().length(AUDIT_TEXT_LENGTHS.actorUserId).nullable(),
    /** Who acted as that user. */
    impersonatorUserId: p.string().length(AUDIT_TEXT_LENGTHS.impersonatorUserId).nullable(),
    eventType: p.string().length(AUDIT_TEXT_LENGTHS.eventType),
    /** The version of the event type's shape. */
    schemaVersion: p.integer().default(1),
    outcome: p.enum(AUDIT_OUTCOMES).default('success'),
    targetType: p.string().length(AUDIT_TEXT_LENGTHS.targetType).nullable(),
    targetId: p.string().length(AUDIT_TEXT_LENGTHS.targetId).nullable(),
    details: p.json().$type<Record<string, unknown>>().nullable(),
    /** As it is stored: where the log has a key, encrypted for the actor, or for the target where that is a user and there is no actor. */
    ipAddress: p.string().length(AUDIT_TEXT_LENGTHS.ipAddress).nullable(),
    userAgent: p.text().nullable(),
    requestId: p.string().length(AUDIT_TEXT_LENGTHS.requestId).nullable(),
    /** The exact text that is hashed (RFC 8785): all of the above. The other columns repeat it for queries. */
    canonical: p.text(),
    /** SHA-256 of the canonical text, as a leaf of RFC 6962. */
    leafHash: p.string().length(64),
    createdAt: p.datetime(3).onCreate(timestamp),
  },
  indexes: [
    { name: 'sys_audit_logs_tenant_id_id_index', properties: ['tenantId', 'id'] },
    { name: 'sys_audit_logs_target_id_id_index', properties: ['targetId', 'id'] },
    { name: 'sys_audit_logs_actor_user_id_id_index', properties: ['actorUserId', 'id'] },
    { name: 'sys_audit_logs_event_type_id_index', properties: ['eventType', 'id'] },
  ],
});

/** One thing that happened (`sys_audit_logs`). Written once, never changed: the database refuses it. */
export class HostAuditLog extends HostAuditLogSchema.class {}

HostAuditLogSchema.setClass(HostAuditLog);
